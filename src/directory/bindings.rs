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
