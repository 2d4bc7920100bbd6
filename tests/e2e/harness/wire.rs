//! A stretch of wire in front of a server, which a test can cut: connections end at once and new
//! ones are hung up on; or stall: connections stand, new ones are taken, and nothing is carried.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// A wire to a port of this machine. Its threads end with their connections.
pub(crate) struct Wire {
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    cut: AtomicBool,
    over: AtomicBool,
    stalled: Mutex<bool>,
    /// It carries again, or is cut.
    moved: Condvar,
    /// Both ends of every connection.
    ends: Mutex<Vec<TcpStream>>,
}

impl Wire {
    /// A wire that carries.
    pub(crate) fn to(port: u16) -> Wire {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let near = listener.local_addr().expect("an address").port();
        let state = Arc::new(State::default());
        let carried = Arc::clone(&state);
        thread::spawn(move || carry_all(&listener, port, &carried));
        Wire { port: near, state }
    }

    /// Where it begins.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Carries nothing more, and ends nothing.
    pub(crate) fn stall(&self) {
        self.state.set_stalled(true);
    }

    /// Ends every connection, and hangs up on new ones.
    pub(crate) fn cut(&self) {
        self.state.cut.store(true, Ordering::SeqCst);
        for end in self.state.ends.lock().expect("the ends").drain(..) {
            let _gone = end.shutdown(Shutdown::Both);
        }
        self.state.set_stalled(false);
    }

    /// Carries again; what waited goes first.
    pub(crate) fn mend(&self) {
        self.state.cut.store(false, Ordering::SeqCst);
        self.state.set_stalled(false);
    }
}

impl State {
    fn set_stalled(&self, stalled: bool) {
        *self.stalled.lock().expect("the wire") = stalled;
        self.moved.notify_all();
    }

    fn wait_until_it_carries(&self) {
        let stalled = self.stalled.lock().expect("the wire");
        drop(self.moved.wait_while(stalled, |stalled| *stalled));
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.state.over.store(true, Ordering::SeqCst);
        self.cut();
        // The listener wakes for one more connection, and ends.
        let _woken = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

fn carry_all(listener: &TcpListener, port: u16, state: &Arc<State>) {
    for near in listener.incoming() {
        if state.over.load(Ordering::SeqCst) {
            return;
        }
        let far = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if let (Ok(near), Ok(far)) = (near, TcpStream::connect(far)) {
            carry(&near, &far, state);
        }
    }
}

fn carry(near: &TcpStream, far: &TcpStream, state: &Arc<State>) {
    let mut ends = state.ends.lock().expect("the ends");
    if state.cut.load(Ordering::SeqCst) {
        return;
    }
    for end in [near, far] {
        let _slow = end.set_nodelay(true);
        ends.push(end.try_clone().expect("an end"));
    }
    for (from, to) in [(near, far), (far, near)] {
        let (from, to) = (from.try_clone(), to.try_clone());
        let (from, to) = (from.expect("an end"), to.expect("an end"));
        let state = Arc::clone(state);
        thread::spawn(move || pass_on(from, to, &state));
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, state: &State) {
    let mut piece = [0; 16_384];
    while let Ok(octets @ 1..) = from.read(&mut piece) {
        state.wait_until_it_carries();
        if to.write_all(&piece[..octets]).is_err() {
            break;
        }
    }
    let _gone = to.shutdown(Shutdown::Both);
}
