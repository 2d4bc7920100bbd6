//! What may be typed after `belpost`, and its help.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

use super::prompts::PromptsCommand;
use super::setting::Key;
use crate::base::{DeviceId, DialString, MailboxId, MessageId, TenantId};
use crate::feature::CardLanguage;
use crate::prompt::Grammar;

const EXAMPLES: &str = "\
Examples:
  belpost serve                                  run on the embedded defaults
  belpost serve --config /etc/belpost.toml       run on a file
  belpost check-config --config /etc/belpost.toml
  belpost hash-passcode                          make a passcode for a [[subscriber]]
  belpost mailbox list                           who has how many messages
  belpost spool list                             what is not delivered yet
  belpost message show MESSAGE                   what happened to a message
  belpost prompts import my-voice --set nl       try a voice of one's own
  belpost menus card my-menus.toml               print what each key does
  belpost subscriber show 2001                   what a subscriber has set
  belpost subscriber reset-passcode 2001         let one in who forgot the passcode
  belpost device digest 2001-desk --random       make the secret of a telephone

Exit codes: 0 done; 1 it failed, and standard error says why; 2 the command line is wrong.";

/// Voicemail and voice portal for a SIP network.
///
/// Calls that are diverted to this server leave a message; the owner of a mailbox dials the
/// portal and hears it.
#[derive(Debug, Parser)]
#[command(name = "belpost", version, after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run the server until SIGTERM or Ctrl-C.
    ///
    /// On the first signal no new call is taken, running recordings are kept and their callers
    /// told; the server ends when the last call has.
    Serve(ConfigArgs),
    /// Read a configuration and list all its faults and warnings.
    ///
    /// Nothing is started or changed. Exit code 1 means there are faults; warnings alone are 0.
    CheckConfig(CheckConfigArgs),
    /// Call a running server, leave a message and hear it back.
    ///
    /// A real call over SIP and RTP: deposit, mailbox, log-in, playback. Its message stays in the
    /// mailbox, saved. Keep a mailbox of its own for it.
    SelfTest(SelfTestArgs),
    /// Look into mailboxes.
    #[command(subcommand)]
    Mailbox(MailboxCommand),
    /// Look into the spool: messages not delivered to their mailbox yet.
    #[command(subcommand)]
    Spool(SpoolCommand),
    /// Find out what happened to messages.
    #[command(subcommand)]
    Message(MessageCommand),
    /// Bring in, hear and switch what callers hear.
    #[command(subcommand)]
    Prompts(PromptsCommand),
    /// Check key maps, and print what each key does.
    #[command(subcommand)]
    Menus(MenusCommand),
    /// See and check the feature access codes.
    #[command(subcommand)]
    Codes(CodesCommand),
    /// See and change what subscribers have set: passcode, forwarding and the rest.
    #[command(subcommand)]
    Subscriber(SubscriberCommand),
    /// Make the secrets of telephones, and see where they are registered.
    #[command(subcommand)]
    Device(DeviceCommand),
    /// Make the hash of a passcode for a subscriber of the configuration.
    ///
    /// At a terminal the passcode is asked for twice and not shown; else it is the first line of
    /// standard input. The hash goes to standard output.
    HashPasscode,
    /// Decode a sound file; the server starts this for itself.
    #[command(hide = true)]
    DecodeSound {
        /// What the sound is for: message or prompt.
        #[arg(value_parser = crate::decoder::Purpose::parse, default_value = "message")]
        purpose: crate::decoder::Purpose,
    },
    /// Print the version.
    Version,
}

#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    /// The configuration file; without it the embedded defaults.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct CheckConfigArgs {
    #[command(flatten)]
    pub(super) file: ConfigArgs,
    /// Print one JSON object instead of lines for people.
    #[arg(long)]
    pub(super) json: bool,
}

