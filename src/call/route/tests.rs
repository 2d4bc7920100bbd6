//! The way of every kind of call, and of what untrusted sources claim. Test code only.

use super::*;
use crate::base::{CallId, DeviceId, MailboxId};
use crate::sip::{DeviceOf, Diversion, HistoryEntry};
use crate::subscriber::Language;

fn subscriber(mailbox: &str, number: &str) -> Profile {
    Profile {
        mailbox: MailboxId::parse(mailbox).unwrap(),
        name: mailbox.to_owned(),
        numbers: vec![DialString::parse(number).unwrap()],
        language: Language::parse("nl").unwrap(),
        zone: "Europe/Amsterdam".to_owned(),
        passcode: None,
        assistant: None,
        tenant: None,
        delivery: crate::subscriber::Delivery::local(),
        limits: crate::mailbox::Limits::default(),
    }
}

fn roster() -> Roster {
    Roster::new([
        subscriber("2001", "+31201232001"),
        subscriber("2002", "+31201232002"),
    ])
    .unwrap()
}

fn routing() -> Routing {
    let number = |n| DialString::parse(n).unwrap();
    Routing {
        portal: vec![number("1233"), number("*62")],
        messages: vec![number("*86")],
        status: vec![number("*60")],
        clear_lamp: vec![number("*99")],
        codes: Tables::default(),
        operators: vec![
            (number("9700"), None),
            (number("9701"), TenantId::parse("acme").ok()),
        ],
        diagnostics: vec![(number("9901"), Diagnostic::Echo)],
        mailbox_from: MailboxFrom::Original,
        mailbox_header: Some("x-mailbox".to_owned()),
    }
}

fn address(user: &str) -> Address {
    Address {
        user: user.to_owned(),
        host: "pbx".to_owned(),
        ..Address::default()
    }
}

fn invite(to: &str) -> Invite {
    Invite {
        call: CallId(1),
        call_id: "a".to_owned(),
        source: "127.0.0.1:5060".parse().unwrap(),
        trusted: true,
        authenticated: None,
        request_uri: address(to),
        to: address(to),
        from: address("0612345678"),
        asserted: Vec::new(),
        private: false,
        diversion: Vec::new(),
        history: Vec::new(),
        headers: Vec::new(),
        offer: None,
    }
}

fn diversion(by: &str, reason: &str, counter: Option<u32>) -> Diversion {
    Diversion {
        by: address(by),
        reason: reason.to_owned(),
        counter,
    }
}

fn history(user: &str, cause: Option<u16>) -> HistoryEntry {
    HistoryEntry {
        index: "1".to_owned(),
        target: address(user),
        cause,
        reason: None,
    }
}

/// The mailbox and reason of a deposit, for comparison.
fn deposit(invite: &Invite, routing: &Routing) -> Option<(String, Option<Reason>)> {
    match route(invite, &roster(), routing) {
        Route::Deposit { owner, reason } => Some((owner.mailbox.to_string(), reason)),
        _ => None,
    }
}

#[test]
fn the_service_numbers_lead_to_the_portal_of_the_asserted_subscriber() {
    for (dialled, entry) in [
        ("1233", Entry::Main),
        ("*62", Entry::Main),
        ("*86", Entry::Messages),
        ("*60", Entry::Status),
    ] {
        let mut call = invite(dialled);
        call.asserted = vec![address("+31201232001")];
        let expected = roster().by_number("2001").cloned();
        assert_eq!(
            route(&call, &roster(), &routing()),
            Route::Portal {
                owner: expected,
                entry
            },
            "{dialled}"
        );
    }
}

#[test]
fn the_clearing_code_works_for_the_telephone_it_is_dialled_from() {
    let mut call = invite("*99");
    let owner = roster().by_number("2001").cloned();
    assert!(owner.is_some());
    call.asserted = vec![address("+31201232001")];
    let clear = |owner| Route::ClearLamp { owner };
    assert_eq!(route(&call, &roster(), &routing()), clear(owner));
    call.asserted = vec![address("0612345678")];
    assert_eq!(route(&call, &roster(), &routing()), clear(None));
    call.asserted.clear();
    call.from = address("2001");
    call.trusted = false;
    assert_eq!(route(&call, &roster(), &routing()), clear(None));
}

