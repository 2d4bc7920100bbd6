//! The mail of a voice message against hostile callers.

use belpost::audio::{Pcm, wav};
use belpost::base::{DialString, Language, MailboxId, MessageId, Timestamp};
use belpost::mime::{
    Caller, Content, HumanMail, MailAddress, MailHost, Particulars, Reason, SoundFile, SoundFormat,
    Templates, VoiceMail, human, read, read_head, voice_message,
};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::Duration;

/// Names as an attacker would choose them.
fn hostile_name() -> impl Strategy<Value = String> {
    let tricks = prop::sample::select(vec![
        "\r\nBcc: all@example.org\r\n",
        "\n\n--=_",
        "\r\n\r\nbody",
        "\0",
        "\"",
        "\\",
        "<x@y>",
        "=?utf-8?B?DQpCY2M6IHg=?=",
        "=?iso-8859-1?Q?=0D=0AX?=",
        "\u{202e}",
        "\u{e9}",
        "\u{1f4de}",
        "(comment)",
        ";:,@",
        "a very long name without any end ",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    ]);
    let piece = prop_oneof![
        tricks.prop_map(str::to_owned),
        any::<String>(),
        "[ -~]{0,80}"
    ];
    proptest::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

fn any_caller() -> impl Strategy<Value = Caller> {
    let name = || proptest::option::of(hostile_name());
    let number = "[+]?[0-9*#A-D]{1,39}".prop_map(|n| DialString::parse(&n).unwrap());
    prop_oneof![
        (number, name()).prop_map(|(number, name)| Caller::Known { number, name }),
        name().prop_map(|name| Caller::Unknown { name }),
        Just(Caller::Withheld),
    ]
}

prop_compose! {
    fn any_mail()(
        caller in any_caller(),
        owner in hostile_name(),
        zone in prop_oneof![Just("Europe/Amsterdam".to_owned()), hostile_name()],
        id in any::<u128>(),
        second in 0..253_402_300_799_i64,
        length in 0..10_000_000_u64,
        flags in any::<[bool; 3]>(),
        reason in proptest::option::of(prop::sample::select(Reason::ALL.to_vec())),
        tag in prop::sample::select(vec!["nl", "en", "fr"]),
        samples in proptest::collection::vec(any::<i16>(), 0..2_000),
        host in prop::sample::select(vec![
            "a".to_owned(),
            "voicemail.example.nl".to_owned(),
            format!("{0}.{0}.{0}.example", "h".repeat(60)),
        ]),
    ) -> VoiceMail {
        let particulars = Particulars {
            id: MessageId(uuid::Uuid::from_u128(id)),
            host: MailHost::parse(&host).unwrap(),
            mailbox: MailboxId::parse("2001").unwrap(),
            owner,
            caller,
            received: Timestamp::from_second(second).unwrap(),
            zone,
            language: Language::parse(tag).unwrap(),
            length: Duration::from_millis(length),
            urgent: flags[0],
            private: flags[1],
            cut_off: flags[2],
            reason,
        };
        let sound = SoundFile {
            format: SoundFormat::Wav,
            octets: wav::write_pcm16(&Pcm { rate: 8_000, samples }),
        };
        VoiceMail { particulars, sound }
    }
}

/// The names of the headers of a block of lines, folded lines left out.
fn header_names(block: &str) -> Vec<&str> {
    let lines = block.split("\r\n").filter(|l| !l.starts_with([' ', '\t']));
    lines
        .map(|line| {
            line.split_once(':')
                .unwrap_or_else(|| panic!("no header: {line:?} in {block}"))
                .0
        })
        .collect()
}

const ALWAYS: [&str; 10] = [
    "MIME-Version",
    "Content-Type",
    "Message-ID",
    "Date",
    "From",
    "To",
    "Subject",
    "Message-Context",
    "Content-Duration",
    "Auto-Submitted",
];
const SOMETIMES: [&str; 4] = [
    "Importance",
    "Sensitivity",
    "X-Belpost-Cut-Off",
    "X-Belpost-Diversion",
];
const OF_THE_PART: [&str; 4] = [
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Duration",
    "Content-Disposition",
];

proptest! {
    #[test]
    fn no_caller_adds_a_header_or_breaks_a_line(mail in any_mail()) {
        let octets = voice_message(&mail);
        let text = std::str::from_utf8(&octets).expect("ASCII");
        prop_assert!(text.is_ascii());
        for line in text.split("\r\n") {
            prop_assert!(line.len() <= 998, "{} octets: {line}", line.len());
            prop_assert!(line.bytes().all(|b| b == b'\t' || (b' '..0x7f).contains(&b)), "{line:?}");
        }
        let mut blocks = text.split("\r\n\r\n");
        let names = header_names(blocks.next().unwrap());
        let once: BTreeSet<_> = names.iter().copied().collect();
        prop_assert_eq!(once.len(), names.len(), "one of each: {:?}", names);
        let expected: BTreeSet<_> = ALWAYS.into_iter().collect();
        prop_assert!(expected.is_subset(&once));
        prop_assert!(once.iter().all(|n| expected.contains(n) || SOMETIMES.contains(n)));
        let part = blocks.next().unwrap().split_once("\r\n").unwrap();
        prop_assert!(part.0.starts_with("--=_"));
        prop_assert_eq!(header_names(part.1), OF_THE_PART);
        prop_assert_eq!(blocks.count(), 1, "one part");
    }

    #[test]
    fn what_is_printed_reads_the_same(mail in any_mail()) {
        let octets = voice_message(&mail);
        let message = read(&octets).unwrap();
        let head = message.head;
        prop_assert_eq!(read_head(&octets), Ok(head.clone()));
        prop_assert_eq!(head.id, Some(mail.particulars.id));
        prop_assert_eq!(head.received, mail.particulars.received);
        prop_assert_eq!((head.urgent, head.private), (mail.particulars.urgent, mail.particulars.private));
        prop_assert_eq!((head.cut_off, head.reason), (mail.particulars.cut_off, mail.particulars.reason));
        prop_assert_eq!(message.sound.octets, mail.sound.octets.clone());
        prop_assert_eq!(head.caller.number(), mail.particulars.caller.number());
        let mut again = mail.clone();
        again.particulars.caller = head.caller.clone();
        let third = read(&voice_message(&again)).unwrap();
        prop_assert_eq!(third.head.caller, head.caller, "a name that was cleaned stays");
    }

    #[test]
    fn no_octets_bring_the_reader_down(
        mut octets in any_mail().prop_map(|mail| voice_message(&mail)),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..40),
        end in any::<prop::sample::Index>(),
    ) {
        for (at, value) in changes {
            let at = at.index(octets.len());
            octets[at] = value;
        }
        octets.truncate(end.index(octets.len()) + 1);
        let whole = read(&octets);
        prop_assert!(whole.is_err() || read_head(&octets).is_ok());
    }
}

