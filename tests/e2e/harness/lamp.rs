//! A telephone made by hand that subscribes to a message-waiting lamp.

use super::Server;
use super::sip::{Link, Message, Request, unique};
use super::wait::seconds;
use std::time::{Duration, Instant};

/// A telephone that subscribed to a lamp and answers each NOTIFY.
#[derive(Debug)]
pub(crate) struct Lamp {
    link: Link,
    server: std::net::SocketAddr,
    pub(crate) call_id: String,
    from: String,
    pub(crate) to: String,
    cseq: u32,
    last_branch: String,
}

impl Lamp {
    /// Subscribes; the NOTIFY is not taken yet.
    pub(crate) fn of(server: &Server, number: &str, expires: u32) -> Lamp {
        let address = server.address();
        let link = Link::udp(address);
        let mut lamp = Lamp {
            link,
            server: address,
            call_id: unique("lamp"),
            from: format!("<sip:{number}@127.0.0.1>;tag={}", unique("f")),
            to: format!("<sip:{number}@127.0.0.1>"),
            cseq: 0,
            last_branch: String::new(),
        };
        let ok = lamp.subscribe(number, expires);
        assert_eq!(ok.status(), Some(200), "{ok:?}");
        ok.header("to").expect("To").clone_into(&mut lamp.to);
        lamp
    }

    /// Sends SUBSCRIBE; the answer.
    pub(crate) fn subscribe(&mut self, number: &str, expires: u32) -> Message {
        self.cseq += 1;
        let request = Request {
            from: self.from.clone(),
            to: self.to.clone(),
            call_id: self.call_id.clone(),
            cseq: self.cseq,
            ..Request::new("SUBSCRIBE", number, self.server, number)
        };
        let request = request
            .header("Event: message-summary")
            .header("Accept: application/simple-message-summary")
            .header(format!("Expires: {expires}"));
        let text = request.text(&self.link);
        self.link.send(&text);
        let within = seconds(5.0);
        self.link
            .final_answer("SUBSCRIBE", within)
            .expect("an answer to the SUBSCRIBE")
    }

    /// The next NOTIFY within this time, answered; repeats are passed over.
    pub(crate) fn notify(&mut self, within: Duration) -> Option<Message> {
        let end = Instant::now() + within;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let message = self.link.receive(left)?;
            if message.method() != "NOTIFY" || message.status().is_some() {
                continue;
            }
            self.link.send(&message.answer("200 OK", ""));
            let branch = message.header("via").unwrap_or_default().to_owned();
            if branch != self.last_branch {
                self.last_branch = branch;
                return Some(message);
            }
        }
    }

    /// Takes NOTIFYs until one tells this; how long that took.
    pub(crate) fn await_state(&mut self, waiting: &str, counts: &str) -> Duration {
        self.await_one_of(waiting, &[counts])
    }

    /// The same where either of these counts is right.
    pub(crate) fn await_one_of(&mut self, waiting: &str, counts: &[&str]) -> Duration {
        let begun = Instant::now();
        loop {
            let notify = self.notify(seconds(10.0));
            let notify = notify.unwrap_or_else(|| panic!("no NOTIFY of {waiting} {counts:?}"));
            if counts
                .iter()
                .any(|counts| says(&notify.body, waiting, counts))
            {
                return begun.elapsed();
            }
        }
    }
}

/// Whether a summary says this: `yes` or `no`, and `new/saved`.
pub(crate) fn says(body: &str, waiting: &str, counts: &str) -> bool {
    let waiting = format!("Messages-Waiting: {waiting}\r\n");
    let counts = format!("Voice-Message: {counts} (");
    body.starts_with(&waiting) && body.contains(&counts)
}
