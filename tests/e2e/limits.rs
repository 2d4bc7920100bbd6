//! Full: too many calls, too little disk, two servers in one folder. Each is told clearly, and
//! passes by itself.

use crate::harness::events::{TAKE_BEGAN, TAKE_KEPT};
use crate::harness::ports::free_port;
use crate::harness::process::Process;
use crate::harness::sound::{self, speech};
use crate::harness::{Dial, Server, Setup, seconds};
use crate::steps::{CALLER, await_line, leave_message, recording};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

#[test]
fn the_call_over_the_limit_is_told_to_come_back() {
    let server = Server::start_with(&Setup::new().line("sip", "max_calls = 1"));
    let first = Dial::new(server.address(), "2001", CALLER).answered();
    let refusal = Dial::new(server.address(), "2002", CALLER).refused(503);
    let retry = refusal.header("retry-after").expect("Retry-After");
    assert!(
        retry
            .split([' ', ';'])
            .next()
            .is_some_and(|s| s.parse::<u32>().is_ok()),
        "{retry}"
    );
    assert!(server.is_alive(), "OPTIONS are answered all the same");
    first.hang_up();
    Dial::new(server.address(), "2002", CALLER)
        .answered()
        .hang_up();
}

#[test]
fn without_its_reserve_of_disk_the_server_refuses_before_anything_is_said() {
    let hungry = Setup::new().line("spool", "reserve_mb = 1000000");
    let mut server = Server::start_with(&hungry);
    let mut call = Dial::new(server.address(), "2001", CALLER).answered();
    await_line(&server, &mut call, "deposit-unavailable");
    call.wait_for_end(seconds(15.0));
    assert!(
        !server.happened_in_all(call.id(), TAKE_BEGAN),
        "nothing is recorded"
    );
    let heard = call.voice().heard();
    assert!(
        sound::length(&heard) > 1.0 && !sound::is_silent(&heard),
        "the caller is told why"
    );
    assert_eq!(server.mailbox("2001").count(), 0);

    server.terminate();
    server.wait_for_end(seconds(25.0));
    server.reconfigure(&Setup::new());
    server.restart();
    leave_message(&server, "2001", CALLER, &speech(2.0, 1));
    server.await_messages("2001", 1);
}

#[test]
fn a_disk_that_fills_up_costs_no_message_and_empties_without_a_restart() {
    let folder = tempfile::Builder::new()
        .prefix("belpost-")
        .tempdir()
        .expect("a folder");
    let Some(disk) = SmallDisk::mount(&folder) else {
        eprintln!("no small disk can be mounted here: this law is not tested");
        return;
    };
    let server = Server::start_in(folder, &Setup::new().line("spool", "reserve_mb = 4"));
    let first = leave_message(&server, "2001", CALLER, &speech(2.0, 1));
    assert!(server.happened_in_all(&first, TAKE_KEPT));

    let mut call = recording(&server, Dial::new(server.address(), "2001", CALLER));
    let said = speech(5.0, 2);
    call.say(&said);
    disk.fill();
    call.say(&speech(3.0, 3));
    let id = call.id().to_owned();
    // What was heard before the disk was full may be kept or not, but nobody is told it is kept
    // when it is not.
    let kept = call.request("BYE", &[], None).status() == Some(200);
    assert_eq!(kept, server.happened_in_all(&id, TAKE_KEPT));
    drop(call);
    assert!(server.is_alive());

    let mut refused = Dial::new(server.address(), "2001", CALLER).answered();
    await_line(&server, &mut refused, "deposit-unavailable");
    refused.wait_for_end(seconds(15.0));

    disk.empty();
    crate::harness::eventually("the server takes messages again", seconds(20.0), || {
        let mut call = Dial::new(server.address(), "2002", CALLER).answered();
        call.press("#");
        call.wait(seconds(2.0));
        let began = server.happened(call.id(), TAKE_BEGAN);
        call.hang_up();
        began.then_some(())
    });
    let messages = server.await_messages("2001", 2).messages();
    let cut = messages
        .iter()
        .max_by(|a, b| a.length().total_cmp(&b.length()))
        .expect("two");
    assert!((3.0..8.5).contains(&cut.length()), "{} s", cut.length());
    let at = sound::find(&cut.sound, sound::cut(&said, 0.0, 2.5));
    assert!(at.is_some_and(|at| at < 0.5), "the words begin at {at:?}");
    drop(server);
    drop(disk);
}

/// A disk of a few megabytes under the spool; unmounted when dropped.
struct SmallDisk {
    place: PathBuf,
}

impl SmallDisk {
    /// `None` where this user may not mount.
    fn mount(folder: &TempDir) -> Option<SmallDisk> {
        let place = folder.path().join("spool");
        std::fs::create_dir(&place).expect("a folder");
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=8m,mode=0700", "belpost-e2e"])
            .arg(&place);
        let mounted = mount.output().is_ok_and(|out| out.status.success());
        mounted.then_some(SmallDisk { place })
    }

