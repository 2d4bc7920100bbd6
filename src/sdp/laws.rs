//! The laws of offer and answer, over the pairs of `media-fixtures/sdp` and over made-up offers.

use super::*;
use proptest::prelude::*;
use std::net::SocketAddr;

/// The text of a fixture.
macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/media-fixtures/sdp/",
            $name,
            ".sdp"
        ))
    };
}

/// An offer with the answer to it.
macro_rules! pair {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/media-fixtures/sdp/",
                $name,
                ".offer.sdp"
            )),
            include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/media-fixtures/sdp/",
                $name,
                ".answer.sdp"
            )),
        )
    };
}

fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

fn ours() -> Capabilities {
    Capabilities {
        rtp: at("203.0.113.1:30000"),
        session: 77,
        sent: None,
        codecs: Codecs::new(Law::A, &[Law::Mu]),
        order: CodecOrder::Theirs,
        events: true,
        ptime_ms: 20,
        direction: Direction::SendRecv,
    }
}

fn remote(rtp: &str, rtcp: Option<&str>, payload_type: u8, event: Option<u8>) -> Remote {
    Remote {
        rtp: at(rtp),
        rtcp: rtcp.map(at),
        law: if payload_type == 0 { Law::Mu } else { Law::A },
        payload_type,
        event_payload_type: event,
        ptime_ms: 20,
        send: true,
        receive: true,
    }
}

/// Every fixture that is answered, with the facts that follow from it.
fn answered() -> Vec<((&'static str, &'static str, &'static str), Remote)> {
    let next = |port: u16, host: &str| (format!("{host}:{port}"), format!("{host}:{}", port + 1));
    let plain = |host: &str, port: u16, number: u8, event: Option<u8>| {
        let (rtp, rtcp) = next(port, host);
        remote(&rtp, Some(&rtcp), number, event)
    };
    vec![
        (pair!("baresip"), plain("192.0.2.10", 20_054, 0, Some(101))),
        (pair!("linphone"), plain("192.0.2.20", 21_000, 0, Some(101))),
        (pair!("sipp"), plain("192.0.2.30", 6_000, 0, None)),
        (
            pair!("proxied-phone"),
            Remote {
                ptime_ms: 30,
                ..remote("203.0.113.9:34012", Some("203.0.113.10:34015"), 8, Some(96))
            },
        ),
        (
            pair!("audio-and-video"),
            plain("192.0.2.40", 5_000, 8, Some(101)),
        ),
        (
            pair!("encrypted-or-plain"),
            plain("192.0.2.50", 5_100, 8, Some(101)),
        ),
        (
            pair!("dynamic-numbers"),
            plain("192.0.2.61", 16_384, 111, Some(97)),
        ),
        (
            pair!("hold-sendonly"),
            Remote {
                send: false,
                ..plain("192.0.2.10", 20_054, 8, Some(101))
            },
        ),
        (
            pair!("hold-zero-address"),
            Remote {
                send: false,
                receive: false,
                ..plain("0.0.0.0", 17_060, 8, Some(101))
            },
        ),
        (
            pair!("no-rtcp"),
            Remote {
                ptime_ms: 60,
                ..remote("192.0.2.80:40000", None, 8, None)
            },
        ),
    ]
}

/// Every fixture that is refused, with the reason.
fn refused() -> Vec<(&'static str, Fault)> {
    vec![
        (
            fixture!("baresip-srtp.offer"),
            Fault::Encrypted("RTP/SAVP".to_owned()),
        ),
        (
            fixture!("browser.offer"),
            Fault::Encrypted("UDP/TLS/RTP/SAVPF".to_owned()),
        ),
        (fixture!("fax-only.offer"), Fault::NoAudio),
        (
            fixture!("host-name.offer"),
            Fault::HostName("host.example.com".to_owned()),
        ),
        (fixture!("no-common-codec.offer"), Fault::NoCodec),
        (
            fixture!("linphone-ipv6.offer"),
            Fault::WrongFamily("2001:db8::20".parse().unwrap()),
        ),
    ]
}

fn corpus() -> Vec<&'static str> {
    let taken = answered().into_iter().map(|((_, offer, _), _)| offer);
    taken.chain(refused().into_iter().map(|(o, _)| o)).collect()
}

#[test]
fn every_recorded_offer_gets_its_recorded_answer() {
    for ((name, offer, expected), facts) in answered() {
        let agreed = answer(offer, &ours()).unwrap();
        assert_eq!(agreed.description.as_deref(), Some(expected), "{name}");
        assert_eq!(agreed.remote, facts, "{name}");
    }
}

