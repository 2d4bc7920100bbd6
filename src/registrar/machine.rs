//! The machine of the registrar: see the module.

use super::Command;
use super::bindings::{Binding, BindingId, Bindings, Change, Gone, Terms, Unbound};
use super::digest::fits;
use super::guard::{Guard, Source, Tried};
use super::nonce::Nonces;
use crate::base::{DeviceId, DialString, DigestAlgorithm, MailboxId, Mono, Now};
use crate::sip::{
    self, Address, Authenticated, Challenge, Claim, ClaimId, ConnectionId, Credentials, Refusal,
    Register, Wanted, Way,
};
use crate::subscriber::{Device, Devices, Profile, Roster};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// When whoever asks too often may come again.
const COMEBACK: Duration = Duration::from_secs(5);
/// The user and host of a caller who withholds the number (RFC 3323 section 4.1.1.3).
const ANONYMOUS: &str = "anonymous";
const ANONYMOUS_HOST: &str = "anonymous.invalid";

/// The settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The realm of every challenge; without quotes and backslashes.
    pub realm: String,
    /// The algorithms that may be answered with, the best first.
    pub algorithms: Vec<DigestAlgorithm>,
    /// How long a contact is bound that names no time.
    pub usual_expires: Duration,
    /// The shortest time a contact is bound; a shorter one gets 423.
    pub least_expires: Duration,
    /// The longest.
    pub most_expires: Duration,
    /// Contacts of one device; one more displaces the one that ends first.
    pub contacts: usize,
    /// How long a nonce may be answered.
    pub nonce_life: Duration,
    /// Wrong answers of one source that ban it.
    pub tries: u32,
    /// The first ban.
    pub ban: Duration,
    /// Requests of one source that are looked at, each second.
    pub requests_a_second: u32,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            realm: "belpost".to_owned(),
            algorithms: vec![DigestAlgorithm::Sha256, DigestAlgorithm::Md5],
            usual_expires: Duration::from_secs(3_600),
            least_expires: Duration::from_secs(60),
            most_expires: Duration::from_secs(86_400),
            contacts: 10,
            nonce_life: Duration::from_secs(300),
            tries: 10,
            ban: Duration::from_secs(60),
            requests_a_second: 50,
        }
    }
}

/// Who is registered where, and who may say to be whom.
///
/// Feed one input with a `handle_` or `set_` method, drain [`Registrar::poll_command`] to `None`,
/// then ask [`Registrar::poll_timeout`] when to come back.
#[derive(Debug)]
pub struct Registrar {
    rules: Rules,
    devices: Devices,
    roster: Arc<Roster>,
    nonces: Nonces,
    guard: Guard,
    bindings: Bindings,
    out: VecDeque<Command>,
}

/// Why a request is not known to be of a device.
enum Unproven {
    /// Its answer is wrong, or not looked at.
    Wrong,
    /// Its nonce may not be answered.
    Stale,
}

impl Registrar {
    /// A registrar that knows these devices, without bindings. `key` seals the nonces: let it be
    /// random, and known to nobody.
    pub fn new(rules: Rules, devices: Devices, roster: Arc<Roster>, key: [u8; 32]) -> Registrar {
        Registrar {
            nonces: Nonces::new(key, rules.nonce_life),
            guard: Guard::new(rules.tries, rules.ban, rules.requests_a_second),
            bindings: Bindings::default(),
            out: VecDeque::new(),
            rules,
            devices,
            roster,
        }
    }

    /// How many contacts are bound.
    pub fn len(&self) -> usize {
        self.bindings.len()
    }

    /// Whether nothing is bound.
    pub fn is_empty(&self) -> bool {
        self.bindings.len() == 0
    }

    /// What is bound for a subscriber: every contact of every device.
    pub fn bindings(&self, mailbox: &MailboxId) -> impl Iterator<Item = &Binding> {
        let whose = mailbox.clone();
        self.bindings.all().filter(move |b| b.mailbox == whose)
    }

