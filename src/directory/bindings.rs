//! What is bound, as it is stored: a JSON document for each contact of each device.
//!
//! In: a [`Binding`]. Out: its row, and the same binding from it, but for the connection, which does
//! not outlive the server. Laws: a row that cannot be read is left out, as its telephone says soon
//! enough where it is; one that can is the binding that was stored.

use super::bindings_sql::BindingRow;
use crate::base::{DeviceId, MailboxId, Timestamp};
use crate::registrar::{Binding, BindingId};
use crate::sip::{Reach, Transport};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    mailbox: String,
    uri: String,
    q: u16,
    instance: Option<String>,
    reg_id: Option<u32>,
    outbound: bool,
    destination: SocketAddr,
    transport: TransportText,
    routes: Vec<String>,
    heard: SocketAddr,
    host: String,
    call_id: String,
    cseq: u32,
    agent: String,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TransportText {
    Udp,
    Tcp,
}

/// The row of a binding.
pub(super) fn row(binding: &Binding) -> Result<BindingRow, serde_json::Error> {
    let document = Document {
        mailbox: binding.mailbox.to_string(),
        uri: binding.contact.clone(),
        q: binding.q,
        instance: binding.instance.clone(),
        reg_id: binding.reg_id,
        outbound: binding.outbound,
        destination: binding.reach.destination,
        transport: match binding.reach.transport {
            Transport::Udp => TransportText::Udp,
            Transport::Tcp => TransportText::Tcp,
        },
        routes: binding.reach.routes.clone(),
        heard: binding.heard,
        host: binding.host.clone(),
        call_id: binding.call_id.clone(),
        cseq: binding.cseq,
        agent: binding.agent.clone(),
    };
    Ok(BindingRow {
        device: binding.id.device.to_string(),
        contact: binding.id.contact.clone(),
        until_ms: binding.until.as_millisecond(),
        document: serde_json::to_string(&document)?,
    })
}

/// The binding of a row.
pub(super) fn binding(row: &BindingRow) -> Option<Binding> {
    let document: Document = serde_json::from_str(&row.document).ok()?;
    Some(Binding {
        id: BindingId {
            device: DeviceId::parse(&row.device).ok()?,
            contact: row.contact.clone(),
        },
        mailbox: MailboxId::parse(&document.mailbox).ok()?,
        reach: Reach {
            uri: document.uri.clone(),
            destination: document.destination,
            transport: match document.transport {
                TransportText::Udp => Transport::Udp,
                TransportText::Tcp => Transport::Tcp,
            },
            connection: None,
            routes: document.routes,
        },
        contact: document.uri,
        q: document.q,
        instance: document.instance,
        reg_id: document.reg_id,
        outbound: document.outbound,
        heard: document.heard,
        host: document.host,
        call_id: document.call_id,
        cseq: document.cseq,
        agent: document.agent,
        until: Timestamp::from_millisecond(row.until_ms).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Store;
    use proptest::prelude::*;

    prop_compose! {
        fn any_binding()(
            (device, contact, mailbox) in ("[a-z]{1,8}", "[ -~]{1,40}", "[0-9]{1,8}"),
            (uri, host, call_id, agent) in (".{0,40}", ".{0,20}", ".{0,20}", ".{0,20}"),
            (q, reg_id, cseq) in (0_u16..=1_000, any::<Option<u32>>(), any::<u32>()),
            instance in proptest::option::of("<[a-z:]{0,20}>"),
            (outbound, tcp, port) in any::<(bool, bool, u16)>(),
            routes in proptest::collection::vec(".{0,20}", 0..3),
            until in 0_i64..4_000_000_000_000,
        ) -> Binding {
            Binding {
                id: BindingId { device: DeviceId::parse(&device).unwrap(), contact },
                mailbox: MailboxId::parse(&mailbox).unwrap(),
                contact: uri.clone(),
                q,
                instance,
                reg_id,
                outbound,
                reach: Reach {
                    uri,
                    destination: SocketAddr::from(([192, 0, 2, 1], port)),
                    transport: if tcp { Transport::Tcp } else { Transport::Udp },
                    connection: None,
                    routes,
                },
                heard: SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, port)),
                host,
                call_id,
                cseq,
                agent,
                until: Timestamp::from_millisecond(until).unwrap(),
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_bound_survives_its_row(bound in any_binding()) {
            let row = row(&bound).unwrap();
            prop_assert_eq!(binding(&row), Some(bound));
        }
    }

    #[test]
    fn what_is_bound_is_found_in_the_next_run_until_it_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("directory.db");
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let tree = any_binding().new_tree(&mut runner).unwrap();
        let first = proptest::strategy::ValueTree::current(&tree);
        let second = Binding {
            id: BindingId {
                contact: "another".to_owned(),
                ..first.id.clone()
            },
            ..first.clone()
        };
        let mut store = Store::open(&file, 1).unwrap();
        assert_eq!(store.bindings().unwrap(), []);
        store.put_binding(&first).unwrap();
        store.put_binding(&second).unwrap();
        let later = Binding {
            cseq: first.cseq.wrapping_add(1),
            ..first.clone()
        };
        store.put_binding(&later).unwrap();
        drop(store);
        let mut store = Store::open(&file, 2).unwrap();
        let mut found = store.bindings().unwrap();
        found.sort_by_key(|b| b.id != first.id);
        assert_eq!(found, [later, second.clone()]);
        store.remove_binding(&first.id).unwrap();
        store.remove_binding(&first.id).unwrap();
        assert_eq!(store.bindings().unwrap(), [second]);
    }

    #[test]
    fn a_row_that_cannot_be_read_is_left_out() {
        let bad = [
            ("de:sk", "{}"),
            ("desk", "{}"),
            ("desk", "[]"),
            ("desk", "{\"mailbox\":\"2001\",\"more\":1}"),
        ];
        for (device, document) in bad {
            let row = BindingRow {
                device: device.to_owned(),
                contact: "c".to_owned(),
                until_ms: 0,
                document: document.to_owned(),
            };
            assert_eq!(binding(&row), None, "{document}");
        }
    }
}
