//! What the interface answers where it does not do what was asked: problem details.
//!
//! In: a fault of the studio, of an upload, of a request. Out: a status and a JSON body with the
//! reason. Laws: every refusal has a `type` of its own that programs may go by; nothing here tells
//! a stranger which sets there are, or anybody a folder of the server.
//! Specs: RFC 9457 (problem details), RFC 9110 section 15 (statuses), RFC 6750 section 3.

use crate::library::studio::StudioFault;
use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::borrow::Cow;
use std::io;
use std::time::Duration;
use tracing::error;
use utoipa::ToSchema;

/// The media type of a problem.
const MEDIA_TYPE: &str = "application/problem+json";

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Problem {
    /// The kind of problem, for programs.
    #[serde(rename = "type")]
    #[schema(example = "urn:belpost:problem:faulty")]
    kind: String,
    /// The kind of problem, for people.
    title: Cow<'static, str>,
    /// The HTTP status.
    status: u16,
    /// What happened, and what to do.
    detail: String,
    /// When to ask again, as a header.
    #[serde(skip)]
    retry_after: Option<Duration>,
}

impl Problem {
    /// A problem of this kind; `title` is its name for people.
    fn new(status: StatusCode, kind: &str, title: &'static str, detail: String) -> Problem {
        Problem {
            kind: format!("urn:belpost:problem:{kind}"),
            title: Cow::Borrowed(title),
            status: status.as_u16(),
            detail,
            retry_after: None,
        }
    }

    /// The request makes no sense.
    pub(super) fn bad_request(detail: impl Into<String>) -> Problem {
        let status = StatusCode::BAD_REQUEST;
        Problem::new(status, "request", "Not understood", detail.into())
    }

    /// No token, or a wrong one.
    pub(super) fn unauthorized() -> Problem {
        let detail = "send a token of the token file: Authorization: Bearer TOKEN".to_owned();
        let status = StatusCode::UNAUTHORIZED;
        Problem::new(status, "token", "A token is needed", detail)
    }

    /// Nothing there, or not for this token.
    pub(super) fn not_found(detail: impl Into<String>) -> Problem {
        Problem::new(
            StatusCode::NOT_FOUND,
            "not-found",
            "Not found",
            detail.into(),
        )
    }

    /// Another method is wanted.
    pub(super) fn wrong_method() -> Problem {
        let detail = "see /v1/openapi.json for what can be asked here".to_owned();
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Problem::new(status, "method", "Not to be asked so", detail)
    }

    /// The other end was too slow.
    pub(super) fn too_slow() -> Problem {
        let detail = "the upload came too slowly or stopped; send it again".to_owned();
        let status = StatusCode::REQUEST_TIMEOUT;
        Problem::new(status, "too-slow", "Too slow", detail)
    }

    /// The set changed since the asker looked.
    pub(super) fn changed(detail: String) -> Problem {
        Problem::new(StatusCode::CONFLICT, "changed", "Changed meanwhile", detail)
    }

    /// A recording that nothing stands in for.
    pub(super) fn needed_clip(detail: String) -> Problem {
        let title = "Nothing would be heard";
        Problem::new(StatusCode::CONFLICT, "needed-clip", title, detail)
    }

    /// More octets than are taken.
    pub(super) fn too_large(most: u64) -> Problem {
        let detail = format!("more than the {most} octets that are taken at a time");
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        Problem::new(status, "too-large", "Too large", detail)
    }

    /// A body of another kind than is taken.
    pub(super) fn wrong_type(wanted: &str) -> Problem {
        let detail = format!("the body must be {wanted}, and the Content-Type say so");
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Problem::new(status, "media-type", "Another kind of body", detail)
    }

    /// Too much at a time, or too often.
    pub(super) fn too_many(detail: &str, retry_after: Duration) -> Problem {
        let status = StatusCode::TOO_MANY_REQUESTS;
        let problem = Problem::new(status, "too-many", "Too many at a time", detail.to_owned());
        Problem {
            retry_after: Some(retry_after),
            ..problem
        }
    }

    /// Another program changes the store.
    fn busy(retry_after: Duration) -> Problem {
        let detail = "another program is changing the prompt sets; try again".to_owned();
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Problem {
            retry_after: Some(retry_after),
            ..Problem::new(status, "busy", "Busy", detail)
        }
    }

    /// The server is ending.
    pub(super) fn ending() -> Problem {
        let detail = "the server is ending; ask again when it is back".to_owned();
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Problem::new(status, "ending", "Ending", detail)
    }

    /// A bug of ours.
    pub(super) fn bug() -> Problem {
        let detail = "a bug; the log of the server says more".to_owned();
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Problem::new(status, "bug", "A bug", detail)
    }

    /// The disk of the store: the reason goes into the log.
    pub(super) fn disk(fault: &io::Error) -> Problem {
        error!(%fault, "the prompt store cannot be used");
        let kind = fault.kind();
        if matches!(
            kind,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        ) {
            let detail = "the disk of the prompt store is full".to_owned();
            let status = StatusCode::INSUFFICIENT_STORAGE;
            return Problem::new(status, "disk-full", "No room", detail);
        }
        let detail = "the prompt store cannot be used; the log of the server says why".to_owned();
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Problem::new(status, "store", "The store is out of order", detail)
    }

