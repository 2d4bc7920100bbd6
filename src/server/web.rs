//! The web page of prompt sets, where the configuration has one.

use super::start::StartFault;
use crate::config::Config;
use crate::flow::Menus;
use crate::library::studio::{Studio, StudioConfig};
use crate::web::{Web, WebConfig};
use std::sync::Arc;

/// Starts the web page; `None` where the configuration has none.
pub(super) fn open(config: &Config, menus: &Menus) -> Result<Option<Web>, StartFault> {
    let http = &config.http;
    let (Some(listen), Some(token_file)) = (http.listen, http.token_file.clone()) else {
        return Ok(None);
    };
    let studio = Studio::open(StudioConfig {
        store: config.prompts.store.clone(),
        decoder: "/proc/self/exe".into(),
        menus: menus.clone(),
    })?;
    let web = WebConfig {
        listen,
        token_file,
        store: config.prompts.store.clone(),
        max_upload: http.max_upload,
        max_uploads: http.max_uploads,
    };
    Ok(Some(Web::start(web, Arc::new(studio))?))
}