#[test]
fn every_hopeless_offer_is_refused_for_its_reason() {
    for (offer, fault) in refused() {
        assert_eq!(answer(offer, &ours()), Err(fault));
    }
}

#[test]
fn an_ipv6_server_answers_an_ipv6_offer() {
    let ours = Capabilities {
        rtp: at("[2001:db8::1]:30000"),
        ..ours()
    };
    let (_, offer, expected) = pair!("linphone-ipv6");
    let agreed = answer(offer, &ours).unwrap();
    assert_eq!(agreed.description.as_deref(), Some(expected));
    assert_eq!(agreed.remote.rtp, at("[2001:db8::20]:21000"));
    let (_, offer, _) = pair!("linphone");
    assert!(matches!(answer(offer, &ours), Err(Fault::WrongFamily(_))));
}

#[test]
fn our_order_of_codecs_decides_where_it_is_told_to() {
    let ours = Capabilities {
        order: CodecOrder::Ours,
        ..ours()
    };
    let agreed = answer(fixture!("baresip.offer"), &ours).unwrap();
    assert_eq!((agreed.remote.law, agreed.remote.payload_type), (Law::A, 8));
}

#[test]
fn without_events_of_ours_none_are_agreed() {
    let ours = Capabilities {
        events: false,
        ..ours()
    };
    let agreed = answer(fixture!("baresip.offer"), &ours).unwrap();
    assert_eq!(agreed.remote.event_payload_type, None);
    assert!(!agreed.description.unwrap().contains("telephone-event"));
    assert!(!offer(&ours).contains("telephone-event"));
}

/// A plain offer with further lines in its medium.
fn plain(lines: &str) -> String {
    format!("v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 8 0\r\n{lines}")
}

#[test]
fn packet_times_are_brought_to_tens_between_10_and_60() {
    let cases = [
        ("", 20),
        ("a=ptime:5", 10),
        ("a=ptime:25", 20),
        ("a=ptime:0", 10),
        ("a=ptime:4000000000", 60),
        ("a=ptime:x", 20),
        ("a=maxptime:15", 10),
        ("a=ptime:40\r\na=maxptime:30", 30),
        ("a=maxptime:0", 10),
    ];
    for (lines, expected) in cases {
        let agreed = answer(&plain(lines), &ours()).unwrap();
        assert_eq!(agreed.remote.ptime_ms, expected, "{lines}");
    }
}

#[test]
fn rtcp_goes_where_the_peer_says() {
    let rtcp = |lines: &str| answer(&plain(lines), &ours()).unwrap().remote.rtcp;
    assert_eq!(rtcp("a=rtcp:5000"), Some(at("192.0.2.1:5000")));
    assert_eq!(
        rtcp("a=rtcp:5000 IN IP4 192.0.2.2"),
        Some(at("192.0.2.2:5000"))
    );
    assert_eq!(
        rtcp("a=rtcp:5000 IN IP4 224.0.0.1"),
        Some(at("192.0.2.1:5000"))
    );
    assert_eq!(
        rtcp("a=rtcp:5000 IN IP4 a.example"),
        Some(at("192.0.2.1:5000"))
    );
    assert_eq!(rtcp("a=rtcp:0"), None);
    assert_eq!(rtcp("b=RS:0"), Some(at("192.0.2.1:4001")));
    let last_port = plain("").replace("4000", "65535");
    assert_eq!(answer(&last_port, &ours()).unwrap().remote.rtcp, None);
}

#[test]
fn a_direction_in_the_medium_outweighs_that_of_the_session() {
    let offer = plain("a=recvonly").replace("m=", "a=inactive\r\nm=");
    let remote = answer(&offer, &ours()).unwrap().remote;
    assert!(remote.send && !remote.receive);
}

#[test]
fn addresses_of_many_hosts_are_refused() {
    for host in ["224.2.1.1/127", "255.255.255.255", "239.0.0.1"] {
        let offer = plain("").replace("192.0.2.1", host);
        assert!(matches!(answer(&offer, &ours()), Err(Fault::NotUnicast(_))));
    }
    let bare = plain("").replace("c=IN IP4 192.0.2.1\r\n", "");
    assert_eq!(answer(&bare, &ours()), Err(Fault::NoConnection));
}

#[test]
fn audio_that_is_switched_off_is_not_answered() {
    let off = plain("").replace("4000", "0");
    assert_eq!(answer(&off, &ours()), Err(Fault::AudioOff));
    let sctp = plain("").replace("RTP/AVP", "TCP");
    assert_eq!(
        answer(&sctp, &ours()),
        Err(Fault::Profile("TCP".to_owned()))
    );
}