/// What the self-test is told.
#[derive(Debug, Args)]
pub struct SelfTestArgs {
    /// The configuration file of the server to call, for its address and portal number.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The server's SIP address; without it where the configuration listens.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub server: Option<SocketAddr>,
    /// How to reach it.
    #[arg(long, value_enum, default_value_t = SelfTestTransport::Udp)]
    pub transport: SelfTestTransport,
    /// The mailbox to leave the message in.
    #[arg(long, value_name = "NUMBER", value_parser = parse_mailbox)]
    pub mailbox: MailboxId,
    /// The passcode of that mailbox. Other users of this machine can see it while the test runs:
    /// use a mailbox kept for tests.
    #[arg(long, value_name = "FIGURES")]
    pub passcode: String,
    /// The number of the voice portal; without it the first one configured.
    #[arg(long, value_name = "NUMBER", value_parser = parse_number)]
    pub portal: Option<DialString>,
    /// How long the whole test may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 120,
          value_parser = clap::value_parser!(u16).range(5..=600))]
    pub timeout: u16,
    /// Print one JSON object instead of lines for people.
    #[arg(long)]
    pub json: bool,
}

/// How the self-test reaches the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SelfTestTransport {
    /// By datagrams.
    Udp,
    /// By a stream.
    Tcp,
}

