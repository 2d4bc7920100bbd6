//! Messages made to hurt: classes of RFC 4475 written anew, and mutations of valid ones.

use super::leaving::reply;
use super::phone::*;
use belpost::sip::{Command, Event};
use proptest::prelude::*;

fn outcome(text: &str) -> Option<u16> {
    let mut world = World::new();
    world.receive_bytes(PHONE, text.as_bytes());
    let status = world.sent.front().map(Sent::status);
    world.is_empty_or_one();
    status
}

impl World {
    fn is_empty_or_one(&self) {
        assert!(self.machine.calls() <= 1 && self.machine.transactions() <= 1);
    }
}

/// Legal, if unusual: all of these must be understood.
#[test]
fn unusual_but_legal_messages_are_understood() {
    let body = "v=0\r\n";
    let cases: [(&str, String); 5] = [
        (
            "every freedom of white space and case",
            format!(
                "\r\nINVITE sip:vivekg@chair;unknownparam SIP/2.0\r\n\
                 TO :\r\n sip:vivekg@chair.example   ;   tag1 = 1918181833n\r\n\
                 from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n\
                 MaX-fOrWaRdS: 0068\r\nCall-ID: wsinv.ndaksdj@192.0.2.1\r\n\
                 cseq: 0009\r\n  INVITE\r\n\
                 Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\n\
                 s :\r\nNewFangledHeader:   newfangled value\r\n continued newfangled value\r\n\
                 UnknownHeaderWithUnusualValue: ;;,,;;,;\r\nContent-Type: application/sdp\r\n\
                 v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n \
                 SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n\
                 m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33\r\n\
                 \r\n{body}"
            ),
        ),
        (
            "escapes that must not be read as separators",
            Phone::new("esc")
                .invite("")
                .replacen("sip:2001@", "sip:sips%3Auser%40example.com@", 1),
        ),
        (
            "escaped nulls",
            Phone::new("null")
                .invite("")
                .replacen("sip:ann@", "sip:null-%00-null@", 2),
        ),
        (
            "a semicolon in the user part",
            Phone::new("semi")
                .invite("")
                .replacen("sip:2001@", "sip:user;par=u%40example.net@", 1),
        ),
        (
            "extra octets after the body",
            format!(
                "{}INVITE sip:joe@example.com SIP/2.0\r\n",
                Phone::new("x").invite("")
            ),
        ),
    ];
    for (what, text) in cases {
        assert_eq!(outcome(&text), Some(100), "{what}");
    }
    let long = "y".repeat(5_000);
    let invite = Phone::new("long").invite(&format!("X-{long}: {long}"));
    assert_eq!(outcome(&invite), Some(100), "long values");
    let odd = "!interesting-Method0123456789_*+`.%indeed'~";
    assert_eq!(outcome(&Phone::new("m").request(odd, "", "")), Some(501));
}

/// Illegal: refused, never taken for a call.
#[test]
fn illegal_messages_are_refused() {
    let cases = [
        (
            "sip:2001@198.51.100.1 SIP",
            "sip:2001@198.51.100.1; maddr=x SIP",
            Some(400),
        ),
        (
            "sip:2001@198.51.100.1 SIP",
            "<sip:2001@198.51.100.1> SIP",
            Some(400),
        ),
        ("INVITE sip", "INVITE  sip", Some(400)),
        ("SIP/2.0\r\nVia", "SIP/2.0 \r\nVia", Some(400)),
        ("SIP/2.0\r\nVia", "SIP/7.0\r\nVia", Some(505)),
        (
            "sip:2001@198.51.100.1 SIP",
            "unknown:anything SIP",
            Some(416),
        ),
        (
            "sip:2001@198.51.100.1 SIP",
            "nobodyKnowsThisScheme:x SIP",
            Some(416),
        ),
        ("\"Ann\" <sip:ann", "\"Ann <sip:ann", Some(400)),
        ("1 INVITE", "36893488147419103232 INVITE", Some(400)),
        ("1 INVITE", "1 OPTIONS", Some(400)),
        ("Content-Length: ", "Content-Length: -", Some(400)),
        ("Content-Length: ", "Content-Length: 9", Some(400)),
        ("Max-Forwards: 70", "Max-Forwards: 7o", Some(400)),
        ("Max-Forwards: 70", "From: <sip:x@y>;tag=1", Some(400)),
        ("Call-ID: ", "X: ", Some(400)),
        ("CSeq: ", "X: ", Some(400)),
        ("To: ", "X: ", Some(400)),
        ("From: ", "X: ", Some(400)),
        ("Via: ", "X: ", None),
        ("SIP/2.0/UDP 192", "SIP/2.0/UDP;192", None),
    ];
    for (from, to, status) in cases {
        let text = Phone::new("a").invite("").replacen(from, to, 1);
        assert_eq!(outcome(&text), status, "{to}");
    }
}