#[test]
fn oversized_descriptions_are_not_read() {
    let long = plain(&" ".repeat(MAX_BYTES));
    assert_eq!(answer(&long, &ours()), Err(Fault::TooLong(long.len())));
    let media = plain(&"m=video 1 RTP/AVP 97\r\n".repeat(MAX_MEDIA));
    assert_eq!(
        answer(&media, &ours()),
        Err(Fault::TooManyMedia(MAX_MEDIA + 1))
    );
    let attributes = plain(&"a=x\r\n".repeat(MAX_ATTRIBUTES + 1));
    let fault = Fault::TooManyAttributes(MAX_ATTRIBUTES + 1);
    assert_eq!(answer(&attributes, &ours()), Err(fault.clone()));
    assert!(fault.is_malformed() && !Fault::NoCodec.is_malformed());
}

#[test]
fn text_that_is_no_description_is_malformed() {
    for text in [
        "",
        "hello",
        "v=1\r\n",
        "v=0\r\nm=audio x RTP/AVP 0\r\n",
        "<xml/>",
    ] {
        let fault = answer(text, &ours()).unwrap_err();
        assert!(fault.is_malformed(), "{text}: {fault}");
    }
}

#[test]
fn an_unchanged_answer_keeps_its_version_and_a_changed_one_counts_up() {
    let offer = fixture!("baresip.offer");
    let first = answer(offer, &ours()).unwrap().description;
    let sent = Capabilities {
        sent: first.clone(),
        ..ours()
    };
    assert_eq!(answer(offer, &sent).unwrap().description, first);
    let held = offer.replace("a=sendrecv", "a=sendonly");
    let second = answer(&held, &sent).unwrap().description.unwrap();
    assert!(
        second.contains("o=- 77 2 IN IP4 203.0.113.1\r\n"),
        "{second}"
    );
    let sent = Capabilities {
        sent: Some(second),
        ..ours()
    };
    let third = answer(offer, &sent).unwrap().description.unwrap();
    assert!(third.contains("o=- 77 3 IN"), "{third}");
}

#[test]
fn a_later_offer_of_ours_keeps_the_places_and_numbers_agreed_before() {
    let with_video = fixture!("audio-and-video.offer").replace("101", "99");
    let sent = Capabilities {
        sent: answer(&with_video, &ours()).unwrap().description,
        ..ours()
    };
    let again = offer(&sent);
    let media: Vec<&str> = again.lines().filter(|l| l.starts_with("m=")).collect();
    assert_eq!(
        media,
        [
            "m=video 0 RTP/AVPF 97 98",
            "m=audio 30000 RTP/AVPF 8 0 99",
            "m=application 0 UDP/BFCP *"
        ]
    );
    let theirs = "v=0\r\nc=IN IP4 192.0.2.40\r\nm=video 0 RTP/AVPF 97\r\n\
                  m=audio 5000 RTP/AVPF 8\r\nm=application 0 UDP/BFCP *\r\n";
    let offered = Capabilities {
        sent: Some(again),
        ..ours()
    };
    assert_eq!(accept(theirs, &offered).unwrap().remote.law, Law::A);
}

#[test]
fn an_answer_that_does_not_fit_our_offer_is_refused() {
    let two = plain("m=video 0 RTP/AVP 97\r\n");
    let fault = Fault::MediaCount {
        offered: 1,
        found: 2,
    };
    assert_eq!(accept(&two, &ours()), Err(fault));
    let declined = plain("").replace("4000", "0");
    assert_eq!(accept(&declined, &ours()), Err(Fault::AudioOff));
    let video = plain("").replace("audio", "video");
    assert_eq!(accept(&video, &ours()), Err(Fault::NoAudio));
    let other = plain("").replace(" 8 0", " 18");
    assert_eq!(accept(&other, &ours()), Err(Fault::NoCodec));
}

fn directions() -> impl Strategy<Value = Direction> {
    (any::<bool>(), any::<bool>()).prop_map(|(s, r)| Direction::of(s, r))
}

prop_compose! {
    fn capabilities()(
        host in 1u8..255,
        port in 1_024u16..65_000,
        session in any::<u64>(),
        mu_first in any::<bool>(),
        both in any::<bool>(),
        theirs in any::<bool>(),
        events in any::<bool>(),
        tens in 1u8..=6,
        direction in directions(),
    ) -> Capabilities {
        let (first, second) = if mu_first { (Law::Mu, Law::A) } else { (Law::A, Law::Mu) };
        Capabilities {
            rtp: SocketAddr::from(([192, 0, 2, host], port)),
            session,
            sent: None,
            codecs: Codecs::new(first, if both { std::slice::from_ref(&second) } else { &[] }),
            order: if theirs { CodecOrder::Theirs } else { CodecOrder::Ours },
            events,
            ptime_ms: tens * 10,
            direction,
        }
    }
}

