//! How a mailbox stands, and who has none: out of reach, slow, full, by e-mail (user manual,
//! sections 2.4 and 4.3), and the code that puts the message indicator out (section 7).

use super::*;
use crate::flow::LampFault;
use crate::mailbox::Room;
use crate::prompt::{MessageKind, Say};

/// A subscriber whose messages are being listed.
fn opening(entry: Entry) -> Phone {
    let mut phone = Phone::subscriber(entry);
    phone.presses(if entry == Entry::Main {
        "1234#1"
    } else {
        "1234#"
    });
    phone.accepted();
    phone.is_in("portal.opening");
    phone
}

fn partial(messages: u8) -> Listing {
    Listing {
        messages: (0..messages).map(message).collect(),
        partial: true,
        ..Listing::default()
    }
}

#[test]
fn what_is_on_its_way_to_a_mailbox_out_of_reach_is_counted_and_heard() {
    let mut phone = opening(Entry::Main);
    phone.stands(partial(1));
    let begin = [
        Phrase::Line(Line::InboxUnreachable),
        Phrase::Line(Line::CanBeHeard),
        Phrase::Say(Say::Messages(MessageKind::New, 1)),
    ];
    assert_eq!(phone.words()[..3], begin);
    phone.presses("#");
    assert_eq!(phone.words()[..2], begin[1..]);
    phone.presses("1");
    phone.is_in("portal.intro");
}

#[test]
fn a_mailbox_out_of_reach_is_never_called_empty() {
    for entry in [Entry::Main, Entry::Messages] {
        let mut phone = opening(entry);
        phone.stands(partial(0));
        assert_eq!(phone.words()[0], Phrase::Line(Line::InboxUnreachable));
        assert!(!phone.words().contains(&Phrase::Line(Line::NoMessages)));
        phone.is_in("portal.main");
        phone.presses("1");
        phone.did(&Effect::Mail(Command::List));
        phone.listed(1);
        phone.said(Line::YouHave);
    }
}

#[test]
fn with_the_last_message_deleted_a_mailbox_out_of_reach_is_still_not_empty() {
    let mut phone = opening(Entry::Messages);
    phone.stands(partial(1));
    phone.presses("7");
    phone.done(Command::Delete(id(0)));
    phone.said(Line::InboxUnreachable);
    phone.is_in("portal.voicemail");
}

#[test]
fn how_full_a_mailbox_is_and_what_will_go_is_said_once() {
    for (room, line) in [
        (Room::Scarce, Line::InboxAlmostFull),
        (Room::Full, Line::InboxFull),
    ] {
        for entry in [Entry::Main, Entry::Messages] {
            let mut phone = opening(entry);
            phone.stands(Listing {
                messages: vec![message(0)],
                room,
                expiring: 1,
                ..Listing::default()
            });
            let expiring = Phrase::Say(Say::Messages(MessageKind::Expiring, 1));
            assert_eq!(phone.words()[..2], [Phrase::Line(line), expiring]);
            phone.said(Line::YouHave);
            phone.presses("*");
            phone.is_in(if entry == Entry::Main {
                "portal.main"
            } else {
                "portal.voicemail"
            });
            assert!(!phone.words().contains(&Phrase::Line(line)));
        }
    }
}

#[test]
fn who_waits_for_a_slow_mailbox_hears_so_once_and_loses_no_key() {
    let mut phone = opening(Entry::Main);
    phone.did(&Effect::AwaitKey(Duration::from_secs(2)));
    phone.hears(Event::Timeout);
    assert_eq!(
        phone.fx,
        [Effect::Play(vec![Phrase::Line(Line::OneMoment)])]
    );
    phone.hears(Event::PlayDone);
    assert_eq!(phone.fx, []);
    phone.presses("1");
    phone.listed(1);
    phone.is_in("portal.intro");
}

#[test]
fn a_slow_change_and_a_slow_farewell_are_not_silent_either() {
    let moment = [Effect::Play(vec![Phrase::Line(Line::OneMoment)])];
    let mut phone = Phone::hearing(0, 1);
    phone.presses("7");
    phone.hears(Event::Timeout);
    assert_eq!(phone.fx, moment);
    phone.done(Command::Delete(id(0)));
    phone.said(Line::MessageDeleted);
    phone.presses("*");
    phone.presses("9");
    phone.hears(Event::Timeout);
    assert_eq!(phone.fx, moment);
    phone.hears(Event::Timeout);
    assert_eq!(phone.fx, []);
    phone.done(Command::Expunge);
    phone.said(Line::Goodbye);
}

#[test]
fn messages_by_email_are_never_listed_and_their_owner_is_told_why() {
    for entry in [Entry::Main, Entry::Messages] {
        let mut phone = Phone::subscriber(entry);
        phone.presses("1234#");
        phone.hears(Event::LogIn(LogInVerdict::Accepted(by_email())));
        for key in ["1", "#", "9"] {
            let told = phone.words().contains(&Phrase::Line(Line::SentByEmail));
            assert_eq!(told, key != "9", "before {key}");
            phone.is_in("portal.main");
            phone.presses(key);
            assert!(!phone.fx.iter().any(|e| matches!(e, Effect::Mail(_))));
        }
        phone.said(Line::Goodbye);
    }
}

#[test]
fn the_indicator_is_called_off_once_it_is() {
    let known = Some(profile(false));
    let mut phone = Phone::answered(Conversation::clear_lamp(known.clone()), Settings::default());
    assert_eq!(phone.fx, [Effect::ClearLamp]);
    phone.presses("1");
    assert_eq!(phone.fx, []);
    phone.hears(Event::LampCleared(Ok(())));
    let words = [Line::LampCleared, Line::Goodbye].map(Phrase::Line);
    assert_eq!(phone.words(), words);
    phone.hears(Event::PlayDone);
    assert_eq!(phone.fx, [Effect::HangUp]);

    let mut phone = Phone::answered(Conversation::clear_lamp(known), Settings::default());
    phone.hears(Event::LampCleared(Err(LampFault::Unavailable)));
    phone.said(Line::ChangeFailed);
}

#[test]
fn nobody_puts_out_the_indicator_of_someone_else() {
    let phone = Phone::answered(Conversation::clear_lamp(None), Settings::default());
    let words = [Line::OwnPhoneOnly, Line::Goodbye].map(Phrase::Line);
    assert_eq!(phone.fx, [Effect::Play(words.to_vec())]);
}