    /// Fills it to the last byte.
    fn fill(&self) {
        let _ = std::fs::write(self.filler(), vec![0; 9_000_000]);
    }

    fn empty(&self) {
        std::fs::remove_file(self.filler()).expect("the filler");
    }

    fn filler(&self) -> PathBuf {
        self.place.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.place).output();
    }
}

#[test]
fn a_second_server_on_the_same_spool_folder_refuses_to_start() {
    let server = Server::start();
    let other = tempfile::tempdir().expect("a folder");
    let place = format!(
        "folder = {:?}",
        server.folder().join("spool").display().to_string()
    );
    let text = Setup::new()
        .line("spool", place)
        .text(other.path(), free_port());
    let config = other.path().join("belpost.toml");
    std::fs::write(&config, text).expect("a configuration");
    let (status, said) = serve(&config, other.path());
    assert!(matches!(status, Some(1 | 2)), "{status:?}: {said}");
    assert!(said.contains("spool"), "{said}");
    assert!(server.is_alive());
    leave_message(&server, "2001", CALLER, &speech(2.0, 1));
    server.await_messages("2001", 1);
}

#[test]
fn a_configuration_that_cannot_be_read_ends_the_start_with_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = folder.path().join("missing.toml");
    let (status, said) = serve(&missing, folder.path());
    assert!(matches!(status, Some(1 | 2)), "{status:?}");
    assert!(said.contains("missing.toml"), "{said}");
    let (status, said) = serve(folder.path(), folder.path());
    assert!(matches!(status, Some(1 | 2)), "{status:?}: {said}");
}

#[test]
fn every_fault_of_a_configuration_is_told_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("belpost.toml");
    let text = "[sip]\nlisten = [\"udp:here:5060\"]\nmax_cals = 5\n\n[deposit]\n\
                max_message_s = \"long\"\n\n[nonsense]\n\n[[subscriber]]\nmailbox = \"20 01\"\n\
                passcode = \"1234\"\n";
    std::fs::write(&config, text).expect("a configuration");
    let mut check = Command::new(env!("CARGO_BIN_EXE_belpost"));
    check.arg("check-config").arg("--config").arg(&config);
    for command in [serve_command(&config), check] {
        let (status, said) = run(command, folder.path());
        assert!(matches!(status, Some(1 | 2)), "{status:?}: {said}");
        for line in [2, 3, 6, 8, 11, 12] {
            let place = format!("belpost.toml:{line}:");
            assert!(said.contains(&place), "{place} in\n{said}");
        }
        assert!(
            said.contains("max_calls"),
            "the likely name is told:\n{said}"
        );
    }
}

#[test]
fn a_port_that_is_taken_is_told() {
    let server = Server::start();
    let other = tempfile::tempdir().expect("a folder");
    let text = Setup::new().text(other.path(), server.address().port());
    let config = other.path().join("belpost.toml");
    std::fs::write(&config, text).expect("a configuration");
    let (status, said) = serve(&config, other.path());
    assert!(matches!(status, Some(1 | 2)), "{status:?}: {said}");
    assert!(
        said.contains(&server.address().port().to_string()),
        "{said}"
    );
    assert!(server.is_alive());
}

fn serve_command(config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_belpost"));
    command.arg("serve").arg("--config").arg(config);
    command
}

/// Starts a server that must end by itself; its exit code and what it printed.
fn serve(config: &Path, folder: &Path) -> (Option<i32>, String) {
    run(serve_command(config), folder)
}

fn run(mut command: Command, folder: &Path) -> (Option<i32>, String) {
    let log = folder.join("printed");
    let _ = std::fs::remove_file(&log);
    command.current_dir(folder);
    let mut process = Process::start(command, &log);
    let status = process.wait(seconds(20.0));
    let said = String::from_utf8_lossy(&std::fs::read(&log).unwrap_or_default()).into_owned();
    (status.and_then(|s| s.code()), said)
}

#[test]
fn a_spoilt_prompt_cache_is_made_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    std::fs::write(&cache, vec![0xA5; 100_000]).expect("a file");
    let setup = Setup::new().line(
        "prompts",
        format!("cache = {:?}", cache.display().to_string()),
    );
    let server = Server::start_with(&setup);
    let mut call = Dial::new(server.address(), "2002", CALLER).answered();
    call.wait(seconds(2.0));
    let heard = call.hang_up().heard();
    assert!(
        !sound::is_silent(sound::cut(&heard, 0.5, 1.0)),
        "the greeting is heard"
    );
    assert_ne!(std::fs::metadata(&cache).expect("the cache").len(), 100_000);
}