    /// The SIP machine reports; what is neither a registration nor a claim is ignored.
    pub fn handle_sip(&mut self, now: Now, event: sip::Event) {
        match event {
            sip::Event::Registering(register) => self.register(now, &register),
            sip::Event::Claimed(claim) => self.claim(now, &claim),
            sip::Event::Invite(_)
            | sip::Event::Acknowledged { .. }
            | sip::Event::OfferedAgain { .. }
            | sip::Event::InfoDigit { .. }
            | sip::Event::Bye { .. }
            | sip::Event::Ended { .. }
            | sip::Event::Ringing { .. }
            | sip::Event::Answered { .. }
            | sip::Event::Subscribed(_)
            | sip::Event::Unsubscribed { .. }
            | sip::Event::PeerNotified { .. } => {}
        }
    }

    /// A connection is gone.
    pub fn connection_lost(&mut self, connection: ConnectionId) {
        for change in self.bindings.lose(connection) {
            self.changed(change);
        }
    }

    /// What was bound in the last run. What is over by now, or has no device, is told as gone.
    pub fn handle_stored(&mut self, now: Now, stored: Vec<Binding>) {
        for binding in stored {
            let id = binding.id.clone();
            if !self.is_of_device(&id, &binding.mailbox) {
                self.changed(Change::Gone(id, Gone::NoDevice));
            } else if let Some(change) = self.bindings.bring(now, binding, self.rules.most_expires)
            {
                self.out.push_back(Command::Seen(change));
            } else {
                self.changed(Change::Gone(id, Gone::Expired));
            }
        }
    }

    /// What another node did. It is not told as a change of ours.
    pub fn handle_elsewhere(&mut self, now: Now, change: Change) {
        let seen = match change {
            Change::Bound(binding) | Change::Refreshed(binding) => {
                let known = self.is_of_device(&binding.id, &binding.mailbox);
                let most = self.rules.most_expires;
                known
                    .then(|| self.bindings.bring(now, binding, most))
                    .flatten()
            }
            Change::Gone(id, why) => self.bindings.remove(&id, why),
        };
        self.out.extend(seen.map(Command::Seen));
    }

    /// From now on these are the devices. What others had bound is gone.
    pub fn set_devices(&mut self, devices: Devices) {
        self.devices = devices;
        for device in self.bindings.devices() {
            if self.devices.by_name(&device).is_none() {
                self.guard.forget_device(&device);
                self.forget(&device);
            }
        }
    }

    /// From now on these are the subscribers.
    pub fn set_roster(&mut self, roster: Arc<Roster>) {
        self.roster = roster;
    }

    /// The time of [`Registrar::poll_timeout`] has come.
    pub fn handle_timeout(&mut self, now: Now) {
        for change in self.bindings.expire(now.mono) {
            self.changed(change);
        }
    }

