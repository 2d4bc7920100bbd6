//! Another passcode, one that is due, and the first use.

use super::line::{calling, granted, logged_in, ordered, told, with};
use super::*;
use crate::flow::{ChangeFault, Wish};
use crate::prompt::Say;
use crate::subscriber::{Change, Profile, RecordingKind};
use std::sync::Arc;

#[test]
fn a_passcode_is_changed_when_it_was_typed_twice_alike() {
    let mut phone = logged_in(&[]);
    phone.presses("8");
    phone.said(Line::EnterNewPasscode);
    phone.did(&Effect::MaskKeys(true));
    phone.presses("8351#");
    phone.said(Line::RepeatPasscode);
    phone.presses("8352#");
    phone.said(Line::PasscodesDiffer);
    phone.presses("8351#8351#");
    let wanted = Wish::Passcode(crate::base::Pii::new("8351".to_owned()));
    assert_eq!(ordered(&phone), Some(wanted));
    granted(&mut phone, &[]);
    phone.said(Line::PasscodeChanged);
    phone.did(&Effect::MaskKeys(false));
    phone.is_in("portal.main");
}

#[test]
fn a_passcode_that_is_refused_is_told_why() {
    let cases: [(&str, Line); 6] = [
        ("83", Line::PasscodeTooShort),
        ("835183518351835183519", Line::PasscodeTooLong),
        ("8383", Line::PasscodeRepeats),
        ("9012", Line::PasscodeRun),
        ("1002", Line::PasscodeOwnNumber),
        ("2001", Line::PasscodeOwnNumber),
    ];
    for (passcode, why) in cases {
        let mut phone = logged_in(&[]);
        phone.presses("8");
        phone.presses(&format!("{passcode}#"));
        phone.said(why);
        phone.said(Line::EnterNewPasscode);
        assert_eq!(ordered(&phone), None);
    }
    let mut phone = logged_in(&[]);
    phone.presses("8");
    phone.presses("83#");
    let least = [
        Phrase::Line(Line::PasscodeTooShort),
        Phrase::Say(Say::Cardinal(4)),
    ];
    told(&phone, &least);
}

#[test]
fn a_passcode_used_before_is_refused_and_another_one_is_asked_for() {
    let mut phone = logged_in(&[]);
    phone.presses("88351#8351#");
    phone.hears(Event::Changed(Err(ChangeFault::UsedBefore)));
    phone.said(Line::PasscodeUsed);
    phone.is_in("portal.new-passcode");
}

#[test]
fn star_leaves_the_passcode_as_it_is() {
    for keys in ["8*", "88351#*"] {
        let mut phone = logged_in(&[]);
        phone.presses(keys);
        phone.is_in("portal.main");
        phone.did(&Effect::MaskKeys(false));
        assert_eq!(ordered(&phone), None);
    }
    let mut phone = logged_in(&[]);
    phone.presses("899*8351#8351#");
    assert!(ordered(&phone).is_some());
}

#[test]
fn three_refused_passcodes_change_nothing_and_lead_back() {
    let mut phone = logged_in(&[]);
    phone.presses("8");
    for _ in 0..3 {
        phone.presses("1234#");
        phone.said(Line::PasscodeRun);
    }
    phone.is_in("portal.main");
}

#[test]
fn a_passcode_of_the_operator_must_be_changed_before_anything_else() {
    let settings = Settings {
        change_initial: true,
        ..Settings::default()
    };
    let mut phone = calling(&[], settings, Entry::Messages);
    phone.presses("1234#11");
    phone.accepted();
    phone.said(Line::PasscodeDue);
    phone.is_in("portal.new-passcode");
    assert!(phone.held.is_empty());
    phone.presses("*");
    phone.said(Line::NotAChoice);
    phone.is_in("portal.new-passcode");
    phone.presses("8351#8351#");
    granted(&mut phone, &[]);
    phone.said(Line::PasscodeChanged);
    // It is the first log-in, so the name comes next.
    phone.is_in("portal.first-name");
}