#[test]
fn the_numbers_for_prompts_lead_to_the_prompts_of_their_tenant() {
    let acme = TenantId::parse("acme").ok();
    for (dialled, tenant) in [("9700", None), ("9701", acme)] {
        let found = route(&invite(dialled), &roster(), &routing());
        assert_eq!(found, Route::Operator { tenant });
    }
    let none = Routing::default();
    assert_eq!(route(&invite("9700"), &roster(), &none), Route::Unknown);
}

#[test]
fn an_untrusted_source_is_nobodys_subscriber() {
    let mut call = invite("1233");
    call.trusted = false;
    call.from = address("2001");
    let portal = Route::Portal {
        owner: None,
        entry: Entry::Main,
    };
    assert_eq!(route(&call, &roster(), &routing()), portal);
    call.request_uri.params = vec![("target".to_owned(), "sip:2001@pbx".to_owned())];
    assert_eq!(route(&call, &roster(), &routing()), portal);
}

#[test]
fn a_device_is_its_own_subscriber_whatever_it_says() {
    let mut call = invite("1233");
    call.trusted = false;
    call.authenticated = Some(DeviceOf {
        device: DeviceId::parse("desk").unwrap(),
        mailbox: MailboxId::parse("2001").unwrap(),
    });
    call.from = address("2002");
    call.asserted = vec![address("2001")];
    let owner = roster().by_number("2001").cloned();
    assert!(owner.is_some());
    let portal = |owner| Route::Portal {
        owner,
        entry: Entry::Main,
    };
    assert_eq!(route(&call, &roster(), &routing()), portal(owner.clone()));
    let number = DialString::parse("2001").unwrap();
    assert_eq!(source(&call), Guarded::Number(number));
    call.request_uri = address("*99");
    let clear = Route::ClearLamp { owner };
    assert_eq!(route(&call, &roster(), &routing()), clear);
    // A device diverts nothing.
    call.diversion = vec![diversion("2002", "no-answer", None)];
    call.request_uri = address("2002");
    call.to = address("2002");
    assert_eq!(deposit(&call, &routing()), Some(("2002".to_owned(), None)));
    // Whose subscriber is gone is nobody's.
    call.request_uri = address("1233");
    if let Some(of) = &mut call.authenticated {
        of.mailbox = MailboxId::parse("2009").unwrap();
    }
    assert_eq!(route(&call, &roster(), &routing()), portal(None));
}

#[test]
fn every_way_to_say_a_diversion_finds_the_mailbox_and_the_reason() {
    let mut by_target = invite("1233");
    by_target.request_uri.params = vec![
        ("target".to_owned(), "sip:2001@pbx".to_owned()),
        ("cause".to_owned(), "486".to_owned()),
    ];
    assert_eq!(
        deposit(&by_target, &routing()),
        Some(("2001".to_owned(), Some(Reason::Busy)))
    );

    let mut by_history = invite("1233");
    by_history.history = vec![history("2001", None), history("1233", Some(408))];
    assert_eq!(
        deposit(&by_history, &routing()),
        Some(("2001".to_owned(), Some(Reason::NoAnswer)))
    );

    let mut by_diversion = invite("1233");
    by_diversion.diversion = vec![diversion("+31201232002", "unconditional", None)];
    assert_eq!(
        deposit(&by_diversion, &routing()),
        Some(("2002".to_owned(), Some(Reason::Unconditional)))
    );
}

