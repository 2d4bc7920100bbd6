//! Uploads and the jobs that make versions of them.
//!
//! In: archives and recordings as they come. Out: 202 and a job, to be asked for. Laws: what cannot
//! be taken is refused before its body is read; the name of the operator goes into the note of the
//! version.

use super::Shared;
use super::access::{Asked, At, media_type};
use super::jobs::{JobView, Order};
use super::limits::NOTE_MAX;
use super::problem::Problem;
use super::tokens::Operator;
use super::uploads::plain_name;
use crate::prompt::{ClipId, SetId};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// What a zip archive may be called.
const ZIP: [&str; 3] = [
    "application/zip",
    "application/x-zip-compressed",
    "application/octet-stream",
];

/// About an archive.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct ArchiveQuery {
    /// What it was called.
    #[serde(default)]
    name: String,
    /// Whether it is laid over the version in use, which stays for all the archive does not bring.
    #[serde(default)]
    add: bool,
    /// Whose clips stand in for missing ones, where the archive does not say.
    #[param(value_type = Option<String>)]
    parent: Option<SetId>,
    /// A word about it.
    #[serde(default)]
    note: String,
}

/// About a recording.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordingQuery {
    /// What the file was called.
    #[serde(default)]
    name: String,
    /// A word about it.
    #[serde(default)]
    note: String,
}

/// Uploads and what became of them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobsView {
    /// The jobs, the newest first.
    jobs: Vec<JobView>,
}

/// Uploads an archive and has a new version of the set made of it.
///
/// A zip archive holds sound files named for their clips, at its top or in `clips/`, and perhaps a
/// `catalogue.toml`. The version is made also where it has faults: its report says which.
#[utoipa::path(post, path = "/v1/sets/{set}/versions", tag = "uploads",
    params(("set" = String, Path, description = "A set, also one there is not yet"), ArchiveQuery),
    request_body(content = Vec<u8>, content_type = "application/zip"),
    responses(
        (status = 202, body = JobView, description = "It is there and will be compiled",
            headers(("Location" = String, description = "The job"))),
        (status = 400, body = Problem),
        (status = 404, body = Problem),
        (status = 408, body = Problem, description = "The upload was too slow"),
        (status = 413, body = Problem, description = "The upload is too large"),
        (status = 415, body = Problem),
        (status = 429, body = Problem, description = "Too many uploads at a time"),
    ),
)]
pub(super) async fn upload_archive(
    operator: Operator,
    At(set): At<SetId>,
    Asked(query): Asked<ArchiveQuery>,
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, Problem> {
    operator.check(&set)?;
    let parent = query.parent.as_ref();
    parent.map_or(Ok(()), |parent| operator.check_parent(parent))?;
    if !ZIP.contains(&media_type(&headers).as_str()) {
        return Err(Problem::wrong_type("a zip archive (application/zip)"));
    }
    let order = Order {
        set,
        clip: None,
        name: plain_name(&query.name),
        add: query.add,
        parent: query.parent,
        note: note(&query.note, &operator)?,
    };
    let most = shared.max_upload;
    stage(&shared, &operator, order, most, &headers, body).await
}

/// Uploads one recording and has a new version made of the one in use with this clip replaced.
#[utoipa::path(put, path = "/v1/sets/{set}/clips/{clip}", tag = "uploads",
    params(
        ("set" = String, Path, description = "A set"),
        ("clip" = String, Path, description = "A clip"),
        RecordingQuery,
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream",
        description = "WAV, MP3, Ogg Vorbis, FLAC or AAC, of any rate"),
    responses(
        (status = 202, body = JobView, description = "It is there and will be compiled",
            headers(("Location" = String, description = "The job"))),
        (status = 400, body = Problem),
        (status = 404, body = Problem),
        (status = 408, body = Problem, description = "The upload was too slow"),
        (status = 413, body = Problem, description = "The upload is too large"),
        (status = 429, body = Problem, description = "Too many uploads at a time"),
    ),
)]
pub(super) async fn upload_recording(
    operator: Operator,
    At((set, clip)): At<(SetId, ClipId)>,
    Asked(query): Asked<RecordingQuery>,
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Body,
) -> Result<impl IntoResponse, Problem> {
    operator.check(&set)?;
    let order = Order {
        set,
        clip: Some(clip),
        name: plain_name(&query.name),
        add: true,
        parent: None,
        note: note(&query.note, &operator)?,
    };
    let most = shared.max_recording();
    stage(&shared, &operator, order, most, &headers, body).await
}

/// The uploads of late and what became of them, the newest first.
#[utoipa::path(get, path = "/v1/jobs", tag = "uploads",
    responses((status = 200, body = JobsView), (status = 401, body = Problem)),
)]
pub(super) async fn jobs(operator: Operator, State(shared): State<Arc<Shared>>) -> Json<JobsView> {
    let jobs = shared.jobs.list(|set| operator.may_change(set));
    Json(JobsView { jobs })
}

/// One upload and what became of it. It is remembered for an hour after its end.
#[utoipa::path(get, path = "/v1/jobs/{job}", tag = "uploads",
    params(("job" = String, Path, description = "A job")),
    responses((status = 200, body = JobView), (status = 404, body = Problem)),
)]
pub(super) async fn job(
    operator: Operator,
    At(id): At<String>,
    State(shared): State<Arc<Shared>>,
) -> Result<Json<JobView>, Problem> {
    let job = shared.jobs.job(&id);
    let job = job.filter(|(set, _)| operator.may_change(set));
    let (_, view) = job.ok_or_else(|| Problem::not_found("there is no such job, or no longer"))?;
    Ok(Json(view))
}

/// Receives an upload and hands it to the worker.
async fn stage(
    shared: &Shared,
    operator: &Operator,
    order: Order,
    most: u64,
    headers: &HeaderMap,
    body: Body,
) -> Result<impl IntoResponse + use<>, Problem> {
    let expected = expected(headers);
    if expected.is_some_and(|octets| octets > most) {
        return Err(Problem::too_large(most));
    }
    let _slot = shared.uploads.slot()?;
    let place = shared.jobs.place()?;
    let coming = shared.jobs.open(&order, &operator.name, expected);
    let received = shared
        .uploads
        .receive(&order.name, body, most, |octets| coming.received(octets))
        .await;
    let file = match received {
        Ok(file) => file,
        Err(problem) => return Err(coming.refuse(problem)),
    };
    let job = shared.jobs.submit(coming, order, file, place)?;
    let location = format!("/v1/jobs/{}", job.id());
    Ok((
        StatusCode::ACCEPTED,
        [(header::LOCATION, location)],
        Json(job),
    ))
}

/// How many octets the sender says there are.
fn expected(headers: &HeaderMap) -> Option<u64> {
    let value = headers.get(header::CONTENT_LENGTH)?;
    value.to_str().ok()?.parse().ok()
}

/// The note of a version: one line, who first.
fn note(text: &str, operator: &Operator) -> Result<String, Problem> {
    let text = text.trim();
    if text.chars().count() > NOTE_MAX || text.contains(char::is_control) {
        let detail = format!("a note is one line of at most {NOTE_MAX} characters");
        return Err(Problem::bad_request(detail));
    }
    let name = &operator.name;
    Ok(if text.is_empty() {
        name.clone()
    } else {
        format!("{name}: {text}")
    })
}