    /// The HTTP status.
    #[cfg(test)]
    pub(super) fn status(&self) -> u16 {
        self.status
    }
}

impl From<StudioFault> for Problem {
    fn from(fault: StudioFault) -> Problem {
        let conflict = |kind, title, fault: &StudioFault| {
            Problem::new(StatusCode::CONFLICT, kind, title, fault.to_string())
        };
        match fault {
            StudioFault::NoSet(set) => Problem::not_found(format!("there is no prompt set {set}")),
            StudioFault::NoVersion(set, version) => {
                Problem::not_found(format!("the prompt set {set} has no version {version}"))
            }
            StudioFault::NoClip(..) => Problem::not_found(fault.to_string()),
            StudioFault::Faulty(..) => conflict("faulty", "The version has faults", &fault),
            StudioFault::Needed(..) => conflict("needed", "Another set builds on it", &fault),
            StudioFault::Lacking(..) => conflict("lacking", "The version lacks clips", &fault),
            StudioFault::Circle(..) => conflict("circle", "It would build on itself", &fault),
            StudioFault::Foreign(..) => conflict("foreign", "Another tenant's set", &fault),
            StudioFault::InUse(..) => conflict("in-use", "The version is in use", &fault),
            StudioFault::NothingBefore(..) => {
                conflict("nothing-before", "Nothing to go back to", &fault)
            }
            StudioFault::TooMany(..) => conflict("too-many-versions", "Too many versions", &fault),
            StudioFault::TooManySets(..) => conflict("too-many-sets", "Too many sets", &fault),
            StudioFault::Busy { waited, .. } => Problem::busy(waited),
            StudioFault::Material(_) => Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "upload",
                "The upload cannot be used",
                fault.to_string(),
            ),
            StudioFault::Damaged { .. } => Problem::disk(&io::Error::other(fault)),
            StudioFault::Disk { path, error } => {
                let text = format!("{}: {error}", path.display());
                Problem::disk(&io::Error::new(error.kind(), text))
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut extra: Vec<(HeaderName, HeaderValue)> = Vec::new();
        if let Some(wait) = self.retry_after {
            extra.push((header::RETRY_AFTER, wait.as_secs().max(1).into()));
        }
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer realm=\"belpost\"");
            extra.push((header::WWW_AUTHENTICATE, scheme));
        }
        let mut response = (status, Json(self)).into_response();
        let media_type = HeaderValue::from_static(MEDIA_TYPE);
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, media_type);
        response.headers_mut().extend(extra);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Language;
    use crate::prompt::{SetId, VersionId};
    use std::path::PathBuf;

    fn set() -> SetId {
        SetId::of(Language::parse("nl").unwrap())
    }

    #[test]
    fn each_fault_of_the_studio_has_its_status() {
        let disk = |kind| StudioFault::Disk {
            path: PathBuf::from("/srv/prompts/lock"),
            error: kind,
        };
        let damaged = StudioFault::Damaged {
            path: PathBuf::from("/srv/prompts/active.json"),
            why: "empty".to_owned(),
        };
        let busy = StudioFault::Busy {
            path: PathBuf::from("/srv/prompts/lock"),
            waited: Duration::from_secs(10),
        };
        let cases = [
            (StudioFault::NoSet(set()), 404, "not-found"),
            (
                StudioFault::NoVersion(set(), VersionId(2)),
                404,
                "not-found",
            ),
            (StudioFault::NoClip(set(), "x".to_owned()), 404, "not-found"),
            (StudioFault::Faulty(set(), VersionId(2), 3), 409, "faulty"),
            (StudioFault::Needed(set(), set(), 3), 409, "needed"),
            (StudioFault::Lacking(set(), VersionId(2), 1), 409, "lacking"),
            (StudioFault::Circle(set(), set()), 409, "circle"),
            (StudioFault::Foreign(set(), set()), 409, "foreign"),
            (StudioFault::TooManySets(9), 409, "too-many-sets"),
            (busy, 503, "busy"),
            (StudioFault::InUse(set(), VersionId(2)), 409, "in-use"),
            (StudioFault::NothingBefore(set()), 409, "nothing-before"),
            (StudioFault::TooMany(set(), 99), 409, "too-many-versions"),
            (StudioFault::Material("no zip".to_owned()), 422, "upload"),
            (damaged, 500, "store"),
            (disk(io::ErrorKind::StorageFull.into()), 507, "disk-full"),
            (disk(io::ErrorKind::Other.into()), 500, "store"),
        ];
        for (fault, status, kind) in cases {
            let problem = Problem::from(fault);
            assert_eq!(problem.status, status, "{problem:?}");
            assert_eq!(problem.kind, format!("urn:belpost:problem:{kind}"));
            assert!(!problem.detail.contains("/srv"), "{problem:?}");
        }
    }
}
