//! The laws of the lamps, held against a model that knows nothing of queues and marks.
//!
//! Long because the model and the world around the lamps are shared by every law.

use super::*;
use crate::base::{Language, Mono};
use crate::mailbox::{Limits, Sight, Tally};
use crate::sip::{
    Address, Event, NoticeFault, NoticeId, Subscribe, SubscriptionEnd, SubscriptionId, Transport,
};
use crate::subscriber::{Delivery, Mode, Profile, Roster};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Mailboxes 2001 and 2002 are here; the messages of 2003 go out by mail.
const MAILBOXES: [&str; 3] = ["2001", "2002", "2003"];
const BY_MAIL: usize = 2;

fn mailbox(at: usize) -> MailboxId {
    MailboxId::parse(MAILBOXES[at]).unwrap()
}

fn roster() -> Arc<Roster> {
    let profile = |at: usize| Profile {
        mailbox: mailbox(at),
        name: String::new(),
        numbers: vec![DialString::parse(&format!("+3120123{}", MAILBOXES[at])).unwrap()],
        language: Language::parse("nl").unwrap(),
        zone: "Europe/Amsterdam".to_owned(),
        passcode: None,
        assistant: None,
        tenant: None,
        delivery: Delivery {
            mode: match at {
                BY_MAIL => Mode::Email(Vec::new()),
                _ => Mode::Local,
            },
            ..Delivery::local()
        },
        limits: Limits::default(),
    };
    Arc::new(Roster::new((0..MAILBOXES.len()).map(profile)).unwrap())
}

fn peer() -> Peer {
    Peer {
        address: "192.0.2.7:5060".parse().unwrap(),
        transport: Transport::Udp,
    }
}

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
enum Act {
    Subscribe {
        at: usize,
        alias: bool,
        once: bool,
    },
    Unsubscribe(usize),
    Count {
        at: usize,
        new: u32,
        saved: u32,
        sure: bool,
    },
    Unknown {
        at: usize,
        coming: u32,
    },
    Clear(usize),
    Wait(u64),
    Answer(Result<(), NoticeFault>),
    Restart,
}

fn act() -> impl Strategy<Value = Act> {
    let at = || 0..MAILBOXES.len();
    prop_oneof![
        3 => (at(), any::<bool>(), prop::bool::weighted(0.2))
            .prop_map(|(at, alias, once)| Act::Subscribe { at, alias, once }),
        1 => (0..8_usize).prop_map(Act::Unsubscribe),
        6 => (at(), 0..4_u32, 0..3_u32, any::<bool>())
            .prop_map(|(at, new, saved, sure)| Act::Count { at, new, saved, sure }),
        4 => (at(), 0..3_u32).prop_map(|(at, coming)| Act::Unknown { at, coming }),
        2 => at().prop_map(Act::Clear),
        2 => (1..600_u64).prop_map(Act::Wait),
        2 => prop_oneof![
            Just(Ok(())),
            Just(Err(NoticeFault::NoResponse)),
            Just(Err(NoticeFault::Refused(503))),
        ].prop_map(Act::Answer),
        1 => Just(Act::Restart),
    ]
}

/// A telephone as the world sees it.
#[derive(Debug)]
struct Phone {
    at: usize,
    account: String,
    once: bool,
    since: Mono,
    heard: Heard,
}

/// What a telephone was told last.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Heard {
    /// Its SUBSCRIBE is not answered yet.
    Nothing,
    /// That nothing is known.
    Unknown,
    /// This body.
    Body(String),
}

impl Heard {
    fn new(body: Option<String>) -> Heard {
        body.map_or(Heard::Unknown, Heard::Body)
    }
}

/// A mailbox as it should be.
#[derive(Clone, Debug, Default)]
struct Truth {
    counts: Option<Counts>,
    /// What came while there were no counts, each time that was told.
    coming: Vec<u32>,
    /// Every count of new messages since the lamp was cleared, while it is dark for that.
    since_cleared: Option<Vec<u32>>,
}

impl Truth {
    fn counted(&mut self, counts: Counts) {
        self.counts = Some(counts);
        self.coming.clear();
        if let Some(since) = &mut self.since_cleared {
            if since.iter().any(|before| counts.new > *before) {
                self.since_cleared = None;
            } else {
                since.push(counts.new);
            }
        }
    }