#[test]
fn a_call_diverted_twice_goes_to_the_first_or_last_as_configured() {
    let mut call = invite("1233");
    call.diversion = vec![
        diversion("2002", "user-busy", None),
        diversion("2001", "no-answer", None),
    ];
    let mut last = routing();
    last.mailbox_from = MailboxFrom::Last;
    assert_eq!(
        deposit(&call, &routing()),
        Some(("2001".to_owned(), Some(Reason::NoAnswer)))
    );
    assert_eq!(
        deposit(&call, &last),
        Some(("2002".to_owned(), Some(Reason::Busy)))
    );

    call.diversion.clear();
    call.history = vec![
        history("2001", None),
        history("2002", Some(408)),
        history("1233", Some(486)),
    ];
    assert_eq!(
        deposit(&call, &routing()),
        Some(("2001".to_owned(), Some(Reason::NoAnswer)))
    );
    assert_eq!(
        deposit(&call, &last),
        Some(("2002".to_owned(), Some(Reason::Busy)))
    );
}

#[test]
fn the_cause_of_an_earlier_diversion_is_not_that_of_the_mailbox() {
    let mut call = invite("1233");
    call.history = vec![
        history("5555", None),
        history("2001", Some(302)),
        history("1233", None),
    ];
    let expected = |reason| Some(("2001".to_owned(), reason));
    assert_eq!(deposit(&call, &routing()), expected(None));
    call.history[1].reason = Some(486);
    assert_eq!(deposit(&call, &routing()), expected(Some(Reason::Busy)));
    call.history[2].cause = Some(408);
    assert_eq!(deposit(&call, &routing()), expected(Some(Reason::NoAnswer)));
}

#[test]
fn a_stranger_leaves_a_message_where_they_called_and_nowhere_else() {
    let mut call = invite("2001");
    call.trusted = false;
    call.diversion = vec![diversion("2002", "user-busy", None)];
    call.history = vec![history("2002", None), history("2001", Some(486))];
    assert_eq!(deposit(&call, &routing()), Some(("2001".to_owned(), None)));
}

#[test]
fn a_history_of_this_request_alone_is_no_diversion() {
    let mut call = invite("2001");
    call.history = vec![history("2002", Some(486))];
    assert_eq!(deposit(&call, &routing()), Some(("2001".to_owned(), None)));
}

#[test]
fn a_diversion_by_a_stranger_does_not_hide_the_number_dialled() {
    let mut call = invite("2001");
    call.diversion = vec![diversion("5555", "no-answer", None)];
    assert_eq!(deposit(&call, &routing()), Some(("2001".to_owned(), None)));
}

#[test]
fn a_call_without_diversion_goes_by_header_then_to_then_request_uri() {
    let mut call = invite("2001");
    call.headers = vec![("x-mailbox".to_owned(), " 2002 ".to_owned())];
    assert_eq!(deposit(&call, &routing()).unwrap().0, "2002");
    call.headers.clear();
    assert_eq!(deposit(&call, &routing()).unwrap().0, "2001");
    call.to = address("voicemail");
    assert_eq!(deposit(&call, &routing()).unwrap().0, "2001");
}

#[test]
fn unknown_numbers_and_loops_are_told_apart() {
    assert_eq!(
        route(&invite("4444"), &roster(), &routing()),
        Route::Unknown
    );
    let mut call = invite("1233");
    call.diversion = vec![diversion("2001", "no-answer", Some(11))];
    assert_eq!(route(&call, &roster(), &routing()), Route::Loop);
    call.diversion = vec![diversion("2001", "no-answer", Some(u32::MAX)); 3];
    assert_eq!(route(&call, &roster(), &routing()), Route::Loop);
}

#[test]
fn a_withheld_caller_has_no_number_and_no_name() {
    let mut call = invite("2001");
    call.asserted = vec![Address {
        display: "Jan".to_owned(),
        ..address("0201111111")
    }];
    let number = DialString::parse("0201111111").unwrap();
    assert_eq!(
        caller(&call),
        Caller::Known {
            number,
            name: Some("Jan".to_owned())
        }
    );
    call.private = true;
    assert_eq!(caller(&call), Caller::Withheld);
}
