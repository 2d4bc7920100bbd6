//! What is bound: which contacts of which device, and until when (RFC 3261 section 10.3).
//!
//! In: what a REGISTER wishes, the time, connections that are lost, bindings that were stored or
//! made elsewhere. Out: every [`Change`]. Pure look-ups stay in step with the bindings: by device, by
//! the way a device was heard, by connection, by end.

use crate::base::{DeviceId, MailboxId, Mono, Now, Timestamp};
use crate::sip::{Bound, ConnectionId, Contact, Reach, Register, Transport, Way, Wish};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// One contact of one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Which contact of which device.
    pub id: BindingId,
    /// Whose device it is.
    pub mailbox: MailboxId,
    /// The Contact URI as it was written.
    pub contact: String,
    /// How much it is preferred, in thousandths.
    pub q: u16,
    /// The `+sip.instance` (RFC 5626 section 4.1).
    pub instance: Option<String>,
    /// The `reg-id`.
    pub reg_id: Option<u32>,
    /// Whether it is reached by the flow it was bound by and no other.
    pub outbound: bool,
    /// How it is reached.
    pub reach: Reach,
    /// Where it was heard from.
    pub heard: SocketAddr,
    /// The host of its address-of-record, as the device wrote it.
    pub host: String,
    /// The Call-ID of the REGISTER that bound it last.
    pub call_id: String,
    /// The CSeq of that REGISTER.
    pub cseq: u32,
    /// The User-Agent of it.
    pub agent: String,
    /// When it ends.
    pub until: Timestamp,
}

/// The name of a binding: the device, and what tells its contacts apart. That is the instance with
/// its `reg-id` where a flow is kept (RFC 5626 section 6), else the URI.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BindingId {
    /// The device.
    pub device: DeviceId,
    /// Which of its contacts.
    pub contact: String,
}

/// Why a binding is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// The device wished it.
    Wished,
    /// Its time was over.
    Expired,
    /// Its flow broke, and it is reached by no other.
    FlowLost,
    /// The device has more contacts than it may, and this was the first to end.
    Displaced,
    /// There is no such device any more.
    NoDevice,
}

/// What happened to one binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Bound(Binding),
    /// It lasts longer, or is reached in another way.
    Refreshed(Binding),
    /// It is over.
    Gone(BindingId, Gone),
}

/// Why a REGISTER does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unbound {
    /// It is older than what is bound (section 10.3 steps 6 and 7).
    OutOfOrder,
    /// It asks for less than this.
    TooBrief(Duration),
    /// It binds more contacts than a device may have.
    TooMany,
}

/// How long contacts are bound, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    /// Where a REGISTER names no time.
    pub(super) usual: Duration,
    pub(super) least: Duration,
    pub(super) most: Duration,
    /// Contacts of one device.
    pub(super) contacts: usize,
}

/// A way, but for its connection.
type Flow = (SocketAddr, Transport);

#[derive(Debug)]
struct Live {
    binding: Binding,
    until: Mono,
}

impl Live {
    fn flow(&self) -> Flow {
        (self.binding.heard, self.binding.reach.transport)
    }
}

/// All bindings.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    all: BTreeMap<BindingId, Live>,
    ends: BTreeSet<(Mono, BindingId)>,
    flows: HashMap<Flow, usize>,
    connections: HashMap<ConnectionId, BTreeSet<BindingId>>,
}

impl Bindings {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The contacts of a device, as a REGISTER is answered.
    pub(super) fn of(&self, now: Mono, device: &DeviceId) -> Vec<Bound> {
        let live = self.live(device);
        live.map(|live| Bound {
            uri: live.binding.contact.clone(),
            left: live.until - now,
            q: live.binding.q,
            instance: live.binding.instance.clone(),
            reg_id: live.binding.reg_id,
        })
        .collect()
    }

    /// The contacts of a device.
    pub(super) fn contacts(&self, device: &DeviceId) -> impl Iterator<Item = &Binding> {
        self.live(device).map(|live| &live.binding)
    }

    /// Whether something is bound by this way.
    pub(super) fn has_way(&self, way: &Way) -> bool {
        self.flows.contains_key(&(way.source, way.transport))
    }

    /// Whether a device is bound from this address.
    pub(super) fn is_bound_from(&self, device: &DeviceId, address: IpAddr) -> bool {
        let here = address.to_canonical();
        self.live(device)
            .any(|live| live.binding.heard.ip().to_canonical() == here)
    }

