//! Subscriptions (RFC 6665) to the state of a mailbox (RFC 3842): what a SUBSCRIBE asks for, and
//! where each subscription stands.
//!
//! The one event package is `message-summary`. The machine moves subscriptions from stage to
//! stage; here are the stages and the look-ups, which stay in step with each other.

use super::address::parameters;
use super::call::Load;
use super::config::Config;
use super::dialog::Dialog;
use super::headers::{Headers, number};
use super::message::Request;
use super::method::is_token;
use super::reply::Reply;
use super::server::ServerId;
use super::vocabulary::SubscriptionId;
use super::wire::ConnectionId;
use crate::base::Mono;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// The event package served (RFC 3842 section 3.1).
pub(super) const PACKAGE: &str = "message-summary";
/// The body of its notifications (RFC 3842 section 3.5).
pub(super) const SUMMARY: &str = "application/simple-message-summary";
/// How long a subscription is in force that names no time (RFC 3842 section 3.4).
const DEFAULT_EXPIRES: Duration = Duration::from_hours(1);
/// The most subscriptions of one source for one number: a telephone that forgets them makes new
/// ones without end.
const PER_NUMBER: usize = 32;
/// One source leaves this part of the room to the others.
const SPARE_SHARE: usize = 10;

/// What a SUBSCRIBE asks for, within our bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    /// The Event header of every NOTIFY: the package, and the subscriber's name for it.
    pub(super) event: String,
    /// How long the subscription will be in force; zero ends it, or never begins it.
    pub(super) expires: Duration,
}

impl Wish {
    /// Reads what is asked for; the refusal where it cannot be given.
    pub(super) fn read(headers: &Headers, config: &Config) -> Result<Wish, Reply> {
        let event = read_event(headers)?;
        if !takes_summary(headers) {
            return Err(Reply::new(406).header("Accept", SUMMARY));
        }
        let asked = match headers.value("Expires") {
            None => DEFAULT_EXPIRES,
            Some(text) => {
                let seconds = number(text).ok_or_else(|| {
                    Reply::new(400).phrase("Expires is no number of seconds up to 2^32-1")
                })?;
                Duration::from_secs(u64::from(seconds))
            }
        };
        let least = config.min_subscription;
        if !asked.is_zero() && asked < least.min(DEFAULT_EXPIRES) {
            return Err(Reply::new(423).header("Min-Expires", least.as_secs().to_string()));
        }
        let expires = asked.min(config.max_subscription);
        Ok(Wish { event, expires })
    }
}

/// The Event header as it goes back; 489 for any package but ours.
fn read_event(headers: &Headers) -> Result<String, Reply> {
    let value = headers.value("Event").unwrap_or_default();
    let end = value.find(';').unwrap_or(value.len());
    let (package, rest) = value.split_at(end);
    let package = package.trim();
    if !package.eq_ignore_ascii_case(PACKAGE) {
        return Err(Reply::new(489).header("Allow-Events", PACKAGE));
    }
    let id = parameters(rest).into_iter().find(|(name, _)| name == "id");
    match id {
        None => Ok(package.to_owned()),
        Some((_, id)) if is_token(&id) => Ok(format!("{package};id={id}")),
        Some(_) => Err(Reply::new(400).phrase("The id of the Event header is no token")),
    }
}

/// Whether the Accept header, where there is one, lets the summary through.
fn takes_summary(headers: &Headers) -> bool {
    headers.count("Accept") == 0
        || headers.list("Accept").any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let range = parts.next().unwrap_or_default();
            let named = ["*/*", "application/*", SUMMARY]
                .iter()
                .any(|known| known.eq_ignore_ascii_case(range));
            named && !parts.any(is_never)
        })
}

/// `q=0`: this range is not wanted at all (RFC 3261 section 25.1).
fn is_never(parameter: &str) -> bool {
    parameter.split_once('=').is_some_and(|(name, value)| {
        name.trim().eq_ignore_ascii_case("q") && value.trim().parse() == Ok(0.0_f32)
    })
}