fn media_line() -> impl Strategy<Value = String> {
    let kind = prop::sample::select(vec!["audio", "video", "image", "text", "message"]);
    let profile = prop::sample::select(vec!["RTP/AVP", "RTP/AVPF", "RTP/SAVP", "udptl", "TCP"]);
    let port = prop_oneof![Just(0u16), 1u16..65_535];
    let formats = prop::collection::vec(prop_oneof![Just(8u8), Just(0), 0u8..128], 1..6);
    (kind, port, profile, formats).prop_map(|(kind, port, profile, formats)| {
        let formats: Vec<String> = formats.iter().map(u8::to_string).collect();
        format!("m={kind} {port} {profile} {}\r\n", formats.join(" "))
    })
}

/// The m= lines of a text, without port and attributes.
fn shape(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("m="));
    lines
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            (words[0].to_owned(), words[2].to_owned())
        })
        .collect()
}

fn open_ports(text: &str) -> usize {
    let lines = text.lines().filter(|line| line.starts_with("m="));
    lines
        .filter(|line| line.split(' ').nth(1) != Some("0"))
        .count()
}

proptest! {
    #[test]
    fn both_sides_of_an_offer_agree(caller in capabilities(), called in capabilities()) {
        let offered = offer(&caller);
        let answered = answer(&offered, &called);
        let common = called.codecs.laws().iter().any(|law| caller.codecs.laws().contains(law));
        prop_assert_eq!(answered.is_ok(), common);
        let Ok(answered) = answered else {
            return Ok(());
        };
        let text = answered.description.unwrap_or_default();
        let accepted = accept(&text, &caller);
        prop_assert!(accepted.is_ok());
        let (theirs, ours) = (answered.remote, accepted.unwrap().remote);
        prop_assert_eq!(theirs.rtp, caller.rtp);
        prop_assert_eq!(ours.rtp, called.rtp);
        prop_assert_eq!(theirs.law, ours.law);
        prop_assert_eq!(theirs.payload_type, ours.payload_type);
        prop_assert_eq!(theirs.event_payload_type, ours.event_payload_type);
        prop_assert_eq!(ours.event_payload_type.is_some(), caller.events && called.events);
        prop_assert_eq!(theirs.ptime_ms, ours.ptime_ms);
        prop_assert_eq!(theirs.send, ours.receive);
        prop_assert_eq!(theirs.receive, ours.send);
        let wanted = called.direction.facing(caller.direction);
        prop_assert_eq!(Direction::of(theirs.send, theirs.receive), wanted);
    }

    #[test]
    fn an_answer_has_the_media_of_its_offer_in_order(
        media in prop::collection::vec(media_line(), 0..MAX_MEDIA),
        ours in capabilities(),
    ) {
        let offer = format!("v=0\r\nc=IN IP4 192.0.2.1\r\n{}", media.concat());
        if let Ok(agreed) = answer(&offer, &ours) {
            let text = agreed.description.unwrap_or_default();
            prop_assert_eq!(shape(&text), shape(&offer));
            prop_assert_eq!(open_ports(&text), 1);
        }
    }

    #[test]
    fn no_damaged_description_panics(
        which in any::<prop::sample::Index>(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<char>(), 0u8..4), 1..8),
        ours in capabilities(),
    ) {
        let corpus = corpus();
        let mut text: Vec<char> = which.get(&corpus).chars().collect();
        for (place, character, change) in cuts {
            let place = place.index(text.len().max(1));
            match change {
                0 if place < text.len() => drop(text.remove(place)),
                1 => text.insert(place, character),
                2 => text.truncate(place),
                _ => text.extend_from_within(place.min(text.len())..),
            }
        }
        let text: String = text.into_iter().collect();
        let accepted = accept(&text, &ours);
        if let Ok(agreed) = answer(&text, &ours) {
            prop_assert!((10..=60).contains(&agreed.remote.ptime_ms));
            prop_assert!(agreed.remote.payload_type < 128);
            let reread = read::session(&agreed.description.unwrap_or_default());
            prop_assert!(reread.is_ok());
            prop_assert_eq!(reread.unwrap().medias.len(), read::session(&text).unwrap().medias.len());
        }
        prop_assert!(accepted.map_or(true, |agreed| agreed.description.is_none()));
    }
}
