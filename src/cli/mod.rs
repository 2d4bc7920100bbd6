//! The command line: what may be typed, what it does, what it prints.
//!
//! In: arguments, standard input. Out: lines or JSON on standard output, faults on standard
//! error, an exit code: 0 done, 1 failed, 2 wrong command line. Each command is a file here; none
//! decides anything that a running server does.

mod arguments;
mod boxes;
mod check_config;
mod codes;
mod decode_sound;
mod device;
mod fault;
mod mailbox;
mod menus;
mod message;
mod passcode;
mod prompts;
mod self_test;
mod serve;
mod setting;
mod sound_file;
mod spool;
mod subscriber;
mod table;

pub use arguments::{SelfTestArgs, SelfTestTransport};

use arguments::{
    Arguments, Command, DeviceCommand, MailboxCommand, MenusCommand, MessageCommand, SpoolCommand,
    SubscriberCommand,
};
use clap::Parser;
use fault::CliFault;
use std::io::{self, Write};
use std::process::ExitCode;

/// Runs the command of this process's arguments.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    let mut out = io::stdout().lock();
    let outcome =
        run(&arguments.command, &mut out).and_then(|()| out.flush().map_err(CliFault::Output));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has seen enough (`belpost mailbox list | head`).
        Err(CliFault::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(fault) => {
            eprintln!("belpost: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command, out: &mut dyn Write) -> Result<(), CliFault> {
    match command {
        Command::Serve(args) => serve::run(args.config.as_deref(), out),
        Command::SelfTest(args) => self_test::run(args, out),
        Command::CheckConfig(args) => check_config::run(args, out),
        Command::Mailbox(MailboxCommand::List { read }) => mailbox::list(read, out),
        Command::Mailbox(MailboxCommand::Show { mailbox, read }) => {
            mailbox::show(mailbox, read, out)
        }
        Command::Mailbox(MailboxCommand::Export {
            mailbox,
            message,
            to,
            file,
        }) => mailbox::export(mailbox, *message, to.as_deref(), file, out),
        Command::Spool(SpoolCommand::List { read }) => spool::list(read, out),
        Command::Spool(SpoolCommand::Retry {
            messages,
            dead,
            file,
        }) => spool::retry(messages, *dead, file, out),
        Command::DecodeSound { purpose } => decode_sound::run(*purpose, out),
        Command::Message(MessageCommand::List {
            mailbox,
            since,
            read,
        }) => message::list(mailbox.as_ref(), *since, read, out),
        Command::Message(MessageCommand::Show { message, read }) => {
            message::show(*message, read, out)
        }
        // That it is meant is said by the command line being complete.
        Command::Spool(SpoolCommand::Drop { messages, file, .. }) => {
            spool::drop_messages(messages, file, out)
        }
        Command::Prompts(command) => prompts::run(command, out),
        Command::Menus(MenusCommand::Check { file }) => menus::check(file, out),
        Command::Menus(MenusCommand::Card {
            file,
            language,
            operators,
        }) => menus::card(file.as_deref(), *language, *operators, out),
        Command::Codes(command) => codes::run(command, out),
        Command::Subscriber(SubscriberCommand::List { read }) => subscriber::list(read, out),
        Command::Subscriber(SubscriberCommand::Show { mailbox, read }) => {
            subscriber::show(mailbox, read, out)
        }
        Command::Subscriber(SubscriberCommand::Set {
            mailbox,
            key,
            value,
            file,
        }) => subscriber::set(mailbox, (*key, value), file, out),
        Command::Subscriber(SubscriberCommand::ResetPasscode { mailbox, file }) => {
            subscriber::reset_passcode(mailbox, file, out)
        }
        Command::Subscriber(SubscriberCommand::Unlock { mailbox, file }) => {
            subscriber::unlock(mailbox, file, out)
        }
        Command::Device(DeviceCommand::Digest {
            name,
            mailbox,
            random,
            file,
        }) => device::digest(name, mailbox.as_ref(), *random, file, out),
        Command::Device(DeviceCommand::List { read }) => device::list(read, out),
        Command::HashPasscode => passcode::run(out),
        Command::Version => {
            writeln!(out, "belpost {}", env!("CARGO_PKG_VERSION")).map_err(CliFault::Output)
        }
    }
}

/// Prints a value as JSON, for other programs.
fn print_json(value: &impl serde::Serialize, out: &mut dyn Write) -> Result<(), CliFault> {
    serde_json::to_writer_pretty(&mut *out, value)
        .map_err(io::Error::from)
        .and_then(|()| writeln!(out))
        .map_err(CliFault::Output)
}

/// Prints text for people.
fn print(text: &str, out: &mut dyn Write) -> Result<(), CliFault> {
    out.write_all(text.as_bytes()).map_err(CliFault::Output)
}
