//! Whose word counts.

use super::phone::*;

const CLAIMS: &str = "P-Asserted-Identity: <sip:+31201234567@pbx>\r\nPrivacy: id\r\n\
    Diversion : <sip:2001@pbx>;reason=no-answer\r\ndiversion: <sip:2002@pbx>\r\n\
    History-Info: <sip:2001@pbx?Reason=SIP%3Bcause%3D302>;index=1\r\nX-Mailbox: 2001";

#[test]
fn a_trusted_peer_says_who_calls_and_for_whom() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let invite = phone.invite(CLAIMS);
    world.receive(&invite);
    let event = world.invite();
    assert!(event.trusted && event.private);
    assert_eq!(event.asserted[0].user, "+31201234567");
    let diverted: Vec<_> = event.diversion.iter().map(|d| d.by.user.as_str()).collect();
    assert_eq!(diverted, ["2001", "2002"]);
    assert_eq!(event.history[0].reason, Some(302));
    assert!(
        event
            .headers
            .contains(&("x-mailbox".to_owned(), "2001".to_owned()))
    );
    assert_eq!(event.from.display, "Ann");
    assert_eq!(event.source, address(PHONE));
    assert_eq!(event.call_id, "a@192.0.2.1");
}

#[test]
fn a_stranger_says_only_what_anyone_may() {
    let (mut world, mut phone) = (World::new(), Phone::new("a"));
    let invite = phone.invite(CLAIMS);
    world.receive_from("203.0.113.9:5070", &invite);
    let event = world.invite();
    assert!(!event.trusted && !event.private);
    assert!(event.asserted.is_empty() && event.diversion.is_empty());
    assert!(event.history.is_empty() && event.headers.is_empty());
    assert_eq!(event.from.user, "ann");
}
