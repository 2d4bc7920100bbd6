//! Sets and their versions: what there is, what is in use, and changing that.
//!
//! In: requests with a token. Out: views, or a problem. Laws: changes go one after another, so that
//! what a request says must be in use still is when it changes; each is logged with the name of the
//! operator.

use super::Shared;
use super::access::{Asked, At, Told};
use super::problem::Problem;
use super::tokens::Operator;
use super::views::{
    DifferencesView, InUseView, ReportView, SetView, SetsView, VersionDetailView, VersionView,
};
use crate::library::studio::{SetSummary, Studio, StudioFault};
use crate::prompt::{ClipId, SetId, VersionId};
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::sync::Arc;
use tracing::info;
use utoipa::{IntoParams, ToSchema};

/// All sets this token may see.
#[utoipa::path(get, path = "/v1/sets", tag = "sets", responses(
    (status = 200, body = SetsView), (status = 401, body = Problem),
))]
pub(super) async fn sets(
    operator: Operator,
    State(shared): State<Arc<Shared>>,
) -> Result<Json<SetsView>, Problem> {
    let mut sets = shared.ask(Studio::sets).await?;
    sets.retain(|summary| operator.may_change(&summary.set));
    let most = (shared.max_upload, shared.max_recording());
    Ok(Json(SetsView::of(&operator, most, sets)))
}

/// One set.
#[utoipa::path(get, path = "/v1/sets/{set}", tag = "sets",
    params(("set" = String, Path, description = "A set: nl, or acme.nl")),
    responses((status = 200, body = SetView), (status = 404, body = Problem)),
)]
pub(super) async fn set(
    operator: Operator,
    At(set): At<SetId>,
    State(shared): State<Arc<Shared>>,
) -> Result<Json<SetView>, Problem> {
    operator.check(&set)?;
    let summary = shared.ask(move |studio| summary(studio, &set)).await?;
    Ok(Json(summary.into()))
}

/// The versions of a set, the newest first.
#[utoipa::path(get, path = "/v1/sets/{set}/versions", tag = "versions",
    params(("set" = String, Path, description = "A set")),
    responses((status = 200, body = [VersionView]), (status = 404, body = Problem)),
)]
pub(super) async fn versions(
    operator: Operator,
    At(set): At<SetId>,
    State(shared): State<Arc<Shared>>,
) -> Result<Json<Vec<VersionView>>, Problem> {
    operator.check(&set)?;
    let summary = shared.ask(move |studio| summary(studio, &set)).await?;
    let versions = summary.versions.into_iter();
    Ok(Json(versions.map(VersionView::from).collect()))
}

/// One version with all its clips. Version 0 is what is below all versions.
#[utoipa::path(get, path = "/v1/sets/{set}/versions/{version}", tag = "versions",
    params(
        ("set" = String, Path, description = "A set"),
        ("version" = u32, Path, description = "A version"),
    ),
    responses((status = 200, body = VersionDetailView), (status = 404, body = Problem)),
)]
pub(super) async fn version(
    operator: Operator,
    At((set, version)): At<(SetId, VersionId)>,
    State(shared): State<Arc<Shared>>,
) -> Result<Json<VersionDetailView>, Problem> {
    operator.check(&set)?;
    let version = shared.ask(move |studio| studio.version(&set, version));
    Ok(Json(version.await?.into()))
}

/// Removes a version that is not in use.
#[utoipa::path(delete, path = "/v1/sets/{set}/versions/{version}", tag = "versions",
    params(
        ("set" = String, Path, description = "A set"),
        ("version" = u32, Path, description = "A version"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "It is in use"),
    ),
)]
pub(super) async fn remove(
    operator: Operator,
    At((set, version)): At<(SetId, VersionId)>,
    State(shared): State<Arc<Shared>>,
) -> Result<StatusCode, Problem> {
    operator.check(&set)?;
    let of = set.clone();
    shared
        .change(move |studio| Ok(studio.remove(&of, version)?))
        .await?;
    let (by, version) = (operator.name, version.0);
    info!(%set, version, by, "a version is removed");
    Ok(StatusCode::NO_CONTENT)
}

/// How a report is written.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// For programs.
    #[default]
    Json,
    /// For people.
    Text,
}

/// How to write a report.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct ReportQuery {
    /// `json` (the usual one) or `text`.
    #[serde(default)]
    #[param(inline)]
    format: Format,
}

/// What compiling a version found.
#[utoipa::path(get, path = "/v1/sets/{set}/versions/{version}/report", tag = "versions",
    params(
        ("set" = String, Path, description = "A set"),
        ("version" = u32, Path, description = "A version"),
        ReportQuery,
    ),
    responses(
        (status = 200, content((ReportView = "application/json"), (String = "text/plain"))),
        (status = 404, body = Problem),
    ),
)]
pub(super) async fn report(
    operator: Operator,
    At((set, version)): At<(SetId, VersionId)>,
    Asked(query): Asked<ReportQuery>,
    State(shared): State<Arc<Shared>>,
) -> Result<Response, Problem> {
    operator.check(&set)?;
    let report = shared.ask(move |studio| studio.report(&set, version));
    let report = report.await?;
    Ok(match query.format {
        Format::Json => Json(ReportView::from(report)).into_response(),
        Format::Text => {
            let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
            (kind, report.to_string()).into_response()
        }
    })
}