/// One subscription.
#[derive(Debug)]
pub(super) struct Subscription {
    /// Its dialog.
    pub(super) dialog: Dialog,
    /// The Event header of its notifications.
    pub(super) event: String,
    /// Where it stands.
    pub(super) stage: Stage,
    /// How often the subscriber asked something lately.
    pub(super) load: Load,
    /// The number of the SUBSCRIBE that began it.
    cseq: u32,
    /// Who has it, and for which number: the keys of its bounds.
    source: IpAddr,
    user: String,
}

/// Where a subscription stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The layer above has to decide.
    Asked {
        /// The transaction of the SUBSCRIBE.
        server: ServerId,
        /// How long it will be in force.
        expires: Duration,
    },
    /// In force.
    Active {
        /// When it ends.
        until: Mono,
        /// The state; `None` while nothing is known.
        body: Option<String>,
        /// Whether a NOTIFY is under way.
        sending: Sending,
    },
    /// Over. The last NOTIFY waits for the answer to the one before.
    Closing {
        /// The state at the end.
        body: Option<String>,
        /// The Subscription-State of the last NOTIFY.
        last: String,
    },
}

/// Whether a NOTIFY is under way: one at a time, so that none overtakes another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sending {
    /// No.
    Idle,
    /// Yes; and whether another is to follow.
    Out {
        /// Whether the state changed, or is to be told again.
        again: bool,
    },
    /// The subscriber asked for a pause; the state follows after it.
    Held,
}

impl Subscription {
    /// A subscription whose SUBSCRIBE was just read.
    pub(super) fn asked(
        now: Mono,
        request: &Request,
        source: IpAddr,
        (dialog, event): (Dialog, String),
        stage: Stage,
    ) -> Subscription {
        Subscription {
            dialog,
            event,
            stage,
            load: Load::new(now),
            cseq: request.cseq,
            source: source.to_canonical(),
            user: user(request),
        }
    }
}

/// Whose state a SUBSCRIBE asks for.
fn user(request: &Request) -> String {
    request.to.address().unwrap_or_default().user
}

/// All subscriptions.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    all: BTreeMap<SubscriptionId, Subscription>,
    /// By Call-ID and our tag.
    dialogs: BTreeMap<(String, String), SubscriptionId>,
    /// How many each source has, and of those how many for each number.
    sources: BTreeMap<IpAddr, usize>,
    numbers: BTreeMap<(IpAddr, String), usize>,
    next: u64,
}

impl Subscriptions {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The names of all.
    pub(super) fn ids(&self) -> Vec<SubscriptionId> {
        self.all.keys().copied().collect()
    }

    /// Whether this SUBSCRIBE is one too many, where `most` are allowed in all.
    pub(super) fn is_full(&self, source: IpAddr, request: &Request, most: usize) -> bool {
        let source = source.to_canonical();
        let share = most - most / SPARE_SHARE;
        let of_source = self.sources.get(&source).copied().unwrap_or_default();
        let number = (source, user(request));
        let of_number = self.numbers.get(&number).copied().unwrap_or_default();
        self.all.len() >= most || of_source >= share || of_number >= PER_NUMBER
    }

    /// Whether this very SUBSCRIBE began a subscription before, on another way (RFC 3261
    /// section 8.2.2.2).
    pub(super) fn is_begun_by(&self, request: &Request) -> bool {
        let from = (request.call_id.clone(), String::new());
        self.dialogs
            .range(from..)
            .take_while(|((call_id, _), _)| *call_id == request.call_id)
            .filter_map(|(_, id)| self.all.get(id))
            .any(|known| known.cseq == request.cseq && known.dialog.is_from_peer(request))
    }

    /// Takes a subscription in.
    pub(super) fn insert(&mut self, subscription: Subscription) -> SubscriptionId {
        let id = SubscriptionId(self.next);
        self.next += 1;
        let dialog = &subscription.dialog;
        let key = (dialog.call_id.clone(), dialog.local_tag.clone());
        self.dialogs.insert(key, id);
        let source = subscription.source;
        *self.sources.entry(source).or_default() += 1;
        let number = (source, subscription.user.clone());
        *self.numbers.entry(number).or_default() += 1;
        self.all.insert(id, subscription);
        id
    }