#[test]
fn a_passcode_is_due_after_a_reset_and_when_it_is_old() {
    let hash = crate::flow::walk::passcode;
    let then = now().wall - Duration::from_hours(48);
    let reset = Change::PasscodeReset(hash(), then);
    let chosen = Change::Passcode(hash(), then);
    let days = |days: u64| Settings {
        passcode_age: Some(Duration::from_hours(24 * days)),
        ..Settings::default()
    };
    let cases = [
        (reset, Settings::default(), true),
        (chosen.clone(), Settings::default(), false),
        (chosen.clone(), days(3), false),
        (chosen, days(2), true),
    ];
    for (change, settings, due) in cases {
        let mut phone = calling(&[change], settings, Entry::Main);
        phone.presses("1234#");
        phone.accepted();
        phone.is_in(if due {
            "portal.new-passcode"
        } else {
            "portal.main"
        });
    }
}

#[test]
fn a_passcode_that_is_due_and_cannot_be_stored_locks_nobody_out() {
    let settings = Settings {
        change_initial: true,
        ..Settings::default()
    };
    let mut phone = calling(&[], settings, Entry::Main);
    phone.presses("1234#");
    phone.accepted();
    phone.presses("8351#8351#");
    phone.hears(Event::Changed(Err(ChangeFault::Unavailable)));
    phone.said(Line::ChangeFailed);
    phone.is_in("portal.main");
}

/// A subscriber who has no passcode yet, on a telephone that is the own one or is not.
fn newcomer(own: bool, settings: Settings) -> Phone {
    let owner = Profile {
        passcode: None,
        ..(*profile(false)).clone()
    };
    let setup = PortalSetup {
        owner: own.then(|| Arc::new(owner)),
        entry: Entry::Main,
    };
    Phone::answered(Conversation::portal(setup), settings)
}

#[test]
fn whoever_has_no_passcode_chooses_one_on_the_own_telephone() {
    let mut phone = newcomer(true, Settings::default());
    phone.said(Line::FirstWelcome);
    phone.said(Line::EnterNewPasscode);
    phone.is_in("portal.new-passcode");
    phone.presses("8351#8351#");
    granted(&mut phone, &[]);
    phone.said(Line::PasscodeChanged);
    phone.said(Line::NameSpeak);
    phone.did(&Effect::MaskKeys(false));
    phone.presses("*");
    phone.said(Line::SetUpDone);
    phone.is_in("portal.main");
}

#[test]
fn the_name_of_a_newcomer_is_in_use_once_a_key_says_so() {
    let mut phone = newcomer(true, Settings::default());
    phone.presses("8351#8351#");
    granted(&mut phone, &[]);
    phone.presses("#");
    phone.hears(Event::PlayDone);
    phone.presses("#");
    phone.recorded(RecordEnd::Stopped, 2);
    assert_eq!(ordered(&phone), None);
    phone.presses("3");
    assert_eq!(ordered(&phone), Some(Wish::Record(RecordingKind::Name)));
    phone.hears(Event::Changed(Ok(with(&[]))));
    phone.did(&Effect::Discard);
    phone.said(Line::NameSaved);
    phone.said(Line::SetUpDone);
}

#[test]
fn without_a_passcode_nobody_gets_in_from_elsewhere_or_where_it_is_off() {
    let mut phone = newcomer(false, Settings::default());
    phone.said(Line::EnterMailbox);
    phone.presses("2001#");
    phone.said(Line::EnterPasscode);
    let settings = Settings {
        first_use: false,
        ..Settings::default()
    };
    let phone = newcomer(true, settings);
    phone.said(Line::EnterPasscode);
    phone.is_in("portal.passcode");
}

#[test]
fn a_newcomer_may_log_in_to_another_mailbox_and_cannot_go_on_without_a_passcode() {
    let mut phone = newcomer(true, Settings::default());
    phone.presses("*");
    phone.said(Line::EnterMailbox);
    let mut phone = newcomer(true, Settings::default());
    for _ in 0..3 {
        phone.is_in("portal.new-passcode");
        phone.presses("8351#8351#");
        phone.hears(Event::Changed(Err(ChangeFault::Unavailable)));
        phone.said(Line::ChangeFailed);
    }
    phone.said(Line::Goodbye);
}