fn contents(mail: &VoiceMail, which: usize) -> Content<'_> {
    match which {
        0 => Content::Message(&mail.sound),
        1 => Content::Copy(&mail.sound),
        _ => Content::Notice,
    }
}

/// The header block of a mail and every part's, in order.
fn blocks(text: &str) -> Vec<&str> {
    let boundary = |block: &str| block.starts_with("--=_");
    let (head, rest) = text.split_once("\r\n\r\n").unwrap();
    let parts = rest
        .split("\r\n--=_")
        .filter_map(|part| part.split_once("\r\n"));
    let parts = parts.filter(|(line, _)| !line.ends_with("--"));
    let parts = parts.map(|(_, part)| part.split("\r\n\r\n").next().unwrap().trim_end());
    std::iter::once(head)
        .chain(parts.filter(|p| !p.is_empty() && !boundary(p)))
        .collect()
}

thread_local! {
    static TEMPLATES: Templates = Templates::parse(&[]).unwrap();
}

proptest! {
    #[test]
    fn no_caller_harms_a_mail_to_a_person(mail in any_mail(), which in 0_usize..3) {
        let to = MailAddress::parse("jan@example.nl").unwrap();
        let (about, to) = (&mail.particulars, &to);
        let content = contents(&mail, which);
        let octets = TEMPLATES.with(|t| human(&HumanMail { about, to, content }, t));
        let text = std::str::from_utf8(&octets).expect("ASCII");
        prop_assert!(text.is_ascii());
        for line in text.split("\r\n") {
            prop_assert!(line.len() <= 998, "{} octets: {line}", line.len());
            prop_assert!(line.bytes().all(|b| b == b'\t' || (b' '..0x7f).contains(&b)), "{line:?}");
        }
        let known: BTreeSet<_> =
            ALWAYS.into_iter().chain(SOMETIMES).chain(OF_THE_PART).collect();
        for block in blocks(text) {
            let names = header_names(block);
            let once: BTreeSet<_> = names.iter().copied().collect();
            prop_assert_eq!(once.len(), names.len(), "one of each: {:?}", names);
            prop_assert!(once.is_subset(&known), "{once:?}");
        }
        let message = mail_parser::MessageParser::default().parse(&octets).unwrap();
        let html = message.body_html(0).unwrap();
        let plain = message.body_text(0).unwrap();
        let bare = strip_known(&html);
        prop_assert!(!bare.contains(['<', '>']), "markup of the caller's: {bare}");
        let shown = |c: char| !c.is_control() || matches!(c, '\r' | '\n' | '\t');
        prop_assert!(plain.chars().all(shown) && html.chars().all(shown));
        let told = message.subject().unwrap_or_default();
        prop_assert!(!told.contains(['\r', '\n']) && told.chars().count() <= 200);
    }

    #[test]
    fn a_mail_to_a_person_reads_as_what_was_put_in(mail in any_mail(), copy: bool) {
        let to = MailAddress::parse("jan@example.nl").unwrap();
        let (about, to) = (&mail.particulars, &to);
        let content = contents(&mail, usize::from(copy));
        let octets = TEMPLATES.with(|t| human(&HumanMail { about, to, content }, t));
        let message = read(&octets).unwrap();
        prop_assert_eq!(message.head, read_head(&voice_message(&mail)).unwrap());
        prop_assert_eq!(message.sound.octets, mail.sound.octets);
    }
}

/// The HTML without the tags our templates have.
fn strip_known(html: &str) -> String {
    let tags = [
        "!doctype", "html", "head", "meta", "title", "body", "div", "p", "table", "tr", "td", "a",
        "br", "code",
    ];
    let mut rest = html;
    let mut bare = String::new();
    while let Some((before, tag)) = rest.split_once('<') {
        bare.push_str(before);
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '!')
            .collect();
        match tag.split_once('>') {
            Some((inside, after)) if tags.contains(&name.as_str()) && !inside.contains('<') => {
                rest = after;
            }
            _ => {
                bare.push('<');
                rest = tag;
            }
        }
    }
    bare + rest
}