    fn unknown(&mut self, coming: u32) {
        if self.coming.last().is_some_and(|before| coming > *before) && self.counts.is_none() {
            self.since_cleared = None;
        }
        if coming > 0 && !self.is_cleared() {
            self.since_cleared = None;
        }
        self.coming.push(coming);
    }

    fn is_known(&self) -> bool {
        self.counts.is_some() || self.coming.iter().any(|coming| *coming > 0)
    }

    fn body(&self, account: &str) -> Option<String> {
        let new = self.counts.is_none_or(|counts| counts.new > 0);
        let shown = Shown {
            waiting: new && self.since_cleared.is_none(),
            counts: self.counts,
        };
        self.is_known().then(|| shown.body(account))
    }

    /// Whether its lamp is dark because it was cleared, and for no other reason.
    fn is_cleared(&self) -> bool {
        let since = self.since_cleared.as_ref();
        since.is_some_and(|since| !since.contains(&0))
    }
}

/// The lamps, the world around them, and the model.
struct World {
    lamps: Lamps,
    has_peer: bool,
    now: Mono,
    next: u64,
    phones: BTreeMap<SubscriptionId, Phone>,
    watched: BTreeSet<MailboxId>,
    truth: Vec<Truth>,
    file: String,
    under_way: BTreeMap<NoticeId, (String, String)>,
    peer_heard: BTreeMap<String, String>,
    lit: Vec<u32>,
}

impl World {
    fn new(has_peer: bool) -> World {
        let peers = if has_peer { vec![peer()] } else { Vec::new() };
        let mut truth = vec![Truth::default(); MAILBOXES.len()];
        truth[BY_MAIL].counts = Some(Counts::default());
        let mut world = World {
            lamps: Lamps::new(Mono::ZERO, roster(), peers, Cleared::default()),
            has_peer,
            now: Mono::ZERO,
            next: 0,
            phones: BTreeMap::new(),
            watched: BTreeSet::new(),
            truth,
            file: Cleared::default().print(),
            under_way: BTreeMap::new(),
            peer_heard: BTreeMap::new(),
            lit: Vec::new(),
        };
        world.drain();
        world
    }

