//! A registrar in front of the server, for a telephone that does nothing before it is registered:
//! REGISTER is answered here, all else goes to the server and back, octet for octet.

use super::sip::Message;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often the threads look whether they are to end.
const GLANCE: Duration = Duration::from_millis(50);

/// A running registrar.
#[derive(Debug)]
pub(crate) struct Registrar {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Registrar {
    /// Serves the telephone at `phone`, which sends to this socket.
    pub(crate) fn serve(front: UdpSocket, phone: SocketAddr, server: SocketAddr) -> Registrar {
        let back = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        back.connect(server).expect("a server");
        for socket in [&front, &back] {
            socket.set_read_timeout(Some(GLANCE)).expect("a time-out");
        }
        let over = Arc::new(AtomicBool::new(false));
        let (front, back) = (Arc::new(front), Arc::new(back));
        let to_server = {
            let (front, back, over) = (Arc::clone(&front), Arc::clone(&back), Arc::clone(&over));
            thread::spawn(move || to_server(&front, &back, &over))
        };
        let to_phone = {
            let over = Arc::clone(&over);
            thread::spawn(move || to_phone(&front, phone, &back, &over))
        };
        Registrar {
            over,
            threads: vec![to_server, to_phone],
        }
    }
}

fn to_server(front: &UdpSocket, back: &UdpSocket, over: &AtomicBool) {
    let mut buffer = vec![0; 65_536];
    while !over.load(Ordering::Relaxed) {
        let Ok((len, phone)) = front.recv_from(&mut buffer) else {
            continue;
        };
        let text = String::from_utf8_lossy(&buffer[..len]).into_owned();
        let answer = Message::parse(&text)
            .filter(|message| message.start.starts_with("REGISTER "))
            .map(|register| {
                let contact = register.header("contact").unwrap_or_default();
                let contact = contact.split(">;").next().unwrap_or_default();
                let contact = contact.trim_end_matches('>');
                register.answer("200 OK", &format!("Contact: {contact}>;expires=60\r\n"))
            });
        // A telephone that is gone is no longer answered.
        let _ = match answer {
            Some(answer) => front.send_to(answer.as_bytes(), phone),
            None => back.send(text.as_bytes()),
        };
    }
}

fn to_phone(front: &UdpSocket, phone: SocketAddr, back: &UdpSocket, over: &AtomicBool) {
    let mut buffer = vec![0; 65_536];
    while !over.load(Ordering::Relaxed) {
        if let Ok(len) = back.recv(&mut buffer) {
            let _ = front.send_to(&buffer[..len], phone);
        }
    }
}

impl Drop for Registrar {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
