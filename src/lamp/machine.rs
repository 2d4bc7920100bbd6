//! The machine of the lamps: see the module.

use super::contacts::{ContactName, ContactTold, Contacts};
use super::peers::{Peer, Peers};
use super::{Cleared, Command, Shown, account};
use crate::base::{DialString, MailboxId, Mono};
use crate::mailbox::{Counts, Sight, Tally};
use crate::sip::{self, Address, Refusal, Subscribe, SubscriptionId};
use crate::subscriber::{Profile, Roster};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// How long a new subscription waits for the first count of its mailbox: less than a telephone
/// waits before it repeats its SUBSCRIBE (T1).
pub const FIRST_COUNT: Duration = Duration::from_millis(400);

/// The lamps of all subscribers.
///
/// Feed one input with a `handle_` method, drain [`Lamps::poll_command`] to `None`, then ask
/// [`Lamps::poll_timeout`] when to come back.
#[derive(Debug)]
pub struct Lamps {
    roster: Arc<Roster>,
    by_mailbox: BTreeMap<MailboxId, Lamp>,
    /// Whose lamp a subscription is about.
    subscriptions: BTreeMap<SubscriptionId, MailboxId>,
    /// Subscriptions that wait for a first count, the oldest first; among them some that have
    /// been told meanwhile.
    asking: VecDeque<(Mono, SubscriptionId)>,
    cleared: Cleared,
    peers: Peers,
    contacts: Contacts,
    out: VecDeque<Command>,
}

/// The lamp of one mailbox.
#[derive(Debug)]
struct Lamp {
    /// The last known counts.
    counts: Option<Counts>,
    /// While there are none.
    coming: Coming,
    telephones: BTreeMap<SubscriptionId, Telephone>,
    /// The numbers peers are told of.
    numbers: Vec<DialString>,
    /// Whether the messages are here to be counted.
    countable: bool,
}

/// What came for a mailbox that was never counted.
#[derive(Clone, Copy, Debug, Default)]
struct Coming {
    /// How many new messages, when that was last told.
    last: Option<u32>,
    /// Whether there ever was one: it is in the mailbox now, or on its way.
    any: bool,
}

/// A telephone that subscribed.
#[derive(Debug)]
struct Telephone {
    account: String,
    told: Told,
}

/// What a telephone was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// Nothing: its SUBSCRIBE waits for a first count.
    Nothing,
    /// That nothing is known yet.
    Unknown,
    /// This.
    Shown(Shown),
}

impl Lamps {
    /// The lamps of these subscribers, with what was cleared before; each of `peers` is told of
    /// all of them. The first commands wait already.
    pub fn new(now: Mono, roster: Arc<Roster>, peers: Vec<Peer>, mut cleared: Cleared) -> Lamps {
        let is_countable = |mailbox: &MailboxId| {
            let owner = roster.by_mailbox(mailbox);
            owner.is_some_and(|owner| owner.delivery.is_heard_by_phone())
        };
        cleared.retain(is_countable);
        let mut lamps = Lamps {
            by_mailbox: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            asking: VecDeque::new(),
            peers: Peers::new(peers),
            contacts: Contacts::default(),
            out: VecDeque::new(),
            roster,
            cleared,
        };
        lamps.light_up();
        lamps.peers.send(now, &mut lamps.out);
        lamps
    }

    /// The lamps that matter before anybody subscribed.
    fn light_up(&mut self) {
        let roster = Arc::clone(&self.roster);
        for owner in roster.all() {
            if self.peers.len() > 0 || self.cleared.has(&owner.mailbox) {
                self.lamp_of(owner);
                self.tell(&owner.mailbox);
            }
        }
    }

    /// How many subscriptions there are.
    pub fn subscriptions(&self) -> usize {
        self.subscriptions.len()
    }

    /// How many mailboxes are watched, or told of without.
    pub fn len(&self) -> usize {
        self.by_mailbox.len()
    }

    /// Whether nobody is told of any mailbox.
    pub fn is_empty(&self) -> bool {
        self.by_mailbox.is_empty()
    }

    /// The SIP machine reports; what concerns calls is ignored.
    pub fn handle_sip(&mut self, now: Mono, event: sip::Event) {
        match event {
            sip::Event::Subscribed(wish) => self.subscribe(now, &wish),
            sip::Event::Unsubscribed { subscription, .. } => self.unsubscribe(subscription),
            sip::Event::PeerNotified { notice, outcome } => {
                self.peers.answered(now, notice, outcome);
                self.contacts.answered(notice, outcome);
            }
            sip::Event::Invite(_)
            | sip::Event::Acknowledged { .. }
            | sip::Event::OfferedAgain { .. }
            | sip::Event::InfoDigit { .. }
            | sip::Event::Bye { .. }
            | sip::Event::Ended { .. }
            | sip::Event::Ringing { .. }
            | sip::Event::Answered { .. }
            | sip::Event::Registering(_)
            | sip::Event::Claimed(_) => {}
        }
        self.send(now);
    }