    /// The next thing to do at the edge.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.out.pop_front()
    }

    /// When to call [`Registrar::handle_timeout`].
    pub fn poll_timeout(&self) -> Option<Mono> {
        self.bindings.next_end()
    }

    fn is_of_device(&self, id: &BindingId, mailbox: &MailboxId) -> bool {
        let device = self.devices.by_name(&id.device);
        device.is_some_and(|device| device.mailbox == *mailbox)
    }

    fn forget(&mut self, device: &DeviceId) {
        let ids: Vec<BindingId> = self
            .bindings
            .contacts(device)
            .map(|b| b.id.clone())
            .collect();
        for id in ids {
            let gone = self.bindings.remove(&id, Gone::NoDevice);
            self.out.extend(gone.map(Command::Changed));
        }
    }

    // ---- REGISTER ----

    fn register(&mut self, now: Now, register: &Register) {
        let (claim, way) = (register.claim, &register.way);
        let source = Source::of(way.source.ip());
        if !register.trusted && !self.guard.admits(now.mono, source) {
            return self.not_now(claim);
        }
        let answers = &register.credentials;
        let device = match self.identify(now.mono, (way, register.trusted), answers, "REGISTER") {
            Ok(device) => device,
            Err(unproven) => return self.challenge(now.mono, claim, way, &unproven),
        };
        if !self.guard.admits_device(now.mono, &device.name) {
            return self.not_now(claim);
        }
        let owner = self.roster.by_mailbox(&device.mailbox).cloned();
        if !owner.is_some_and(|owner| is_own(&register.aor, &device, &owner)) {
            return self.refuse(claim, 403, "this address belongs to another device");
        }
        self.bind(now, register, &device);
    }

    fn bind(&mut self, now: Now, register: &Register, device: &Device) {
        let claim = register.claim;
        let whose = (&device.name, &device.mailbox);
        let terms = self.terms();
        match self.bindings.register(now, whose, register, terms) {
            Ok(changes) => {
                for change in changes {
                    self.changed(change);
                }
                let bound = self.bindings.of(now.mono, &device.name);
                let outbound = register.outbound;
                self.sip(sip::Command::Bound {
                    claim,
                    bound,
                    outbound,
                });
            }
            Err(Unbound::TooBrief(least)) => self.sip(sip::Command::TooBrief { claim, least }),
            Err(Unbound::TooMany) => self.refuse(claim, 403, "too many contacts"),
            Err(Unbound::OutOfOrder) => {
                self.refuse(claim, 500, "a later REGISTER was served already");
            }
        }
    }

    fn terms(&self) -> Terms {
        Terms {
            usual: self.rules.usual_expires,
            least: self.rules.least_expires,
            most: self.rules.most_expires,
            contacts: self.rules.contacts,
        }
    }

    // ---- calls and subscriptions ----

    /// Somebody calls or subscribes who may be one of ours. Whoever does not say so calls as
    /// anybody may.
    fn claim(&mut self, now: Now, claim: &Claim) {
        let source = Source::of(claim.way.source.ip());
        if !self.guard.admits(now.mono, source) {
            return self.not_now(claim.claim);
        }
        let answers = &claim.credentials;
        let answered = answers
            .iter()
            .any(|answer| answer.realm == self.rules.realm);
        let asked = claim.wants == Wanted::Subscription
            || claim.says_ours
            || self.bindings.has_way(&claim.way);
        if !answered && !asked {
            let (claim, who) = (claim.claim, None);
            return self.sip(sip::Command::Admit { claim, who });
        }
        let method = claim.wants.method();
        match self.identify(now.mono, (&claim.way, false), answers, method) {
            Ok(device) if !self.guard.admits_device(now.mono, &device.name) => {
                self.not_now(claim.claim);
            }
            Ok(device) => self.admit(claim, &device),
            Err(unproven) => self.challenge(now.mono, claim.claim, &claim.way, &unproven),
        }
    }

    /// A device proved to be it. It speaks for its own subscriber, and asks for their lamp alone.
    fn admit(&mut self, claim: &Claim, device: &Device) {
        let Some(owner) = self.roster.by_mailbox(&device.mailbox).cloned() else {
            return self.refuse(claim.claim, 403, "this device has no subscriber");
        };
        let private = is_anonymous(&claim.from);
        let own = |address: &Address| is_own(address, device, &owner);
        let honest = match claim.wants {
            Wanted::Call => private || own(&claim.from),
            Wanted::Subscription => own(&claim.to) || own(&claim.request_uri),
        };
        if !honest {
            return self.refuse(
                claim.claim,
                403,
                "this device speaks for its own subscriber",
            );
        }
        let who = Authenticated {
            device: device.name.clone(),
            mailbox: device.mailbox.clone(),
            identity: identity(&claim.from, &owner),
            private,
        };
        self.sip(sip::Command::Admit {
            claim: claim.claim,
            who: Some(Box::new(who)),
        });
    }

    // ---- who it is ----

    /// The device that sent a request. Every answer to a nonce that may be answered costs the same,
    /// whoever it names.
    fn identify(
        &mut self,
        now: Mono,
        (way, trusted): (&Way, bool),
        answers: &[Credentials],
        method: &str,
    ) -> Result<Arc<Device>, Unproven> {
        let address = way.source.ip();
        let answer = self.best(answers).ok_or(Unproven::Wrong)?;
        let fresh = self
            .nonces
            .judge(now, address, &answer.nonce, answer.count)
            .ok_or(Unproven::Stale)?;
        let name = DeviceId::parse(&answer.username).ok();
        let device = name.and_then(|name| self.devices.by_name(&name)).cloned();
        let device = device.filter(|device| device.realm == self.rules.realm);
        let tried = self.tried(address, device.as_deref());
        let banned = !trusted && self.guard.is_banned(now, &tried);
        let secret = device
            .as_ref()
            .and_then(|device| device.secrets.under(answer.algorithm));
        let ha1 = secret.map_or(decoy(answer.algorithm), |ha1| ha1.reveal());
        let right = fits(answer, ha1, method) && secret.is_some();
        if let Some(device) = device.filter(|_| right && !banned) {
            self.nonces.spend(now, fresh, answer.count);
            self.guard.right(&tried);
            return Ok(device);
        }
        if !banned && !trusted {
            self.count_wrong(now, address, tried);
        }
        Err(Unproven::Wrong)
    }

    fn count_wrong(&mut self, now: Mono, address: IpAddr, tried: Tried) {
        tracing::debug!(%address, "a wrong digest answer");
        if let Some(ban) = self.guard.wrong(now, tried) {
            let seconds = ban.as_secs();
            tracing::warn!(%address, seconds, "too many wrong digest answers: banned for a while");
        }
    }

    /// The answer in the best algorithm, where there are several.
    fn best<'c>(&self, answers: &'c [Credentials]) -> Option<&'c Credentials> {
        let place = |answer: &&Credentials| {
            let algorithms = self.rules.algorithms.iter();
            let mut known = algorithms.enumerate();
            known.find(|(_, algorithm)| **algorithm == answer.algorithm)
        };
        let ours = answers.iter().filter(|a| a.realm == self.rules.realm);
        let served = ours.filter_map(|answer| Some((place(&answer)?.0, answer)));
        served.min_by_key(|(at, _)| *at).map(|(_, answer)| answer)
    }

    fn tried(&self, address: IpAddr, device: Option<&Device>) -> Tried {
        let source = Source::of(address);
        match device {
            Some(device) if self.bindings.is_bound_from(&device.name, address) => {
                Tried::Device(source, device.name.clone())
            }
            Some(_) | None => Tried::Source(source),
        }
    }

    // ---- answers ----

    fn challenge(&mut self, now: Mono, claim: ClaimId, way: &Way, unproven: &Unproven) {
        let challenge = Challenge {
            realm: self.rules.realm.clone(),
            nonce: self.nonces.issue(now, way.source.ip()),
            algorithms: self.rules.algorithms.clone(),
            stale: matches!(unproven, Unproven::Stale),
        };
        self.sip(sip::Command::Challenge { claim, challenge });
    }

    fn refuse(&mut self, claim: ClaimId, status: u16, why: &'static str) {
        let refusal = Refusal {
            status,
            retry_after: None,
            why,
        };
        self.sip(sip::Command::RefuseClaim { claim, refusal });
    }

    fn not_now(&mut self, claim: ClaimId) {
        let refusal = Refusal {
            status: 503,
            retry_after: Some(COMEBACK),
            why: "",
        };
        self.sip(sip::Command::RefuseClaim { claim, refusal });
    }

    fn changed(&mut self, change: Change) {
        self.out.push_back(Command::Changed(change));
    }

    fn sip(&mut self, command: sip::Command) {
        self.out.push_back(Command::Sip(command));
    }
}