#[derive(Debug, Subcommand)]
pub(super) enum MailboxCommand {
    /// Count the messages of every mailbox.
    List {
        #[command(flatten)]
        read: ReadArgs,
    },
    /// List the messages of one mailbox, in the order its owner hears them.
    Show {
        /// The mailbox.
        #[arg(value_parser = parse_mailbox)]
        mailbox: MailboxId,
        #[command(flatten)]
        read: ReadArgs,
    },
    /// Write the sound of a message to a WAV file (16 bit, 8 kHz). The message stays as it is.
    Export {
        /// The mailbox.
        #[arg(value_parser = parse_mailbox)]
        mailbox: MailboxId,
        /// The message, as `mailbox show` names it.
        message: MessageId,
        /// The file to write; it must not exist yet. Without it MESSAGE.wav here.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
        #[command(flatten)]
        file: ConfigArgs,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum SpoolCommand {
    /// List what is being recorded, waits for delivery, or could not be delivered.
    ///
    /// One line for each way a message goes: into its mailbox, and by mail to each address.
    List {
        #[command(flatten)]
        read: ReadArgs,
    },
    /// Deliver a message now: one that waits, or one that could not be delivered.
    ///
    /// It goes only where it has not been. A running server takes it up within a second, a stopped
    /// one at its next start.
    Retry {
        /// The messages, as `spool list` names them.
        #[arg(required_unless_present = "dead", conflicts_with = "dead")]
        messages: Vec<MessageId>,
        /// All that could not be delivered.
        #[arg(long)]
        dead: bool,
        #[command(flatten)]
        file: ConfigArgs,
    },
    /// Remove a message from the spool for good. Nobody will hear it any more.
    ///
    /// A running server notices within a second; what it is delivering at that moment may still
    /// arrive. A message that is being recorded is left alone.
    Drop {
        /// The messages, as `spool list` names them.
        #[arg(required = true)]
        messages: Vec<MessageId>,
        /// That it is meant: there is no way back.
        #[arg(long, required = true)]
        yes: bool,
        #[command(flatten)]
        file: ConfigArgs,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum MessageCommand {
    /// List the messages of which something happened lately, the newest last.
    List {
        /// Only those of this mailbox.
        #[arg(long, value_name = "NUMBER", value_parser = parse_mailbox)]
        mailbox: Option<MailboxId>,
        /// From this day on, as in 2026-11-25, in UTC; without it the last seven days.
        #[arg(long, value_name = "DAY")]
        since: Option<jiff::civil::Date>,
        #[command(flatten)]
        read: ReadArgs,
    },
    /// Tell the story of a message, from its recording on, in the time of its mailbox.
    Show {
        /// The message, as `message list`, `spool list` and `mailbox show` name it.
        message: MessageId,
        #[command(flatten)]
        read: ReadArgs,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum MenusCommand {
    /// List all faults of a file of key maps, each with its line.
    ///
    /// The file is laid over the key maps compiled in, as `menus.file` of the configuration is.
    Check {
        /// The file.
        file: PathBuf,
    },
    /// Print the card of a file of key maps: what each key does, as Markdown.
    Card {
        /// The file; without it the key maps compiled in.
        file: Option<PathBuf>,
        /// The language of the card: nl or en.
        #[arg(long, default_value = "en", value_parser = parse_grammar)]
        language: Grammar,
        /// Print the card of those who change prompts by telephone.
        #[arg(long)]
        operators: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum CodesCommand {
    /// List all faults of a file of feature access codes, each with its line.
    ///
    /// The file is laid over the codes compiled in, as `codes.file` of the configuration is, and
    /// held against the numbers of that configuration.
    Check {
        /// The file of codes.
        codes: PathBuf,
        #[command(flatten)]
        file: ConfigArgs,
    },
    /// List the codes there are, and what an operator should know of them.
    List {
        /// Those of this tenant; without it everybody's.
        #[arg(long, value_name = "NAME", value_parser = parse_tenant)]
        tenant: Option<TenantId>,
        #[command(flatten)]
        read: ReadArgs,
    },
    /// Print the card of the codes, as Markdown: what each does, for subscribers.
    Card {
        /// The language of the card: nl or en.
        #[arg(long, default_value = "en", value_parser = parse_card_language)]
        language: CardLanguage,
        /// The codes of this tenant; without it everybody's.
        #[arg(long, value_name = "NAME", value_parser = parse_tenant)]
        tenant: Option<TenantId>,
        #[command(flatten)]
        file: ConfigArgs,
    },
    /// Tell which service these keys are for: `explain '*720612345678'`.
    Explain {
        /// What is dialled; quote it for the shell.
        keys: String,
        /// By a subscriber of this tenant.
        #[arg(long, value_name = "NAME", value_parser = parse_tenant)]
        tenant: Option<TenantId>,
        #[command(flatten)]
        read: ReadArgs,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum SubscriberCommand {
    /// List everybody, with what is switched on.
    List {
        #[command(flatten)]
        read: ReadArgs,
    },
    /// Show all that a subscriber has set. Passcodes are not shown.
    Show {
        /// The mailbox.
        #[arg(value_parser = parse_mailbox)]
        mailbox: MailboxId,
        #[command(flatten)]
        read: ReadArgs,
    },
    /// Set one thing for a subscriber: `set 2001 forward-busy on 0612345678`.
    ///
    /// A running server takes it up within a second. The rules for subscribers do not bind you:
    /// a call can be forwarded to any number.
    Set {
        /// The mailbox.
        #[arg(value_parser = parse_mailbox)]
        mailbox: MailboxId,
        /// What to set.
        #[arg(value_enum)]
        key: Key,
        /// To what, as the key says.
        #[arg(required = true, num_args = 1..=2)]
        value: Vec<String>,
        #[command(flatten)]
        file: ConfigArgs,
    },
    /// Give a subscriber a new passcode, and lift the lock that wrong ones brought.
    ///
    /// It is made at random, printed once, and must be changed at the next log-in.
    ResetPasscode {
        /// The mailbox.
        #[arg(value_parser = parse_mailbox)]
        mailbox: MailboxId,
        #[command(flatten)]
        file: ConfigArgs,
    },
    /// Lift the lock that wrong passcodes brought: of the mailbox, and of its owner's numbers.
    Unlock {
        /// The mailbox.
        #[arg(value_parser = parse_mailbox)]
        mailbox: MailboxId,
        #[command(flatten)]
        file: ConfigArgs,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum DeviceCommand {
    /// Make the digests of a password for a [[device]] of the configuration.
    ///
    /// At a terminal the password is asked for twice and not shown; else it is the first line of
    /// standard input. The lines for the configuration go to standard output.
    Digest {
        /// The name of the device: what the telephone calls user or authentication name.
        #[arg(value_parser = parse_device)]
        name: DeviceId,
        /// Whose telephone it is, for the lines.
        #[arg(long, value_name = "NUMBER", value_parser = parse_mailbox)]
        mailbox: Option<MailboxId>,
        /// Make a password at random and show it once, on standard error.
        #[arg(long)]
        random: bool,
        #[command(flatten)]
        file: ConfigArgs,
    },
    /// List every device, with where it is registered.
    List {
        #[command(flatten)]
        read: ReadArgs,
    },
}

#[derive(Debug, Args)]
pub(super) struct ReadArgs {
    #[command(flatten)]
    pub(super) file: ConfigArgs,
    /// Print JSON instead of a table.
    #[arg(long)]
    pub(super) json: bool,
}

fn parse_mailbox(text: &str) -> Result<MailboxId, String> {
    MailboxId::parse(text).map_err(|fault| fault.to_string())
}

fn parse_device(text: &str) -> Result<DeviceId, String> {
    DeviceId::parse(text).map_err(|fault| fault.to_string())
}

fn parse_number(text: &str) -> Result<DialString, String> {
    DialString::parse(text).map_err(|fault| fault.to_string())
}

fn parse_tenant(text: &str) -> Result<TenantId, String> {
    TenantId::parse(text).map_err(|fault| fault.to_string())
}

fn parse_card_language(text: &str) -> Result<CardLanguage, String> {
    match text {
        "nl" => Ok(CardLanguage::Dutch),
        "en" => Ok(CardLanguage::English),
        _ => Err("there are cards in nl and en".to_owned()),
    }
}

fn parse_grammar(text: &str) -> Result<Grammar, String> {
    Grammar::parse(text).ok_or_else(|| "there are cards in nl and en".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_and_option_has_a_help_text() {
        fn check(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{}", argument.get_id());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Arguments::command());
    }

    #[test]
    fn wrong_command_lines_are_refused() {
        for line in [
            "belpost",
            "belpost serve extra",
            "belpost mailbox show ../etc",
            "belpost mailbox export 2001 7",
            "belpost spool retry",
            "belpost message show",
            "belpost message list --since yesterday",
            "belpost spool drop --yes",
            "belpost spool drop 0192f3a4-0000-7000-8000-000000000001",
            "belpost prompts show ../nl",
            "belpost prompts import x",
            "belpost prompts import x --set nl --clip goodbye --mapping asterisk",
            "belpost prompts import x --set nl --clip Goodbye!",
            "belpost prompts remove nl 1",
            "belpost prompts activate nl latest",
            "belpost prompts say nl",
            "belpost prompts say nl --sentence 0",
            "belpost prompts say nl --sentence 1 --clip goodbye",
            "belpost menus check",
            "belpost menus card --language fr",
            "belpost codes check",
            "belpost codes card --language fr",
            "belpost codes list --tenant No!",
            "belpost codes explain",
            "belpost subscriber set 2001 forward-busy",
            "belpost subscriber set 2001 fax on",
            "belpost subscriber set x rings 3",
            "belpost subscriber reset-passcode",
            "belpost device digest",
            "belpost device digest a:b",
            "belpost self-test --mailbox 2001",
            "belpost self-test --mailbox 2001 --passcode 1 --timeout 1",
        ] {
            let parsed = Arguments::try_parse_from(line.split(' '));
            assert_eq!(parsed.unwrap_err().exit_code(), 2, "{line}");
        }
        let help = Arguments::try_parse_from(["belpost", "--help"]).unwrap_err();
        assert_eq!(help.exit_code(), 0);
        assert!(help.to_string().contains("Exit codes"));
    }
}