    /// A mailbox that is watched was looked at.
    pub fn handle_seen(&mut self, now: Mono, mailbox: &MailboxId, sight: Sight) {
        let lamp = self.by_mailbox.get_mut(mailbox);
        let Some(lamp) = lamp.filter(|lamp| lamp.countable) else {
            return;
        };
        let more = match sight {
            Sight::Counted(Tally { counts, .. }) | Sight::Believed(Tally { counts, .. }) => {
                let before = lamp.counts.replace(counts);
                lamp.coming = Coming::default();
                if self.cleared.counted(mailbox, counts.new) {
                    self.remember();
                }
                before.is_some_and(|before| counts.new > before.new)
            }
            Sight::Unknown { coming } => {
                let before = lamp.coming.last.replace(coming);
                lamp.coming.any |= coming > 0;
                let more = lamp.counts.is_none() && before.is_some_and(|before| coming > before);
                if more && self.cleared.lift(mailbox) {
                    self.remember();
                }
                more
            }
        };
        self.tell(mailbox);
        if more {
            self.report_lit(mailbox);
        }
        self.drop_unwanted(mailbox);
        self.send(now);
    }

    /// A telephone is registered, or reached in another way than before.
    pub fn handle_contact(&mut self, now: Mono, name: ContactName, contact: ContactTold) {
        let roster = Arc::clone(&self.roster);
        let Some(owner) = roster.by_mailbox(&contact.mailbox) else {
            return;
        };
        let left = self.contacts.put(name, contact);
        if let Some(mailbox) = left {
            self.drop_unwanted(&mailbox);
        }
        self.lamp_of(owner);
        self.tell(&owner.mailbox);
        self.send(now);
    }

    /// A telephone is registered no longer.
    pub fn handle_contact_gone(&mut self, now: Mono, name: &ContactName) {
        if let Some(mailbox) = self.contacts.remove(name) {
            self.drop_unwanted(&mailbox);
        }
        self.send(now);
    }

    /// The owner of a mailbox clears the lamp; it stays dark until the next new message.
    pub fn handle_cleared(&mut self, now: Mono, mailbox: &MailboxId) {
        let roster = Arc::clone(&self.roster);
        let Some(owner) = roster.by_mailbox(mailbox) else {
            return;
        };
        if !owner.delivery.is_heard_by_phone() {
            return;
        }
        let counts = self.by_mailbox.get(mailbox).and_then(|lamp| lamp.counts);
        if self.cleared.clear(mailbox, counts) {
            self.remember();
        }
        self.lamp_of(owner);
        self.tell(mailbox);
        self.drop_unwanted(mailbox);
        self.send(now);
    }

    /// The time of [`Lamps::poll_timeout`] has come.
    pub fn handle_timeout(&mut self, now: Mono) {
        while let Some((at, id)) = self.asking.front().copied()
            && at <= now
        {
            self.asking.pop_front();
            if let Some(mailbox) = self.subscriptions.get(&id).cloned() {
                self.tell_one(&mailbox, id);
            }
        }
        self.send(now);
    }

