//! All routes, their document, and what every answer carries.
//!
//! In: what the routes share. Out: the router. Laws: a route is in the OpenAPI document because it
//! is a route; no answer is kept by a browser, guessed at, framed, or allowed to run a script that
//! is not ours; a bug in one answer ends that answer.
//! Specs: OpenAPI 3.1, Content Security Policy level 3.

use super::gate::Peer;
use super::problem::Problem;
use super::{Shared, page, sets, sounds, staging};
use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the page may do: load its own files, ask its own server, play what it fetched.
const POLICY: &str = "default-src 'self'; media-src 'self' blob:; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'; object-src 'none'";

/// What every answer carries.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::CACHE_CONTROL, "no-store"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// The document, but for its routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Belpost prompt sets",
        description = "Prompt sets: what callers hear. Every question but the one for this document \
            carries a token of the token file: `Authorization: Bearer TOKEN`. What is refused is \
            answered by a problem (RFC 9457) whose `type` says which.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "sets", description = "What there is"),
        (name = "versions", description = "The versions of a set, and which is in use"),
        (name = "sounds", description = "What a version sounds like"),
        (name = "uploads", description = "New recordings, and the jobs that compile them"),
    ),
    security(("token" = [])),
)]
struct Document;

/// The router of everything, and the document of its routes.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    let (routes, document) = documented();
    let routes = routes.with_state(shared);
    let routes = routes.merge(page::routes());
    let routes = routes
        .fallback(|| async { Problem::not_found("there is nothing at this address") })
        .method_not_allowed_fallback(|| async { Problem::wrong_method() });
    let text: Arc<str> = document.into();
    let routes = routes.route("/v1/openapi.json", get(openapi).with_state(text));
    routes.layer(from_fn(around))
}

/// The document as JSON.
type DocumentText = Arc<str>;

async fn openapi(State(text): State<DocumentText>) -> impl IntoResponse {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, text.to_string())
}

/// The routes that need a token, and the document made of them.
fn documented() -> (Router<Arc<Shared>>, String) {
    let routes = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(sets::sets))
        .routes(routes!(sets::set))
        .routes(routes!(sets::versions, staging::upload_archive))
        .routes(routes!(sets::version, sets::remove))
        .routes(routes!(sets::report))
        .routes(routes!(sets::differences))
        .routes(routes!(sets::activate))
        .routes(routes!(sets::roll_back))
        .routes(routes!(sounds::clip))
        .routes(routes!(sounds::clip_audio))
        .routes(routes!(sounds::examples))
        .routes(routes!(sounds::example_audio))
        .routes(routes!(staging::upload_recording, sets::drop_clip))
        .routes(routes!(staging::jobs))
        .routes(routes!(staging::job));
    let (routes, mut document) = routes.split_for_parts();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
    // What is made of strings, numbers and lists of them always serialises.
    let text = document.to_json().unwrap_or_default();
    (routes, text)
}

/// Tells the connection of the request, and gives every answer its headers.
async fn around(peer: ConnectInfo<Peer>, request: Request, next: Next) -> Response {
    let ConnectInfo(Peer { pace, .. }) = peer;
    pace.begin();
    let mut response = next.run(request).await;
    pace.end();
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
