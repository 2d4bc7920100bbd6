//! The web page of prompt sets, where the configuration has one.

use super::rules;
use super::start::StartFault;
use crate::config::Config;
use crate::flow::Menus;
use crate::library::studio::Studio;
use crate::web::{Web, WebConfig};
use std::sync::Arc;

/// Starts the web page; `None` where the configuration has none.
pub(super) fn open(config: &Config, menus: &Menus) -> Result<Option<Web>, StartFault> {
    let http = &config.http;
    let (Some(listen), Some(token_file)) = (http.listen, http.token_file.clone()) else {
        return Ok(None);
    };
    let studio = Studio::open(rules::studio(config, menus))?;
    let web = WebConfig {
        listen,
        token_file,
        store: config.prompts.store.clone(),
        max_upload: http.max_upload,
        max_uploads: http.max_uploads,
    };
    Ok(Some(Web::start(web, Arc::new(studio))?))
}
