//! What a version sounds like: single clips, and whole example sentences.
//!
//! In: requests with a token. Out: views, and WAV files of 16 kHz, one channel, 16 bits.

use super::Shared;
use super::access::At;
use super::problem::Problem;
use super::tokens::Operator;
use super::views::{ClipView, ExamplesView};
use crate::audio::{Pcm, wav};
use crate::library::studio::StudioFault;
use crate::prompt::{ClipId, SetId, VersionId};
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use std::sync::Arc;

/// One clip of a version.
#[utoipa::path(get, path = "/v1/sets/{set}/versions/{version}/clips/{clip}", tag = "sounds",
    params(
        ("set" = String, Path, description = "A set"),
        ("version" = u32, Path, description = "A version"),
        ("clip" = String, Path, description = "A clip"),
    ),
    responses((status = 200, body = ClipView), (status = 404, body = Problem)),
)]
pub(super) async fn clip(
    operator: Operator,
    At((set, version, clip)): At<(SetId, VersionId, ClipId)>,
    State(shared): State<Arc<Shared>>,
) -> Result<Json<ClipView>, Problem> {
    operator.check(&set)?;
    let found = shared.ask(move |studio| {
        let clips = studio.version(&set, version)?.clips;
        let found = clips.into_iter().find(|one| one.clip == clip);
        found.ok_or_else(|| StudioFault::NoClip(set, clip.to_string()))
    });
    Ok(Json(found.await?.into()))
}

/// The sound of one clip, its parent's where the version has none itself.
#[utoipa::path(get, path = "/v1/sets/{set}/versions/{version}/clips/{clip}/audio", tag = "sounds",
    params(
        ("set" = String, Path, description = "A set"),
        ("version" = u32, Path, description = "A version"),
        ("clip" = String, Path, description = "A clip"),
    ),
    responses(
        (status = 200, body = Vec<u8>, content_type = "audio/wav"),
        (status = 404, body = Problem),
    ),
)]
pub(super) async fn clip_audio(
    operator: Operator,
    At((set, version, clip)): At<(SetId, VersionId, ClipId)>,
    State(shared): State<Arc<Shared>>,
) -> Result<impl IntoResponse, Problem> {
    operator.check(&set)?;
    let name = format!("{clip}.wav");
    let sound = shared.ask(move |studio| studio.clip(&set, version, &clip));
    Ok(wav_file(&sound.await?, &name))
}

/// Example sentences for every menu and announcement.
#[utoipa::path(get, path = "/v1/sets/{set}/versions/{version}/examples", tag = "sounds",
    params(
        ("set" = String, Path, description = "A set"),
        ("version" = u32, Path, description = "A version"),
    ),
    responses((status = 200, body = ExamplesView), (status = 404, body = Problem)),
)]
pub(super) async fn examples(
    operator: Operator,
    At((set, version)): At<(SetId, VersionId)>,
    State(shared): State<Arc<Shared>>,
) -> Result<Json<ExamplesView>, Problem> {
    operator.check(&set)?;
    let examples = shared.ask(move |studio| studio.examples(&set, version));
    Ok(Json(ExamplesView::of(examples.await?)))
}

/// An example sentence as a caller would hear it.
#[utoipa::path(get, path = "/v1/sets/{set}/versions/{version}/examples/{example}/audio",
    tag = "sounds",
    params(
        ("set" = String, Path, description = "A set"),
        ("version" = u32, Path, description = "A version"),
        ("example" = usize, Path, description = "An example, from 0"),
    ),
    responses(
        (status = 200, body = Vec<u8>, content_type = "audio/wav"),
        (status = 404, body = Problem),
    ),
)]
pub(super) async fn example_audio(
    operator: Operator,
    At((set, version, example)): At<(SetId, VersionId, usize)>,
    State(shared): State<Arc<Shared>>,
) -> Result<impl IntoResponse, Problem> {
    operator.check(&set)?;
    let sound = shared.ask(move |studio| {
        let examples = studio.examples(&set, version)?;
        let found = examples.get(example);
        let said = found.map(|found| studio.say(&set, version, &found.phrases));
        said.transpose()
    });
    let nothing = || Problem::not_found(format!("there is no example {example}"));
    let sound = sound.await?.ok_or_else(nothing)?;
    Ok(wav_file(&sound, &format!("example-{example}.wav")))
}

fn wav_file(sound: &Pcm, name: &str) -> impl IntoResponse + use<> {
    let disposition = format!("inline; filename=\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, "audio/wav".to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    (headers, wav::write_pcm16(sound))
}