    fn restart(&mut self) {
        let peers = if self.has_peer {
            vec![peer()]
        } else {
            Vec::new()
        };
        let cleared = Cleared::parse(&self.file).unwrap();
        self.lamps = Lamps::new(self.now, roster(), peers, cleared);
        self.phones.clear();
        self.watched.clear();
        self.under_way.clear();
        for truth in self.truth.iter_mut().take(BY_MAIL) {
            truth.counts = None;
            truth.coming.clear();
        }
        self.drain();
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Subscribe { at, alias, once } => self.subscribe(at, alias, once),
            Act::Unsubscribe(nth) => {
                if let Some(id) = self.phones.keys().nth(nth).copied() {
                    self.unsubscribe(id);
                }
            }
            Act::Count {
                at,
                new,
                saved,
                sure,
            } => {
                let counts = Counts {
                    new,
                    saved,
                    ..Counts::default()
                };
                self.see(at, counts, sure);
            }
            Act::Unknown { at, coming } => {
                if self.watched.contains(&mailbox(at)) {
                    self.truth[at].unknown(coming);
                }
                let sight = Sight::Unknown { coming };
                self.lamps.handle_seen(self.now, &mailbox(at), sight);
            }
            Act::Clear(at) => {
                if at != BY_MAIL {
                    let counts = self.truth[at].counts;
                    self.truth[at].since_cleared =
                        Some(counts.map(|counts| counts.new).into_iter().collect());
                }
                self.lamps.handle_cleared(self.now, &mailbox(at));
            }
            Act::Wait(millis) => self.wait(Duration::from_millis(millis)),
            Act::Answer(outcome) => self.answer_peer(outcome),
            Act::Restart => self.restart(),
        }
        self.drain();
    }

    fn subscribe(&mut self, at: usize, alias: bool, once: bool) {
        let user = if alias {
            format!("+3120123{}", MAILBOXES[at])
        } else {
            MAILBOXES[at].to_owned()
        };
        let subscription = SubscriptionId(self.next);
        self.next += 1;
        let phone = Phone {
            at,
            account: format!("sip:{user}@pbx.example"),
            once,
            since: self.now,
            heard: Heard::Nothing,
        };
        self.phones.insert(subscription, phone);
        self.lamps
            .handle_sip(self.now, asking(subscription, &user, once));
    }

    fn unsubscribe(&mut self, subscription: SubscriptionId) {
        self.phones.remove(&subscription);
        let end = SubscriptionEnd::Unsubscribed;
        let event = Event::Unsubscribed { subscription, end };
        self.lamps.handle_sip(self.now, event);
    }

    /// Counts come of watched mailboxes only.
    fn count(&mut self, at: usize, counts: Counts) {
        self.see(at, counts, true);
    }

    /// What is believed is shown as what was counted.
    fn see(&mut self, at: usize, counts: Counts, sure: bool) {
        if self.watched.contains(&mailbox(at)) {
            self.truth[at].counted(counts);
        }
        let usage = crate::mailbox::Usage::default();
        let tally = Tally { counts, usage };
        let sight = if sure {
            Sight::Counted(tally)
        } else {
            Sight::Believed(tally)
        };
        self.lamps.handle_seen(self.now, &mailbox(at), sight);
    }

    fn wait(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(at) = self.lamps.poll_timeout().filter(|at| *at <= end) {
            self.now = at.max(self.now);
            self.lamps.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }

    fn answer_peer(&mut self, outcome: Result<(), NoticeFault>) {
        if let Some((notice, (number, body))) = self.under_way.pop_first() {
            if outcome.is_ok() {
                self.peer_heard.insert(number, body);
            }
            let event = Event::PeerNotified { notice, outcome };
            self.lamps.handle_sip(self.now, event);
        }
    }

    fn drain(&mut self) {
        while let Some(command) = self.lamps.poll_command() {
            match command {
                Command::Sip(command) => self.sip(command),
                Command::Watch(mailbox) => assert!(self.watched.insert(mailbox)),
                Command::Unwatch(mailbox) => {
                    assert!(self.watched.remove(&mailbox));
                    let at = MAILBOXES.iter().position(|m| *m == mailbox.as_str());
                    let truth = &mut self.truth[at.unwrap()];
                    truth.counts = None;
                    truth.coming.clear();
                }
                Command::Remember(text) => self.file = text,
                Command::Lit { telephones, .. } => self.lit.push(telephones),
            }
        }
    }

    fn sip(&mut self, command: sip::Command) {
        match command {
            sip::Command::AcceptSubscription { subscription, body } => {
                let phone = self.phones.get_mut(&subscription).unwrap();
                assert_eq!(phone.heard, Heard::Nothing, "accepted once");
                phone.heard = Heard::new(body);
                if phone.once {
                    let (expected, heard) = (self.expected(subscription), self.heard(subscription));
                    assert_eq!(expected, heard);
                    self.unsubscribe(subscription);
                }
            }
            sip::Command::Notify { subscription, body } => {
                let phone = self.phones.get_mut(&subscription).unwrap();
                let told = Heard::Body(body);
                assert_ne!(phone.heard, Heard::Nothing, "told before it was accepted");
                assert_ne!(phone.heard, told, "told twice");
                phone.heard = told;
            }
            sip::Command::NotifyPeer(notice) => {
                let ours = self.under_way.values().any(|(n, _)| *n == notice.user);
                assert!(!ours, "two notices of one number at a time");
                let told = (notice.user, notice.body);
                self.under_way.insert(notice.notice, told);
                assert!(self.under_way.len() <= PEER_WINDOW);
            }
            other => panic!("{other:?}"),
        }
    }

    fn expected(&self, id: SubscriptionId) -> Option<String> {
        let phone = &self.phones[&id];
        self.truth[phone.at].body(&phone.account)
    }

    fn heard(&self, id: SubscriptionId) -> Option<String> {
        match &self.phones[&id].heard {
            Heard::Body(body) => Some(body.clone()),
            Heard::Nothing | Heard::Unknown => None,
        }
    }

    /// Laws 1 to 7.
    fn check(&self) {
        for (id, phone) in &self.phones {
            if phone.heard == Heard::Nothing {
                assert!(!self.truth[phone.at].is_known(), "known, and not told");
                assert!(self.now - phone.since < FIRST_COUNT, "{phone:?}");
            } else {
                assert_eq!(self.expected(*id), self.heard(*id));
            }
        }
        for (at, truth) in self.truth.iter().enumerate() {
            let told = self.has_peer || self.phones.values().any(|phone| phone.at == at);
            let wanted = at != BY_MAIL && (told || truth.is_cleared());
            assert_eq!(
                self.watched.contains(&mailbox(at)),
                wanted,
                "{at}: {truth:?}"
            );
        }
        assert_eq!(self.lamps.subscriptions(), self.phones.len());
    }

    /// Once it answers, the peer has everything that is known of every number.
    fn check_peer(&mut self) {
        for _ in 0..10 {
            while !self.under_way.is_empty() {
                self.act(Act::Answer(Ok(())));
            }
            self.act(Act::Wait(PEER_PAUSE.as_millis() as u64));
        }
        assert_eq!(self.lamps.poll_timeout(), None);
        for (at, truth) in self.truth.iter().enumerate() {
            for number in [
                MAILBOXES[at].to_owned(),
                format!("+3120123{}", MAILBOXES[at]),
            ] {
                let body = truth.body(&format!("sip:{number}@192.0.2.7"));
                if let Some(body) = body.filter(|_| self.has_peer) {
                    assert_eq!(self.peer_heard.get(&number), Some(&body));
                }
            }
        }
    }
}