#[cfg(test)]
impl Registrar {
    pub(super) fn check(&self) {
        self.bindings.check();
    }
}

/// Whether an address is one of a device's own: its name, or a number of its subscriber.
fn is_own(address: &Address, device: &Device, owner: &Profile) -> bool {
    let number = DialString::parse(&address.user).ok();
    let own = |number: DialString| owner.own_numbers().any(|own| own == number.as_str());
    address.user == device.name.as_str() || number.is_some_and(own)
}

fn is_anonymous(from: &Address) -> bool {
    from.user.eq_ignore_ascii_case(ANONYMOUS) || from.host.eq_ignore_ascii_case(ANONYMOUS_HOST)
}

/// What others see of a subscriber who calls: the number they chose among their own, else that of
/// the mailbox, and the name as it is known here.
fn identity(from: &Address, owner: &Profile) -> Address {
    let chosen = DialString::parse(&from.user).ok();
    let own = chosen.filter(|number| owner.own_numbers().any(|own| own == number.as_str()));
    Address {
        display: owner.name.clone(),
        user: own.map_or_else(|| owner.mailbox.to_string(), |number| number.to_string()),
        host: from.host.clone(),
        params: Vec::new(),
    }
}

/// What an answer for nobody is compared with: as long as the real thing, and no hash of anything.
fn decoy(algorithm: DigestAlgorithm) -> &'static str {
    match algorithm {
        DigestAlgorithm::Sha256 => {
            "0000000000000000000000000000000000000000000000000000000000000000"
        }
        DigestAlgorithm::Md5 => "00000000000000000000000000000000",
    }
}