    fn live(&self, device: &DeviceId) -> impl Iterator<Item = &Live> {
        let device = device.clone();
        let first = BindingId {
            device: device.clone(),
            contact: String::new(),
        };
        let from = self.all.range(first..);
        from.take_while(move |(id, _)| id.device == device)
            .map(|(_, live)| live)
    }

    /// Does all that a REGISTER of a device wishes, or nothing.
    pub(super) fn register(
        &mut self,
        now: Now,
        (device, mailbox): (&DeviceId, &MailboxId),
        register: &Register,
        terms: Terms,
    ) -> Result<Vec<Change>, Unbound> {
        match &register.wish {
            Wish::Look => Ok(Vec::new()),
            Wish::Clear => self.clear(device, register),
            Wish::Bind(contacts) => {
                let wished = wished(device, register, contacts, terms)?;
                self.check_order(wished.iter().map(|(id, ..)| id), register)?;
                Ok(self.bind(now, mailbox, register, wished, terms))
            }
        }
    }

    fn clear(&mut self, device: &DeviceId, register: &Register) -> Result<Vec<Change>, Unbound> {
        let ids: Vec<BindingId> = self.contacts(device).map(|b| b.id.clone()).collect();
        self.check_order(ids.iter(), register)?;
        let gone = ids.into_iter();
        Ok(gone
            .filter_map(|id| self.remove(&id, Gone::Wished))
            .collect())
    }

    fn check_order<'a>(
        &self,
        mut ids: impl Iterator<Item = &'a BindingId>,
        register: &Register,
    ) -> Result<(), Unbound> {
        let newer = |id: &BindingId| {
            self.all.get(id).is_none_or(|live| {
                live.binding.call_id != register.call_id || live.binding.cseq < register.cseq
            })
        };
        if ids.all(newer) {
            Ok(())
        } else {
            Err(Unbound::OutOfOrder)
        }
    }

    fn bind(
        &mut self,
        now: Now,
        mailbox: &MailboxId,
        register: &Register,
        wished: Vec<(BindingId, &Contact, Duration)>,
        terms: Terms,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        let these: BTreeSet<BindingId> = wished.iter().map(|(id, ..)| id.clone()).collect();
        for (id, contact, span) in wished {
            let device = id.device.clone();
            if span.is_zero() {
                changes.extend(self.remove(&id, Gone::Wished));
                continue;
            }
            let binding = Binding {
                id,
                mailbox: mailbox.clone(),
                contact: contact.uri.clone(),
                q: contact.q,
                instance: contact.instance.clone(),
                reg_id: contact.reg_id,
                outbound: register.outbound,
                reach: contact.reach.clone(),
                heard: register.way.source,
                host: register.aor.host.clone(),
                call_id: register.call_id.clone(),
                cseq: register.cseq,
                agent: register.agent.clone(),
                until: now.after(span).wall,
            };
            changes.push(self.put(binding, now.mono + span));
            changes.extend(self.make_room(&device, &these, terms.contacts));
        }
        changes
    }

    /// One contact too many: the one that ends first goes, but for those of this REGISTER. A
    /// telephone that takes a new port at every start is never shut out by its old ones.
    fn make_room(
        &mut self,
        device: &DeviceId,
        these: &BTreeSet<BindingId>,
        most: usize,
    ) -> Option<Change> {
        if self.live(device).count() <= most {
            return None;
        }
        let others = self
            .live(device)
            .filter(|live| !these.contains(&live.binding.id));
        let first = others.min_by_key(|live| live.until)?.binding.id.clone();
        self.remove(&first, Gone::Displaced)
    }

    /// A binding that was stored or made elsewhere; `None` where its time is over.
    pub(super) fn bring(&mut self, now: Now, binding: Binding, most: Duration) -> Option<Change> {
        let left = Duration::try_from(binding.until.duration_since(now.wall)).ok()?;
        // However the clocks are set, it is not bound for longer than it could have asked for.
        let left = left.min(most);
        (!left.is_zero()).then(|| self.put(binding, now.mono + left))
    }

    /// Binds; what was bound so before is no longer.
    fn put(&mut self, binding: Binding, until: Mono) -> Change {
        let id = binding.id.clone();
        let before = self.take(&id);
        let live = Live {
            binding: binding.clone(),
            until,
        };
        self.ends.insert((until, id.clone()));
        *self.flows.entry(live.flow()).or_default() += 1;
        if let Some(connection) = binding.reach.connection {
            let there = self.connections.entry(connection).or_default();
            there.insert(id.clone());
        }
        self.all.insert(id, live);
        match before {
            None => Change::Bound(binding),
            Some(_) => Change::Refreshed(binding),
        }
    }

    fn take(&mut self, id: &BindingId) -> Option<Live> {
        let live = self.all.remove(id)?;
        self.ends.remove(&(live.until, id.clone()));
        let flow = live.flow();
        if let Some(count) = self.flows.get_mut(&flow) {
            *count -= 1;
            if *count == 0 {
                self.flows.remove(&flow);
            }
        }
        if let Some(connection) = live.binding.reach.connection
            && let Some(there) = self.connections.get_mut(&connection)
        {
            there.remove(id);
            if there.is_empty() {
                self.connections.remove(&connection);
            }
        }
        Some(live)
    }

    /// Removes a binding.
    pub(super) fn remove(&mut self, id: &BindingId, why: Gone) -> Option<Change> {
        let live = self.take(id)?;
        Some(Change::Gone(live.binding.id, why))
    }

    /// A connection is gone: what is reached by it alone is too.
    pub(super) fn lose(&mut self, connection: ConnectionId) -> Vec<Change> {
        let ids = self.connections.remove(&connection).unwrap_or_default();
        let mut changes = Vec::new();
        for id in ids {
            let Some(live) = self.all.get_mut(&id) else {
                continue;
            };
            live.binding.reach.connection = None;
            if live.binding.outbound {
                changes.extend(self.remove(&id, Gone::FlowLost));
            }
        }
        changes
    }

    /// The bindings whose time is over.
    pub(super) fn expire(&mut self, now: Mono) -> Vec<Change> {
        let mut changes = Vec::new();
        while let Some((until, id)) = self.ends.first().cloned()
            && until <= now
        {
            changes.extend(self.remove(&id, Gone::Expired));
            self.ends.remove(&(until, id));
        }
        changes
    }

    /// When the next one ends.
    pub(super) fn next_end(&self) -> Option<Mono> {
        self.ends.first().map(|(until, _)| *until)
    }

    /// The devices that have bindings.
    pub(super) fn devices(&self) -> BTreeSet<DeviceId> {
        self.all.keys().map(|id| id.device.clone()).collect()
    }

    /// Every binding.
    pub(super) fn all(&self) -> impl Iterator<Item = &Binding> {
        self.all.values().map(|live| &live.binding)
    }
}