fn asking(subscription: SubscriptionId, user: &str, once: bool) -> Event {
    let address = |user: &str| Address {
        user: user.to_owned(),
        host: "pbx.example".to_owned(),
        ..Address::default()
    };
    Event::Subscribed(Box::new(Subscribe {
        authenticated: None,
        subscription,
        source: "127.0.0.1:5060".parse().unwrap(),
        request_uri: address("voicemail"),
        to: address(user),
        expires: Duration::from_secs(if once { 0 } else { 600 }),
    }))
}

proptest! {
    #[test]
    fn every_telephone_shows_what_the_model_says(
        has_peer: bool,
        acts in proptest::collection::vec(act(), 1..60),
    ) {
        let mut world = World::new(has_peer);
        world.check();
        for act in acts {
            world.act(act);
            world.check();
        }
        world.check_peer();
        world.check();
    }
}

fn new(new: u32) -> Counts {
    Counts {
        new,
        ..Counts::default()
    }
}

/// A telephone of mailbox 2001 that was told of no messages.
fn dark_lamp() -> (World, SubscriptionId) {
    let mut world = World::new(false);
    let id = SubscriptionId(world.next);
    world.act(Act::Subscribe {
        at: 0,
        alias: true,
        once: false,
    });
    world.count(0, new(0));
    world.drain();
    (world, id)
}

#[test]
fn an_unknown_number_is_refused() {
    let mut lamps = Lamps::new(Mono::ZERO, roster(), Vec::new(), Cleared::default());
    let subscription = SubscriptionId(1);
    lamps.handle_sip(Mono::ZERO, asking(subscription, "2009", false));
    let Some(Command::Sip(sip::Command::RefuseSubscription { refusal, .. })) = lamps.poll_command()
    else {
        panic!("no refusal");
    };
    assert_eq!(refusal.status, 404);
    assert_eq!(lamps.poll_command(), None);
    assert!(lamps.is_empty() && lamps.subscriptions() == 0);
}

#[test]
fn the_account_told_is_the_one_subscribed_to() {
    let (world, id) = dark_lamp();
    let body = "Messages-Waiting: no\r\nMessage-Account: sip:+31201232001@pbx.example\r\n\
                Voice-Message: 0/0 (0/0)\r\n";
    assert_eq!(world.heard(id).as_deref(), Some(body));
}

#[test]
fn the_number_of_the_request_uri_counts_where_the_to_names_nobody() {
    let mut lamps = Lamps::new(Mono::ZERO, roster(), Vec::new(), Cleared::default());
    let mut event = asking(SubscriptionId(1), "2003", false);
    if let Event::Subscribed(asked) = &mut event {
        std::mem::swap(&mut asked.to, &mut asked.request_uri);
    }
    lamps.handle_sip(Mono::ZERO, event);
    let Some(Command::Sip(sip::Command::AcceptSubscription { body, .. })) = lamps.poll_command()
    else {
        panic!("not accepted");
    };
    assert!(body.is_some_and(|body| body.contains("sip:2003@pbx.example")));
}

