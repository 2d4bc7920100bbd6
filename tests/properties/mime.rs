//! The mail of a voice message against hostile callers.

use belpost::audio::{Pcm, wav};
use belpost::base::{DialString, Language, MailboxId, MessageId, Timestamp};
use belpost::mime::{Caller, MailHost, Reason, VoiceMail, read, read_head, voice_message};
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
        VoiceMail {
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
            wav: wav::write_pcm16(&Pcm { rate: 8_000, samples }),
        }
    }
}

/// The names of the headers of a block of lines, folded lines left out.
fn header_names(block: &str) -> Vec<&str> {
    let lines = block.split("\r\n").filter(|l| !l.starts_with([' ', '\t']));
    lines
        .map(|line| line.split_once(':').expect("a header").0)
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
        prop_assert_eq!(head.id, Some(mail.id));
        prop_assert_eq!(head.received, mail.received);
        prop_assert_eq!((head.urgent, head.private), (mail.urgent, mail.private));
        prop_assert_eq!((head.cut_off, head.reason), (mail.cut_off, mail.reason));
        prop_assert_eq!(message.sound.octets, mail.wav.clone());
        prop_assert_eq!(head.caller.number(), mail.caller.number());
        let again = VoiceMail { caller: head.caller.clone(), ..mail };
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