/// A call in every stage, so that mutated messages meet state.
fn conversation() -> Vec<String> {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let mut said = Vec::new();
    let mut say = |world: &mut World, text: String| {
        world.receive(&text);
        said.push(text);
    };
    let text = phone.invite(
        "Supported: timer\r\nSession-Expires: 200;refresher=uas\r\nDiversion: <sip:1@h>\r\n\
         History-Info: <sip:1@h?Reason=SIP%3Bcause%3D302>;index=1\r\nRecord-Route: <sip:h;lr>",
    );
    say(&mut world, text);
    let call = world.invite().call;
    world.answer(call);
    world.response(100);
    phone.to_tag = Some(world.response(200).tag("To"));
    let text = phone.ack();
    say(&mut world, text);
    let text = phone.request(
        "INFO",
        "Content-Type: application/dtmf-relay",
        "Signal=5\r\n",
    );
    say(&mut world, text);
    let text = phone.invite("");
    say(&mut world, text);
    let text = phone.again("CANCEL", "", "");
    say(&mut world, text);
    let body = format!("--b\r\nContent-Type: application/sdp\r\n\r\n{OFFER}\r\n--b--\r\n");
    let text = phone.request("UPDATE", "Content-Type: multipart/mixed;boundary=b", &body);
    say(&mut world, text);
    let text = phone.request("BYE", "", "");
    say(&mut world, text);
    said
}

#[derive(Clone, Debug)]
enum Change {
    Cut(usize),
    Drop(usize, usize),
    Put(usize, Vec<u8>),
    Copy(usize, usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let bytes = prop_oneof![
        proptest::collection::vec(any::<u8>(), 1..6),
        proptest::sample::select(vec![
            b"\r\n".to_vec(),
            b"\r\n\r\n".to_vec(),
            b"\0".to_vec(),
            b"<".to_vec(),
            b">".to_vec(),
            b"\"".to_vec(),
            b",".to_vec(),
            b";".to_vec(),
            b":".to_vec(),
            b"%".to_vec(),
            b"[".to_vec(),
            b"]".to_vec(),
            b"@".to_vec(),
            "\u{20ac}".as_bytes().to_vec(),
            b"99999999999999999999".to_vec(),
            b"-1".to_vec(),
            b" ".to_vec(),
            b"\\".to_vec(),
        ]),
    ];
    prop_oneof![
        any::<usize>().prop_map(Change::Cut),
        (any::<usize>(), 1..40_usize).prop_map(|(at, len)| Change::Drop(at, len)),
        (any::<usize>(), bytes).prop_map(|(at, bytes)| Change::Put(at, bytes)),
        (any::<usize>(), any::<usize>(), 1..60_usize)
            .prop_map(|(a, b, len)| Change::Copy(a, b, len)),
    ]
}

fn apply(text: &mut Vec<u8>, change: &Change) {
    let size = text.len() + 1;
    match change {
        Change::Cut(at) => text.truncate(at % size),
        Change::Drop(at, len) => {
            let from = at % size;
            text.drain(from..(from + len).min(text.len()));
        }
        Change::Put(at, bytes) => {
            let at = at % size;
            text.splice(at..at, bytes.iter().copied());
        }
        Change::Copy(from, to, len) => {
            let from = from % size;
            let piece = text[from..(from + len).min(text.len())].to_vec();
            let to = to % size;
            text.splice(to..to, piece);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    /// A mutated word in the middle of a conversation harms nobody: no panic, no more than the
    /// calls that were asked for, and nothing left in the end.
    #[test]
    fn a_mutated_conversation_ends_with_nothing_left(
        which in 0..8_usize,
        changes in proptest::collection::vec(change(), 1..5),
        wait in 0..3_000_u64,
    ) {
        let mut world = World::new();
        for (at, text) in conversation().into_iter().enumerate() {
            let mut bytes = text.into_bytes();
            if at == which {
                for change in &changes {
                    apply(&mut bytes, change);
                }
            }
            world.receive_bytes(PHONE, &bytes);
            world.wait(millis(wait));
            while let Some(event) = world.events.pop_front() {
                if let Event::Invite(invite) = event {
                    world.answer(invite.call);
                }
            }
        }
        prop_assert!(world.machine.calls() <= 2);
        for _ in 0..4 {
            world.wait(seconds(120));
        }
        prop_assert_eq!(world.machine.calls(), 0);
        world.is_empty_in_the_end();
    }

    /// Any bytes at all are survived, whoever sends them.
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let mut world = World::new();
        world.receive_bytes(PHONE, &bytes);
        prop_assert_eq!(world.machine.calls(), 0);
    }

    /// The answers of a peer are no better.
    #[test]
    fn mutated_answers_are_survived(
        changes in proptest::collection::vec(change(), 1..5),
        status in 100..700_u16,
    ) {
        let mut world = World::new();
        let mut phone = Phone::new("a");
        let call = up(&mut world, &mut phone);
        world.command(Command::Transfer { call, target: "sip:x@y".to_owned() });
        let refer = world.request("REFER");
        let mut bytes = reply(&refer, status, CONTACT, "").into_bytes();
        for change in &changes {
            apply(&mut bytes, change);
        }
        world.receive_bytes(PHONE, &bytes);
        world.wait(seconds(120));
        world.is_empty_in_the_end();
    }
}