/// Which two versions to compare.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct DifferencesQuery {
    /// The version before; 0 is what is below all versions.
    from: u32,
    /// The version after.
    to: u32,
}

/// What differs between two versions as callers hear them.
#[utoipa::path(get, path = "/v1/sets/{set}/differences", tag = "versions",
    params(("set" = String, Path, description = "A set"), DifferencesQuery),
    responses((status = 200, body = DifferencesView), (status = 404, body = Problem)),
)]
pub(super) async fn differences(
    operator: Operator,
    At(set): At<SetId>,
    Asked(DifferencesQuery { from, to }): Asked<DifferencesQuery>,
    State(shared): State<Arc<Shared>>,
) -> Result<Json<DifferencesView>, Problem> {
    operator.check(&set)?;
    let name = set.to_string();
    let all = shared.ask(move |studio| studio.differences(&set, VersionId(from), VersionId(to)));
    Ok(Json(DifferencesView::of(name, from, to, all.await?)))
}

/// Which version to put to use.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Activation {
    /// The version; 0 is what is below all versions.
    version: u32,
    /// The version that must be in use now; where another one is, nothing is changed.
    in_use: Option<u32>,
}

/// Puts a version to use. New calls hear it within a second, calls in progress keep theirs.
#[utoipa::path(post, path = "/v1/sets/{set}/activate", tag = "versions",
    params(("set" = String, Path, description = "A set")),
    request_body = Activation,
    responses(
        (status = 200, body = InUseView),
        (status = 404, body = Problem),
        (status = 409, body = Problem,
            description = "It has faults, a set that builds on this one would lack clips, \
                or another version is in use than the request says"),
    ),
)]
pub(super) async fn activate(
    operator: Operator,
    At(set): At<SetId>,
    State(shared): State<Arc<Shared>>,
    Told(Activation { version, in_use }): Told<Activation>,
) -> Result<Json<InUseView>, Problem> {
    operator.check(&set)?;
    let of = set.clone();
    let change = shared.change(move |studio| {
        check_in_use(studio, &of, in_use)?;
        Ok(studio.activate(&of, VersionId(version))?)
    });
    change.await?;
    let by = operator.name;
    info!(%set, version, by, "a version is put to use");
    let (set, active) = (set.to_string(), version);
    Ok(Json(InUseView { set, active }))
}

/// How to go back.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RollBack {
    /// The version that must be in use now; where another one is, nothing is changed.
    in_use: Option<u32>,
}

/// Puts the version that was in use before to use.
#[utoipa::path(post, path = "/v1/sets/{set}/roll-back", tag = "versions",
    params(("set" = String, Path, description = "A set")),
    request_body = RollBack,
    responses(
        (status = 200, body = InUseView),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "There is nothing to go back to"),
    ),
)]
pub(super) async fn roll_back(
    operator: Operator,
    At(set): At<SetId>,
    State(shared): State<Arc<Shared>>,
    Told(RollBack { in_use }): Told<RollBack>,
) -> Result<Json<InUseView>, Problem> {
    operator.check(&set)?;
    let of = set.clone();
    let change = shared.change(move |studio| {
        check_in_use(studio, &of, in_use)?;
        Ok(studio.roll_back(&of)?)
    });
    let VersionId(active) = change.await?;
    let by = operator.name;
    info!(%set, version = active, by, "a set is rolled back");
    let set = set.to_string();
    Ok(Json(InUseView { set, active }))
}

/// Drops the version's own recording of one clip: a new version without it is put to use at once,
/// and callers hear the recording below it.
#[utoipa::path(delete, path = "/v1/sets/{set}/clips/{clip}", tag = "versions",
    params(
        ("set" = String, Path, description = "A set"),
        ("clip" = String, Path, description = "A clip"),
    ),
    responses(
        (status = 200, body = InUseView),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "Nothing would be heard in its place"),
    ),
)]
pub(super) async fn drop_clip(
    operator: Operator,
    At((set, clip)): At<(SetId, ClipId)>,
    State(shared): State<Arc<Shared>>,
) -> Result<Json<InUseView>, Problem> {
    operator.check(&set)?;
    let (of, what, by) = (set.clone(), clip.clone(), operator.name.clone());
    let change = shared.change(move |studio| Ok(studio.drop_clip(&of, &what, &by)?));
    let report = change.await?;
    let Some(VersionId(active)) = report.version else {
        let why = report.faults().map(ToString::to_string).next();
        return Err(Problem::needed_clip(why.unwrap_or_default()));
    };
    let by = operator.name;
    info!(%set, %clip, version = active, by, "a recording is dropped");
    let set = set.to_string();
    Ok(Json(InUseView { set, active }))
}

fn summary(studio: &Studio, set: &SetId) -> Result<SetSummary, StudioFault> {
    let found = studio.sets()?.into_iter().find(|one| one.set == *set);
    found.ok_or_else(|| StudioFault::NoSet(set.clone()))
}

/// Refuses where another version is in use than the asker believes.
fn check_in_use(studio: &Studio, set: &SetId, in_use: Option<u32>) -> Result<(), Problem> {
    let Some(wanted) = in_use else {
        return Ok(());
    };
    let VersionId(active) = summary(studio, set)?.active;
    if active == wanted {
        Ok(())
    } else {
        let detail = format!("version {active} of {set} is in use now, no longer {wanted}");
        Err(Problem::changed(detail))
    }
}