#[cfg(test)]
impl Bindings {
    /// The look-ups say the same as the bindings.
    pub(super) fn check(&self) {
        let ends: BTreeSet<_> = self
            .all
            .iter()
            .map(|(id, live)| (live.until, id.clone()))
            .collect();
        assert_eq!(self.ends, ends);
        let mut flows = HashMap::new();
        let mut connections: HashMap<ConnectionId, BTreeSet<BindingId>> = HashMap::new();
        for (id, live) in &self.all {
            *flows.entry(live.flow()).or_insert(0) += 1;
            if let Some(connection) = live.binding.reach.connection {
                connections
                    .entry(connection)
                    .or_default()
                    .insert(id.clone());
            }
        }
        assert_eq!(self.flows, flows);
        assert_eq!(self.connections, connections);
    }
}

/// The contacts with how long each is to be bound, once each: the last word about one counts.
fn wished<'r>(
    device: &DeviceId,
    register: &Register,
    contacts: &'r [Contact],
    terms: Terms,
) -> Result<Vec<(BindingId, &'r Contact, Duration)>, Unbound> {
    let mut wished: Vec<(BindingId, &Contact, Duration)> = Vec::new();
    for contact in contacts {
        let asked = contact.expires.unwrap_or(terms.usual);
        if !asked.is_zero() && asked < terms.least {
            return Err(Unbound::TooBrief(terms.least));
        }
        let id = BindingId {
            device: device.clone(),
            contact: name(register.outbound, contact),
        };
        wished.retain(|(other, ..)| *other != id);
        wished.push((id, contact, asked.min(terms.most)));
    }
    let binding = wished.iter().filter(|(.., span)| !span.is_zero());
    if binding.count() > terms.contacts {
        return Err(Unbound::TooMany);
    }
    Ok(wished)
}

/// What tells the contacts of a device apart. The two kinds cannot be taken for one another: an
/// instance begins with `<`.
fn name(outbound: bool, contact: &Contact) -> String {
    match (outbound, &contact.instance, contact.reg_id) {
        (true, Some(instance), Some(id)) => format!("{instance};{id}"),
        _ => contact.key.clone(),
    }
}
