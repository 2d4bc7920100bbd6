//! What subscribers have set, from the telephone to the database and back: changes made beside a
//! running server, restarts, locks, and passcodes that are nowhere to be read.

use crate::harness::setup::PASSCODE;
use crate::harness::{Call, Dial, Server, Setup, eventually, seconds};
use crate::steps::{SEEN, reset, says, subscriber};
use std::path::Path;

/// A passcode that is nobody's, in figures that stand nowhere by chance.
const WRONG: &str = "9182736450";

/// The portal, dialled from a subscriber's own telephone.
fn portal(server: &Server, number: &str) -> Call {
    Dial::new(server.address(), "1233", number).answered()
}

/// Types a wrong passcode, and waits until it is called wrong for the nth time in this call.
fn mistypes(server: &Server, call: &mut Call, nth: usize) {
    call.press(&format!("{WRONG}#"));
    call.wait_until("a wrong passcode is called so", seconds(20.0), |call| {
        let events = server.events_of(call.id());
        (events.iter().filter(|e| e.says("login-wrong")).count() >= nth).then_some(())
    });
}

/// A line of `belpost subscriber show`.
fn shown(server: &Server, mailbox: &str, name: &str) -> String {
    let sheet = subscriber(server, &["show", mailbox]);
    let line = sheet.lines().find(|line| line.starts_with(name));
    let line = line.unwrap_or_else(|| panic!("no line {name}: {sheet}"));
    line[name.len()..].trim().to_owned()
}

/// Waits until the subscriber has logged in this often.
fn await_log_ins(server: &Server, mailbox: &str, count: &str) {
    eventually("the log-in is counted", seconds(20.0), || {
        (shown(server, mailbox, "log-ins") == count).then_some(())
    });
}

#[test]
fn a_passcode_an_operator_resets_opens_the_mailbox_of_the_running_server_and_the_old_one_does_not()
{
    let mut server = Server::start();
    let passcode = reset(&server, "2001");
    std::thread::sleep(seconds(SEEN));
    let mut call = portal(&server, "2001");
    call.press(&format!("{PASSCODE}#"));
    call.wait_until("the old passcode is wrong", seconds(20.0), |call| {
        says(&server, call.id(), "login-wrong").then_some(())
    });
    call.press(&format!("{passcode}#"));
    await_log_ins(&server, "2001", "1");
    call.hang_up();
    subscriber(
        &server,
        &["set", "2001", "forward-busy", "on", "0612345678"],
    );
    server.kill();
    server.restart();
    assert_eq!(shown(&server, "2001", "forward-busy"), "on 0612345678");
    let mut call = portal(&server, "2001");
    call.press(&format!("{passcode}#"));
    await_log_ins(&server, "2001", "2");
    call.hang_up();
}

#[test]
fn wrong_passcodes_of_one_telephone_lock_it_out_of_every_mailbox_until_the_operator_lifts_it() {
    let mut server = Server::start();
    let mut call = portal(&server, "2001");
    for nth in 1..=3 {
        mistypes(&server, &mut call, nth);
    }
    call.hang_up();
    let mut call = portal(&server, "2001");
    call.press("*2002#");
    for nth in 1..=2 {
        mistypes(&server, &mut call, nth);
    }
    call.hang_up();
    eventually("the lock is on disk", seconds(5.0), || {
        let file = std::fs::read(server.folder().join("state/directory.db-wal")).ok()?;
        let text = String::from_utf8_lossy(&file).into_owned();
        text.contains("number:2001").then_some(())
    });
    server.kill();
    server.restart();
    let mut call = portal(&server, "2001");
    call.press(&format!("{PASSCODE}#"));
    call.wait_until("the telephone is locked", seconds(20.0), |call| {
        says(&server, call.id(), "login-locked").then_some(())
    });
    let mut other = portal(&server, "2002");
    other.press(&format!("{PASSCODE}#"));
    await_log_ins(&server, "2002", "1");
    other.hang_up();
    let passcode = reset(&server, "2001");
    std::thread::sleep(seconds(SEEN));
    let mut call = portal(&server, "2001");
    call.press(&format!("{passcode}#"));
    await_log_ins(&server, "2001", "1");
    call.hang_up();
}

#[test]
fn a_passcode_is_nowhere_to_be_read_not_even_in_a_log_of_everything() {
    let server = Server::start_with(&Setup::new().line("log", "level = \"trace\""));
    let mut call = portal(&server, "2001");
    mistypes(&server, &mut call, 1);
    call.press(&format!("{PASSCODE}#"));
    await_log_ins(&server, "2001", "1");
    call.hang_up();
    assert!(server.printed().len() > 1_000, "the log says little");
    for (file, octets) in files(server.folder()) {
        let holds = |figures: &str| {
            octets
                .windows(figures.len())
                .any(|w| w == figures.as_bytes())
        };
        assert!(!holds(WRONG), "{file}");
    }
}

/// Every file in a folder.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if let Ok(octets) = std::fs::read(&path) {
            found.push((path.display().to_string(), octets));
        }
    }
    found
}