    /// The next thing to do at the edge.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.out.pop_front()
    }

    /// When to call [`Lamps::handle_timeout`].
    pub fn poll_timeout(&self) -> Option<Mono> {
        let asking = self.asking.front().map(|(at, _)| *at);
        asking.into_iter().chain(self.peers.poll_timeout()).min()
    }

    fn subscribe(&mut self, now: Mono, wish: &Subscribe) {
        let subscription = wish.subscription;
        let roster = Arc::clone(&self.roster);
        let found = match &wish.authenticated {
            Some(of) => own(&of.mailbox, &wish.to.host, &roster),
            None => find(&wish.to, &roster).or_else(|| find(&wish.request_uri, &roster)),
        };
        let Some((owner, account)) = found else {
            let refusal = Refusal {
                status: 404,
                retry_after: None,
                why: "no such mailbox here",
            };
            return self.sip(sip::Command::RefuseSubscription {
                subscription,
                refusal,
            });
        };
        self.subscriptions
            .insert(subscription, owner.mailbox.clone());
        let lamp = self.lamp_of(owner);
        let told = Told::Nothing;
        lamp.telephones
            .insert(subscription, Telephone { account, told });
        if lamp.counts.is_some() || lamp.coming.any {
            self.tell_one(&owner.mailbox, subscription);
        } else {
            self.asking.push_back((now + FIRST_COUNT, subscription));
        }
    }

    fn unsubscribe(&mut self, subscription: SubscriptionId) {
        let Some(mailbox) = self.subscriptions.remove(&subscription) else {
            return;
        };
        if let Some(lamp) = self.by_mailbox.get_mut(&mailbox) {
            lamp.telephones.remove(&subscription);
        }
        self.drop_unwanted(&mailbox);
    }

    /// The lamp of a subscriber; from now on it is watched, where there is anything to count.
    fn lamp_of(&mut self, owner: &Profile) -> &mut Lamp {
        let out = &mut self.out;
        let has_peers = self.peers.len() > 0;
        let mailbox = &owner.mailbox;
        self.by_mailbox.entry(mailbox.clone()).or_insert_with(|| {
            let countable = owner.delivery.is_heard_by_phone();
            if countable {
                out.push_back(Command::Watch(mailbox.clone()));
            }
            Lamp {
                counts: (!countable).then(Counts::default),
                coming: Coming::default(),
                telephones: BTreeMap::new(),
                numbers: if has_peers {
                    numbers(owner)
                } else {
                    Vec::new()
                },
                countable,
            }
        })
    }

    /// Forgets a lamp nobody is told of; its counts would grow old.
    fn drop_unwanted(&mut self, mailbox: &MailboxId) {
        let told = |lamp: &Lamp| !(lamp.telephones.is_empty() && lamp.numbers.is_empty());
        let wanted = self.by_mailbox.get(mailbox).is_none_or(told)
            || self.contacts.has(mailbox)
            || self.cleared.has(mailbox);
        if !wanted
            && self
                .by_mailbox
                .remove(mailbox)
                .is_some_and(|lamp| lamp.countable)
        {
            self.out.push_back(Command::Unwatch(mailbox.clone()));
        }
    }

    /// What a lamp shows; `None` while nothing is known.
    fn shown(&self, mailbox: &MailboxId) -> Option<Shown> {
        let lamp = self.by_mailbox.get(mailbox)?;
        let new = match lamp.counts {
            Some(counts) => counts.new > 0,
            None if lamp.coming.any => true,
            None => return None,
        };
        Some(Shown {
            waiting: new && !self.cleared.has(mailbox),
            counts: lamp.counts,
        })
    }

    /// Tells everybody what a lamp shows, where it is another thing than they know.
    fn tell(&mut self, mailbox: &MailboxId) {
        let shown = self.shown(mailbox);
        let Some(lamp) = self.by_mailbox.get(mailbox) else {
            return;
        };
        if let Some(shown) = shown {
            for number in &lamp.numbers {
                self.peers.want(number, shown);
            }
            self.contacts.want(mailbox, shown);
        }
        let telephones: Vec<SubscriptionId> = lamp.telephones.keys().copied().collect();
        for id in telephones {
            self.tell_one(mailbox, id);
        }
    }

    /// Tells one telephone what the lamp shows, where it is another thing than it knows.
    fn tell_one(&mut self, mailbox: &MailboxId, subscription: SubscriptionId) {
        let shown = self.shown(mailbox);
        let lamp = self.by_mailbox.get_mut(mailbox);
        let Some(telephone) = lamp.and_then(|lamp| lamp.telephones.get_mut(&subscription)) else {
            return;
        };
        let told = shown.map_or(Told::Unknown, Told::Shown);
        let before = std::mem::replace(&mut telephone.told, told);
        let body = shown.map(|shown| shown.body(&telephone.account));
        match (before, body) {
            (Told::Nothing, body) => {
                self.sip(sip::Command::AcceptSubscription { subscription, body });
            }
            (Told::Unknown | Told::Shown(_), Some(body)) if before != told => {
                self.sip(sip::Command::Notify { subscription, body });
            }
            (Told::Unknown | Told::Shown(_), _) => {}
        }
    }

    /// There is a new message, and everybody knows.
    fn report_lit(&mut self, mailbox: &MailboxId) {
        let lit = self.shown(mailbox).is_some_and(|shown| shown.waiting);
        let Some(lamp) = self.by_mailbox.get(mailbox).filter(|_| lit) else {
            return;
        };
        let registered = self.contacts.listening(mailbox);
        let told = lamp.telephones.len() + lamp.numbers.len() * self.peers.len() + registered;
        let telephones = u32::try_from(told).unwrap_or(u32::MAX);
        if telephones > 0 {
            let mailbox = mailbox.clone();
            self.out.push_back(Command::Lit {
                mailbox,
                telephones,
            });
        }
    }

    /// Sends as much as may be under way.
    fn send(&mut self, now: Mono) {
        self.peers.send(now, &mut self.out);
        self.contacts.send(&mut self.out);
    }

    fn remember(&mut self) {
        let text = self.cleared.print();
        self.out.push_back(Command::Remember(text));
    }

    fn sip(&mut self, command: sip::Command) {
        self.out.push_back(Command::Sip(command));
    }
}

/// The subscriber an address names, and the account as it was named.
fn find<'a>(address: &Address, roster: &'a Roster) -> Option<(&'a Profile, String)> {
    let number = DialString::parse(&address.user).ok()?;
    let owner = roster.by_number(number.as_str())?;
    Some((owner, account(&number, &address.host)))
}

/// The owner of a device, which hears of their lamp and no other.
fn own<'a>(mailbox: &MailboxId, host: &str, roster: &'a Roster) -> Option<(&'a Profile, String)> {
    let owner = roster.by_mailbox(mailbox)?;
    let number = DialString::parse(mailbox.as_str()).ok()?;
    Some((owner, account(&number, host)))
}

/// Every number of a subscriber once.
fn numbers(owner: &Profile) -> Vec<DialString> {
    let own = DialString::parse(owner.mailbox.as_str()).ok();
    let mut numbers: Vec<DialString> = own.into_iter().collect();
    for number in &owner.numbers {
        if !numbers.contains(number) {
            numbers.push(number.clone());
        }
    }
    numbers
}