    /// One subscription.
    pub(super) fn find_mut(&mut self, id: SubscriptionId) -> Option<&mut Subscription> {
        self.all.get_mut(&id)
    }

    /// The subscription of a request inside a dialog.
    pub(super) fn of(&self, request: &Request) -> Option<SubscriptionId> {
        let tag = request.to.param("tag")?;
        let key = (request.call_id.clone(), tag.to_owned());
        let id = *self.dialogs.get(&key)?;
        let subscription = self.all.get(&id)?;
        subscription.dialog.is_from_peer(request).then_some(id)
    }

    /// Forgets a subscription.
    pub(super) fn remove(&mut self, id: SubscriptionId) {
        let Some(subscription) = self.all.remove(&id) else {
            return;
        };
        let dialog = subscription.dialog;
        self.dialogs.remove(&(dialog.call_id, dialog.local_tag));
        let source = subscription.source;
        count_down(&mut self.sources, &source);
        count_down(&mut self.numbers, &(source, subscription.user));
    }

    /// A connection is gone: notifications go by a new one.
    pub(super) fn forget_connection(&mut self, connection: ConnectionId) {
        for subscription in self.all.values_mut() {
            subscription.dialog.forget_connection(connection);
        }
    }
}

fn count_down<K: Ord>(counts: &mut BTreeMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::config::Advertised;
    use crate::sip::headers::read_headers;

    fn wish(lines: &[&str]) -> Result<(String, u64), u16> {
        let us = Advertised {
            host: "x".to_owned(),
            port: 5060,
        };
        let config = Config::new(us.clone(), us);
        let (headers, flaw) = read_headers(lines.iter().copied(), 10);
        assert_eq!(flaw, None);
        match Wish::read(&headers, &config) {
            Ok(wish) => Ok((wish.event, wish.expires.as_secs())),
            Err(reply) => Err(reply.status),
        }
    }

    #[test]
    fn a_subscribe_says_what_it_wants_or_is_told_what_is_wrong() {
        let ours = "Event: message-summary";
        let granted = |seconds| Ok((PACKAGE.to_owned(), seconds));
        assert_eq!(wish(&[ours]), granted(3_600));
        assert_eq!(wish(&["o: message-summary", "Expires: 600"]), granted(600));
        assert_eq!(wish(&[ours, "Expires: 4294967295"]), granted(3_600));
        assert_eq!(wish(&[ours, "Expires: 0"]), granted(0));
        assert_eq!(wish(&[ours, "Expires: 59"]), Err(423));
        assert_eq!(wish(&[ours, "Expires: soon"]), Err(400));
        assert_eq!(wish(&[]), Err(489));
        assert_eq!(wish(&["Event: presence"]), Err(489));
        let named = "Message-Summary;id=7;x=y".to_owned();
        assert_eq!(
            wish(&[&format!("Event: {named}")]),
            Ok(("Message-Summary;id=7".to_owned(), 3_600))
        );
        assert_eq!(wish(&["Event: message-summary;id=\"a b\""]), Err(400));
    }

    #[test]
    fn an_accept_that_leaves_the_summary_out_is_refused() {
        let ours = "Event: message-summary";
        for accept in [
            "Accept: application/simple-message-summary",
            "Accept: application/pidf+xml, APPLICATION/Simple-Message-Summary;level=1",
            "Accept: */*;q=0.2",
            "Accept: application/*",
        ] {
            assert!(wish(&[ours, accept]).is_ok(), "{accept}");
        }
        for accept in [
            "Accept: application/pidf+xml",
            "Accept: application/simple-message-summary;q=0.0",
            "Accept:",
        ] {
            assert_eq!(wish(&[ours, accept]), Err(406), "{accept}");
        }
    }
}
