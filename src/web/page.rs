//! The web page: files that are part of the program.
//!
//! In: nothing. Out: routes without a token; what the page shows it asks of the interface with the
//! token its user types.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

/// One file of the page.
#[derive(Clone, Copy)]
struct Asset {
    path: &'static str,
    kind: &'static str,
    text: &'static str,
}

/// All files of the page.
const ASSETS: [Asset; 15] = [
    Asset::html("/", include_str!("page/index.html")),
    Asset::css("/style.css", include_str!("page/style.css")),
    Asset::svg("/mark.svg", include_str!("page/mark.svg")),
    Asset::js("/page.js", include_str!("page/page.js")),
    Asset::js("/set.js", include_str!("page/set.js")),
    Asset::js("/tabs.js", include_str!("page/tabs.js")),
    Asset::js("/adding.js", include_str!("page/adding.js")),
    Asset::js("/tray.js", include_str!("page/tray.js")),
    Asset::js("/player.js", include_str!("page/player.js")),
    Asset::js("/notices.js", include_str!("page/notices.js")),
    Asset::js("/state.js", include_str!("page/state.js")),
    Asset::js("/api.js", include_str!("page/api.js")),
    Asset::js("/zip.js", include_str!("page/zip.js")),
    Asset::js("/dom.js", include_str!("page/dom.js")),
    Asset::js("/words.js", include_str!("page/words.js")),
];

impl Asset {
    const fn html(path: &'static str, text: &'static str) -> Asset {
        let kind = "text/html; charset=utf-8";
        Asset { path, kind, text }
    }

    const fn css(path: &'static str, text: &'static str) -> Asset {
        let kind = "text/css; charset=utf-8";
        Asset { path, kind, text }
    }

    const fn svg(path: &'static str, text: &'static str) -> Asset {
        let kind = "image/svg+xml";
        Asset { path, kind, text }
    }

    const fn js(path: &'static str, text: &'static str) -> Asset {
        let kind = "text/javascript; charset=utf-8";
        Asset { path, kind, text }
    }
}

/// The routes of the page.
pub(super) fn routes() -> Router {
    ASSETS.into_iter().fold(Router::new(), |router, asset| {
        let answer = ([(header::CONTENT_TYPE, asset.kind)], asset.text);
        router.route(
            asset.path,
            get(move || async move { answer.into_response() }),
        )
    })
}