#[test]
fn a_new_message_is_reported_with_all_who_were_told() {
    let (mut world, _) = dark_lamp();
    world.act(Act::Subscribe {
        at: 0,
        alias: false,
        once: false,
    });
    world.count(0, new(1));
    world.count(0, new(1));
    world.count(0, new(3));
    world.count(0, new(2));
    world.act(Act::Clear(0));
    world.count(0, new(2));
    world.drain();
    assert_eq!(world.lit, [2, 2]);
    world.count(0, new(3));
    world.drain();
    assert_eq!(world.lit, [2, 2, 2]);
}

#[test]
fn a_cleared_lamp_stays_dark_when_messages_are_heard_and_is_lit_by_the_next() {
    let (mut world, id) = dark_lamp();
    world.count(0, new(3));
    world.act(Act::Clear(0));
    let lit = |world: &World| world.heard(id).is_some_and(|body| body.contains(": yes"));
    assert!(!lit(&world));
    assert!(world.heard(id).is_some_and(|body| body.contains(": 3/0 ")));
    world.count(0, new(1));
    world.drain();
    assert!(!lit(&world));
    world.count(0, new(2));
    world.drain();
    assert!(lit(&world));
}

#[test]
fn a_message_for_a_mailbox_nobody_ever_saw_lights_the_lamp_without_counts() {
    let mut world = World::new(false);
    let id = SubscriptionId(world.next);
    world.act(Act::Subscribe {
        at: 0,
        alias: false,
        once: false,
    });
    world.act(Act::Unknown { at: 0, coming: 0 });
    assert_eq!(world.heard(id), None);
    world.act(Act::Unknown { at: 0, coming: 1 });
    let lit = "Messages-Waiting: yes\r\nMessage-Account: sip:2001@pbx.example\r\n";
    assert_eq!(world.heard(id).as_deref(), Some(lit));
    world.act(Act::Unknown { at: 0, coming: 0 });
    assert_eq!(
        world.heard(id).as_deref(),
        Some(lit),
        "it is in the mailbox"
    );
    world.act(Act::Clear(0));
    assert_ne!(world.heard(id).as_deref(), Some(lit));
    world.act(Act::Unknown { at: 0, coming: 1 });
    assert_eq!(world.heard(id).as_deref(), Some(lit), "a new one after it");
    assert_eq!(world.lit, [1, 1]);
}

#[test]
fn a_peer_gets_a_bounded_number_of_notices_at_a_time() {
    let profiles = (3_000..3_200).map(|number| Profile {
        mailbox: MailboxId::parse(&number.to_string()).unwrap(),
        numbers: Vec::new(),
        ..roster()
            .by_mailbox(&mailbox(BY_MAIL))
            .unwrap()
            .as_ref()
            .clone()
    });
    let roster = Arc::new(Roster::new(profiles).unwrap());
    let mut lamps = Lamps::new(Mono::ZERO, roster, vec![peer()], Cleared::default());
    let mut under_way = Vec::new();
    let mut told = BTreeSet::new();
    loop {
        while let Some(command) = lamps.poll_command() {
            let Command::Sip(sip::Command::NotifyPeer(notice)) = command else {
                panic!("{command:?}");
            };
            under_way.push(notice.notice);
            assert!(told.insert(notice.user));
        }
        assert!(under_way.len() <= PEER_WINDOW);
        let Some(notice) = under_way.pop() else {
            break;
        };
        let outcome = Err(NoticeFault::Refused(404));
        lamps.handle_sip(Mono::ZERO, Event::PeerNotified { notice, outcome });
    }
    assert_eq!(told.len(), 200);
    assert_eq!(lamps.poll_timeout(), None, "404 is an answer");
}

#[test]
fn a_silent_peer_is_left_alone_for_a_while() {
    let mut world = World::new(true);
    assert_eq!(world.under_way.len(), 2, "both numbers of the one by mail");
    while !world.under_way.is_empty() {
        world.act(Act::Answer(Err(NoticeFault::NoResponse)));
    }
    world.count(0, new(1));
    world.drain();
    assert!(world.under_way.is_empty());
    world.act(Act::Wait(29_999));
    assert!(world.under_way.is_empty());
    world.act(Act::Wait(1));
    assert_eq!(world.under_way.len(), 4);
}
