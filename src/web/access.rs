//! Who asks, and for what: the parts of a request, each refused with a problem of its own.
//!
//! In: the head of a request, or its JSON body. Out: the operator of its token, names in its path,
//! its query, what it says. Laws: the token is looked at first; a set of somebody else's is not
//! there; a JSON body is small and comes in time.

use super::limits::JSON_MAX;
use super::problem::Problem;
use super::tokens::Operator;
use super::{Shared, gate::Peer};
use crate::prompt::SetId;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use std::sync::{Arc, PoisonError};
use std::time::Instant;
use tracing::warn;

/// Names in a path.
pub(super) struct At<T>(pub(super) T);

/// What stands after the question mark.
pub(super) struct Asked<T>(pub(super) T);

/// A JSON body.
pub(super) struct Told<T>(pub(super) T);

impl Operator {
    /// Whether this set is this operator's business.
    pub(super) fn may_change(&self, set: &SetId) -> bool {
        self.tenant.is_none() || self.tenant == set.tenant
    }

    /// Refuses a set of somebody else's as if there were none.
    pub(super) fn check(&self, set: &SetId) -> Result<(), Problem> {
        if self.may_change(set) {
            Ok(())
        } else {
            Err(Problem::not_found(format!("there is no prompt set {set}")))
        }
    }

    /// Refuses a parent this operator may not listen to: another tenant's.
    pub(super) fn check_parent(&self, parent: &SetId) -> Result<(), Problem> {
        if parent.tenant.is_none() {
            return Ok(());
        }
        self.check(parent)
    }
}

impl FromRequestParts<Arc<Shared>> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        shared: &Arc<Shared>,
    ) -> Result<Operator, Problem> {
        let token = bearer(&parts.headers).ok_or_else(Problem::unauthorized)?;
        if let Some(operator) = shared.tokens.whose(token) {
            return Ok(operator);
        }
        let peer = ConnectInfo::<Peer>::from_request_parts(parts, shared).await;
        let ConnectInfo(peer) = peer.map_err(|_| Problem::bug())?;
        let source = peer.address.ip();
        let mut slowed = shared.slowed.lock();
        let slowed = slowed.as_mut().unwrap_or_else(PoisonError::get_mut);
        match slowed.wrong(source, Instant::now()) {
            Ok(()) => {
                warn!(%source, "a wrong token");
                Err(Problem::unauthorized())
            }
            Err(wait) => Err(Problem::too_many("too many wrong tokens", wait)),
        }
    }
}

/// The token of a request.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_start_matches(' '))
}

impl<S, T> FromRequestParts<S> for At<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Send,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<At<T>, Problem> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        let nothing = |_| Problem::not_found("nothing has a name like that");
        path.map(|Path(names)| At(names)).map_err(nothing)
    }
}

impl<S, T> FromRequestParts<S> for Asked<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Asked<T>, Problem> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        let refused =
            |why: axum::extract::rejection::QueryRejection| Problem::bad_request(why.body_text());
        query.map(|Query(asked)| Asked(asked)).map_err(refused)
    }
}

impl<T: DeserializeOwned> FromRequest<Arc<Shared>> for Told<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Told<T>, Problem> {
        if media_type(request.headers()) != "application/json" {
            return Err(Problem::wrong_type("application/json"));
        }
        let octets = to_bytes(request.into_body(), JSON_MAX);
        let octets = tokio::time::timeout(shared.limits.json, octets).await;
        let octets = octets
            .map_err(|_| Problem::too_slow())?
            .map_err(|_| Problem::too_large(JSON_MAX as u64))?;
        let told = serde_json::from_slice(&octets);
        told.map(Told)
            .map_err(|why| Problem::bad_request(format!("the body: {why}")))
    }
}

/// The media type of a body, without its parameters; empty where none is given.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE);
    let value = value.and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::TenantId;

    #[test]
    fn a_token_of_a_tenant_is_for_its_sets_and_no_other() {
        let of = |tenant: Option<&str>| Operator {
            name: "anna".to_owned(),
            tenant: tenant.map(|name| TenantId::parse(name).unwrap()),
        };
        let set = |name: &str| name.parse::<SetId>().unwrap();
        let (all, acme) = (of(None), of(Some("acme")));
        for name in ["nl", "acme.nl", "zorg.nl"] {
            assert!(all.check(&set(name)).is_ok());
            assert_eq!(acme.check(&set(name)).is_ok(), name == "acme.nl");
        }
        assert!(acme.check_parent(&set("nl")).is_ok());
        assert_eq!(
            acme.check_parent(&set("zorg.nl")).unwrap_err().status(),
            404
        );
    }

    #[test]
    fn only_a_bearer_token_is_a_token() {
        let token = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(token("Bearer abc"), Some("abc".to_owned()));
        assert_eq!(token("bearer  abc"), Some("abc".to_owned()));
        assert_eq!(token("Basic abc"), None);
        assert_eq!(token("abc"), None);
    }
}
