//! Laws of the switch over all its calls: a bug in one ends that one, and nothing is left of any.
//!
//! Long because all of it shares the one office.

use super::*;
use crate::base::{Digit, MailboxId, Pii, Timestamp};
use crate::call::{Abilities, ChangeWork, MailboxFrom, PATIENCE, TakeCommand};
use crate::flow::Effect;
use crate::media::{RecordEnd, Recorded, Speed};
use crate::prompt::{Grammar, SetId};
use crate::sip::{Address, EndReason};
use crate::subscriber::{Change, Profile, ServiceBook};

mod locks;

const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";

/// The message of the mailbox.
fn message() -> MessageId {
    MessageId(uuid::Uuid::from_u128(5))
}

/// A switch, and what it asked for and has not been given yet.
struct Office {
    switch: Switch,
    now: Now,
    calls: u64,
    /// Who calls.
    caller: &'static str,
    seen: Vec<Command>,
}

impl Office {
    fn new() -> Office {
        let number = |n: &str| crate::base::DialString::parse(n).unwrap();
        let owner = Profile {
            mailbox: MailboxId::parse("2001").unwrap(),
            name: "Jan".to_owned(),
            numbers: vec![number("0612345678")],
            language: Language::parse("nl").unwrap(),
            zone: "UTC".to_owned(),
            passcode: None,
            assistant: None,
            tenant: None,
            delivery: crate::subscriber::Delivery::local(),
            limits: crate::mailbox::Limits::default(),
        };
        let rules = Rules {
            roster: Arc::new(Roster::new([owner]).unwrap()),
            routing: Routing {
                portal: vec![number("1233")],
                clear_lamp: vec![number("*99")],
                operators: vec![(number("9700"), None)],
                mailbox_from: MailboxFrom::Original,
                ..Routing::default()
            },
            menus: Menus::default(),
            settings: Settings {
                first_use: false,
                ..Settings::default()
            },
            abilities: Abilities::default(),
            languages: Languages::only(Language::parse("nl").unwrap()),
            book: ServiceBook::default(),
        };
        let now = Now {
            mono: Mono::ZERO,
            wall: Timestamp::UNIX_EPOCH,
        };
        Office {
            switch: Switch::new(rules, 1),
            now,
            calls: 0,
            caller: "0612345678",
            seen: Vec::new(),
        }
    }

    /// A call to this number whose sockets are not open yet.
    fn arrives(&mut self, to: &str, offer: &str) -> CallId {
        let address = |user: &str| Address {
            user: user.to_owned(),
            host: "pbx".to_owned(),
            ..Address::default()
        };
        self.calls += 1;
        let call = CallId(self.calls);
        self.sip(sip::Event::Invite(Box::new(Invite {
            call,
            call_id: format!("call-{}", self.calls),
            source: "192.0.2.1:5060".parse().unwrap(),
            trusted: true,
            authenticated: None,
            request_uri: address(to),
            to: address(to),
            from: address(self.caller),
            asserted: Vec::new(),
            private: false,
            diversion: Vec::new(),
            history: Vec::new(),
            headers: Vec::new(),
            offer: Some(offer.to_owned()),
        })));
        call
    }

    /// Opens the sockets of every call that waits for them.
    fn open(&mut self, rtp: Option<&str>) {
        let rtp = rtp.map(|address| address.parse().unwrap());
        for command in std::mem::take(&mut self.seen) {
            match command {
                Command::OpenMedia(session, _) => {
                    self.switch.handle_media_opened(self.now, session, rtp);
                }
                other => self.seen.push(other),
            }
        }
        self.collect();
    }

    /// A call that talks.
    fn talks(&mut self, to: &str) -> CallId {
        let call = self.arrives(to, OFFER);
        self.open(Some("192.0.2.9:5000"));
        self.sip(sip::Event::Acknowledged { call, answer: None });
        call
    }

    /// A caller who is being recorded, and the recording.
    fn records(&mut self) -> (CallId, MessageId) {
        let call = self.talks("2001");
        self.media(call, &media::Event::Digit(Digit::Pound));
        for _ in 0..4 {
            if let Some(take) = self.switch.calls[&call].take() {
                return (call, take);
            }
            let play = self.seen.iter().rev().find_map(|command| match command {
                Command::Say { play, .. } => Some(*play),
                _ => None,
            });
            self.media(call, &media::Event::PlayDone(play.unwrap()));
        }
        panic!("no recording began: {:?}", self.seen);
    }

    fn presses(&mut self, call: CallId, keys: &str) {
        for key in keys.chars().filter_map(Digit::from_char) {
            self.media(call, &media::Event::Digit(key));
        }
    }

    /// An operator who is at the first of the greetings.
    fn operates(&mut self) -> CallId {
        let call = self.talks("9700");
        self.presses(call, "1234#2");
        let worksets = vec![Workset {
            set: SetId::of(Language::parse("nl").unwrap()),
            grammar: Grammar::Dutch,
        }];
        self.switch
            .handle_operator_log_in(self.now, call, 1, Some(worksets));
        self.collect();
        call
    }

    /// An operator whose recording is under way.
    fn tries_out(&mut self) -> (CallId, MessageId) {
        let call = self.operates();
        self.presses(call, "1");
        let play = self.seen.iter().rev().find_map(|command| match command {
            Command::Say { play, .. } => Some(*play),
            _ => None,
        });
        self.media(call, &media::Event::PlayDone(play.unwrap()));
        (call, self.switch.calls[&call].take().unwrap())
    }

    /// A subscriber who hears the only message, of 20 seconds.
    fn hears_a_message(&mut self) -> (CallId, SessionId, PlayId) {
        let call = self.talks("1233");
        self.presses(call, "1234#1");
        self.switch.handle_log_in(self.now, call, 1, true);
        let summary = mailbox::Summary {
            id: message(),
            state: mailbox::State::New,
            urgent: false,
            private: false,
            caller: None,
            received: Timestamp::UNIX_EPOCH,
            length: Duration::from_secs(20),
        };
        let listing = mailbox::Listing {
            messages: vec![summary],
            ..mailbox::Listing::default()
        };
        let listed = mailbox::Reply::Listed(listing);
        self.switch.handle_mail(self.now, call, listed);
        self.presses(call, "13");
        let play = self.seen.iter().rev().find_map(|command| match command {
            Command::Fetch { play, .. } => Some(*play),
            _ => None,
        });
        let play = play.unwrap_or_else(|| panic!("no message is fetched: {:?}", self.seen));
        let sound = WireAudio::from_octets(crate::audio::Law::A, &vec![7; 160_000]);
        self.switch.handle_audio(self.now, call, play, Ok(sound));
        self.collect();
        (call, self.switch.calls[&call].media(), play)
    }

    /// The positions that were ordered to be remembered.
    fn positions(&self) -> impl Iterator<Item = (MessageId, Option<Duration>)> {
        self.seen.iter().filter_map(|command| match command {
            Command::Change(order) => match order.work {
                ChangeWork::Set(Change::Position(message, at)) => Some((message, at)),
                _ => None,
            },
            _ => None,
        })
    }

    fn recorded(&mut self, call: CallId, take: MessageId) {
        let length = Duration::from_secs(8);
        let recorded = Recorded {
            take,
            end: RecordEnd::Stopped,
            length,
            voiced: length,
            spoken: length,
        };
        self.media(call, &media::Event::Recorded(recorded));
    }

    fn kept(&mut self, take: MessageId, outcome: Result<(), KeepFault>) {
        self.switch.handle_kept(self.now, take, outcome);
        self.collect();
    }

    fn media(&mut self, call: CallId, event: &media::Event) {
        if let Some(session) = self.switch.calls.get(&call).map(CallSession::media) {
            self.switch.handle_media(self.now, session, event);
        }
        self.collect();
    }

    fn sip(&mut self, event: sip::Event) {
        self.switch.handle_sip(self.now, event);
        self.collect();
    }

    fn ended(&mut self, call: CallId, reason: EndReason) {
        self.sip(sip::Event::Ended { call, reason });
    }

    fn bug(&mut self, call: CallId) {
        self.switch
            .step(self.now, call, |_, _| panic!("a bug, for this test"));
        self.collect();
    }

    fn pass(&mut self, span: Duration) {
        self.now = self.now.after(span);
        self.switch.handle_timeout(self.now);
        self.collect();
    }

    fn collect(&mut self) {
        while let Some(command) = self.switch.poll_command() {
            self.seen.push(command);
        }
    }

    fn commits(&self, take: MessageId) -> usize {
        let commit = |c: &&Command| matches!(c, Command::Take(TakeCommand::Commit { take: t, .. }) if *t == take);
        self.seen.iter().filter(commit).count()
    }

    fn milestones(&self, wanted: fn(&Milestone) -> bool) -> usize {
        let milestone = |c: &&Command| matches!(c, Command::Milestone { what, .. } if wanted(what));
        self.seen.iter().filter(milestone).count()
    }

    fn says(&self, wanted: &sip::Command) -> bool {
        self.seen.contains(&Command::Sip(wanted.clone()))
    }

    fn assert_empty(&self) {
        let switch = &self.switch;
        assert!(
            switch.is_empty(),
            "{:?} {:?}",
            switch.calls,
            switch.arriving
        );
        assert!(switch.by_media.is_empty());
        assert!(switch.takes.is_empty());
        assert!(switch.deadlines.is_empty());
        assert!(switch.out.is_empty());
    }
}

#[test]
fn a_bug_in_one_call_ends_that_call_keeps_its_recording_and_leaves_the_others() {
    let mut office = Office::new();
    let other = office.talks("2001");
    let (call, take) = office.records();
    office.bug(call);
    assert!(office.says(&sip::Command::Bye(call)));
    assert!(!office.says(&sip::Command::Bye(other)));
    office.recorded(call, take);
    assert_eq!(office.commits(take), 1);
    office.kept(take, Ok(()));
    office.ended(call, EndReason::HungUp);
    assert_eq!(office.switch.len(), 1);
    office.sip(sip::Event::Bye { call: other });
    assert!(office.says(&sip::Command::ByeDone(other)));
    office.assert_empty();
}

#[test]
fn a_bug_while_a_bye_waits_for_its_recording_still_answers_the_bye() {
    let mut office = Office::new();
    let (call, take) = office.records();
    office.sip(sip::Event::Bye { call });
    office.bug(call);
    office.recorded(call, take);
    assert!(!office.says(&sip::Command::ByeDone(call)));
    office.kept(take, Ok(()));
    assert!(office.says(&sip::Command::ByeDone(call)));
    assert_eq!(office.commits(take), 1);
    office.assert_empty();
}

#[test]
fn a_recording_whose_end_is_never_reported_is_kept_all_the_same() {
    let mut office = Office::new();
    let (call, take) = office.records();
    office.media(call, &media::Event::Broken);
    assert_eq!(office.commits(take), 0);
    assert_eq!(office.switch.unsettled(), 1);
    office.pass(PATIENCE);
    assert_eq!(office.commits(take), 1);
    office.kept(take, Ok(()));
    assert_eq!(office.switch.unsettled(), 0);
    assert_eq!(office.switch.len(), 1);
    office.ended(call, EndReason::NoResponse);
    office.assert_empty();
}

#[test]
fn the_clearing_code_clears_the_lamp_of_who_dials_it_once_the_call_is_up() {
    let mut office = Office::new();
    let owner = MailboxId::parse("2001").unwrap();
    for (dials, clears) in [("2001", 1), ("0699999999", 0)] {
        office.caller = dials;
        let call = office.arrives("*99", OFFER);
        office.open(Some("192.0.2.9:5000"));
        let mailbox = owner.clone();
        let clear = Command::ClearLamp { call, mailbox };
        let count = |office: &Office| office.seen.iter().filter(|c| **c == clear).count();
        assert_eq!(count(&office), 0, "not before the ACK");
        office.sip(sip::Event::Acknowledged { call, answer: None });
        assert_eq!(count(&office), clears, "{dials}");
        office.sip(sip::Event::Bye { call });
        office.seen.clear();
    }
    office.assert_empty();
}

#[test]
fn a_verdict_on_a_log_in_that_was_given_up_changes_nothing() {
    let mut office = Office::new();
    let call = office.talks("1233");
    for key in "1111#".chars() {
        office.media(call, &media::Event::Digit(Digit::from_char(key).unwrap()));
    }
    let attempts = office.seen.iter().filter_map(|c| match c {
        Command::LogIn {
            attempt, passcode, ..
        } => Some((*attempt, passcode.clone())),
        _ => None,
    });
    let attempts: Vec<(u32, Pii<String>)> = attempts.collect();
    assert_eq!(attempts.len(), 1, "{:?}", office.seen);
    assert!(office.switch.calls[&call].log_in(1).is_some());
    office.pass(PATIENCE);
    assert!(office.switch.calls[&call].log_in(1).is_none());
    office.switch.handle_log_in(office.now, call, 1, true);
    office.sip(sip::Event::Bye { call });
    office.assert_empty();
}

#[test]
fn where_a_message_was_stopped_is_remembered_however_its_call_ends() {
    let endings: [Ending; 3] = [
        |office, call| office.sip(sip::Event::Bye { call }),
        |office, call| office.ended(call, EndReason::NoResponse),
        |office, call| {
            office.bug(call);
            office.ended(call, EndReason::HungUp);
        },
    ];
    for end in endings {
        let mut office = Office::new();
        let (call, session, play) = office.hears_a_message();
        end(&mut office, call);
        assert_eq!(office.switch.len(), 1, "it waits for the report");
        let at = Duration::from_secs(9);
        let stopped = media::Event::Stopped(play, at);
        office.switch.handle_media(office.now, session, &stopped);
        office.collect();
        let positions: Vec<_> = office.positions().collect();
        assert_eq!(positions, [(message(), Some(at))]);
        office.assert_empty();
    }
}

#[test]
fn a_call_does_not_wait_for_ever_for_where_its_message_was_stopped() {
    let mut office = Office::new();
    let (call, ..) = office.hears_a_message();
    office.sip(sip::Event::Bye { call });
    assert!(
        office.says(&sip::Command::ByeDone(call)),
        "the BYE does not wait"
    );
    office.pass(Duration::from_secs(2));
    assert_eq!(office.positions().count(), 0);
    office.assert_empty();
}

#[test]
fn a_message_heard_to_its_end_changes_nothing_that_was_not_there() {
    let mut office = Office::new();
    let (call, _, play) = office.hears_a_message();
    office.media(call, &media::Event::PlayDone(play));
    assert_eq!(office.positions().count(), 0);
}

/// A way for a call to end.
type Ending = fn(&mut Office, CallId);

#[test]
fn a_recording_that_is_tried_out_is_dropped_once_however_its_call_ends() {
    let endings: [Ending; 6] = [
        |office, call| office.sip(sip::Event::Bye { call }),
        |office, call| office.bug(call),
        |office, call| office.media(call, &media::Event::Broken),
        |office, call| office.media(call, &media::Event::Silent(PATIENCE)),
        |office, call| office.ended(call, EndReason::SessionExpired),
        |office, _| {
            office.switch.drain(office.now);
            office.collect();
        },
    ];
    for (n, end) in endings.into_iter().enumerate() {
        for is_over in [false, true] {
            let mut office = Office::new();
            let (call, take) = office.tries_out();
            if is_over {
                office.recorded(call, take);
            }
            end(&mut office, call);
            office.recorded(call, take);
            office.ended(call, EndReason::HungUp);
            let dropped = office.milestones(|m| matches!(m, Milestone::TakeDropped(_)));
            assert_eq!(dropped, 1, "{n} {is_over}");
            assert_eq!(office.commits(take), 0, "{n} {is_over}");
            let begun = |c: &Command| matches!(c, Command::Take(TakeCommand::Begin { .. }));
            assert!(!office.seen.iter().any(begun), "nothing of it is on disk");
            office.assert_empty();
        }
    }
}

#[test]
fn a_change_of_prompts_is_written_down_also_where_its_call_is_over() {
    let mut office = Office::new();
    let call = office.operates();
    office.presses(call, "3");
    let order = office.seen.iter().find_map(|command| match command {
        Command::ChangePrompts(order) => Some(order.clone()),
        _ => None,
    });
    let order = order.unwrap();
    assert_eq!((order.call, order.dialled.as_str()), (call, "9700"));
    office.sip(sip::Event::Bye { call });
    office.assert_empty();
    office
        .switch
        .handle_prompts_changed(office.now, &order, Ok(()));
    office.collect();
    let told = office.milestones(|m| matches!(m, Milestone::Prompts(_, Ok(()))));
    assert_eq!(told, 1);
}

#[test]
fn a_full_mailbox_takes_no_message_until_it_has_room_and_strangers_are_not_remembered() {
    let mut office = Office::new();
    let mailbox = |number| MailboxId::parse(number).unwrap();
    office.switch.set_full(&mailbox("2001"), true);
    office.switch.set_full(&mailbox("2002"), true);
    assert_eq!(office.switch.full.len(), 1);
    let told = |office: &Office| {
        let full = crate::prompt::Phrase::Line(crate::prompt::Line::MailboxFull);
        let say =
            |c: &Command| matches!(c, Command::Say { phrases, .. } if phrases.contains(&full));
        office.seen.iter().any(say)
    };
    office.talks("2001");
    assert!(told(&office));
    office.seen.clear();
    office.switch.set_full(&mailbox("2001"), false);
    office.talks("2001");
    assert!(!told(&office));
}

#[test]
fn a_recording_the_disk_broke_off_is_told_and_kept_as_that() {
    let mut office = Office::new();
    let (call, take) = office.records();
    office.switch.handle_take_broken(office.now, take);
    office.recorded(call, take);
    let cut_off = crate::prompt::Phrase::Line(crate::prompt::Line::RecordingCutOff);
    let say = |c: &Command| matches!(c, Command::Say { phrases, .. } if phrases[0] == cut_off);
    assert!(office.seen.iter().any(say));
    office.sip(sip::Event::Bye { call });
    let ending = office.seen.iter().find_map(|c| match c {
        Command::Take(TakeCommand::Commit { facts, .. }) => Some(facts.ending),
        _ => None,
    });
    assert_eq!(ending, Some(crate::mailbox::Ending::CutOff));
}

#[test]
fn an_answer_about_the_indicator_that_comes_too_late_changes_nothing() {
    let mut office = Office::new();
    let call = office.talks("*99");
    let asked = |c: &Command| matches!(c, Command::ClearLamp { call: c, .. } if *c == call);
    assert!(office.seen.iter().any(asked));
    office.pass(PATIENCE);
    office.seen.clear();
    office.switch.handle_lamp_cleared(office.now, call, Ok(()));
    office.collect();
    assert!(office.seen.is_empty(), "{:?}", office.seen);
}

#[test]
fn messages_and_recordings_play_at_the_speed_wanted_and_words_at_their_own() {
    let mut office = Office::new();
    let (call, take) = office.tries_out();
    office.recorded(call, take);
    let mut heard = Vec::new();
    let mut step = |office: &mut Office, effect| {
        office.seen.clear();
        let now = office.now;
        office
            .switch
            .step(now, call, |s, desk| s.carry_out(desk, effect));
        office
            .switch
            .handle_take_audio(now, take, Ok(WireAudio::from_samples(&[0; 800])));
        office.collect();
        for command in &office.seen {
            match command {
                Command::Say { .. } => heard.push("words".to_owned()),
                Command::Media(_, media::Command::Play { .. }) => heard.push("sound".to_owned()),
                Command::Media(_, media::Command::Speed(to)) => heard.push(format!("{to:?}")),
                _ => {}
            }
        }
    };
    let words = || Effect::Play(vec![crate::prompt::Phrase::Beep]);
    for effect in [
        Effect::PlayTake,
        Effect::Speed(Speed::Fast),
        words(),
        Effect::Speed(Speed::Double),
        words(),
        Effect::PlayTake,
        Effect::PlayTake,
        Effect::Speed(Speed::Normal),
        words(),
    ] {
        step(&mut office, effect);
    }
    let expected = [
        "sound", "Fast", "Normal", "words", "words", "Double", "sound", "sound", "Normal", "words",
    ];
    assert_eq!(heard, expected);
}

#[test]
fn a_recording_ends_a_second_after_its_last_speech_where_it_is_heard_and_where_it_is_kept() {
    let second = Duration::from_secs(1);
    for (length, spoken, worth) in [(8, 3, 4), (8, 8, 8), (8, 7, 8), (8, 0, 8)] {
        let mut office = Office::new();
        let (call, take) = office.records();
        let (length, spoken, worth) = (second * length, second * spoken, second * worth);
        let recorded = Recorded {
            take,
            end: RecordEnd::Stopped,
            length,
            voiced: second,
            spoken,
        };
        office.media(call, &media::Event::Recorded(recorded));
        let now = office.now;
        office
            .switch
            .step(now, call, |s, desk| s.carry_out(desk, Effect::PlayTake));
        let whole = WireAudio::from_samples(&vec![900; 64_000]);
        office.switch.handle_take_audio(now, take, Ok(whole));
        office.sip(sip::Event::Bye { call });
        let plays = office.seen.iter().filter_map(|command| match command {
            Command::Media(_, media::Command::Play { items, .. }) => match &items[0] {
                media::PlayItem::Audio(audio) => Some(audio.duration()),
                _ => None,
            },
            _ => None,
        });
        let kept = office.seen.iter().filter_map(|command| match command {
            Command::Take(TakeCommand::Commit { facts, .. }) => Some(facts.length),
            _ => None,
        });
        assert_eq!(
            plays.chain(kept).collect::<Vec<_>>(),
            [worth; 2],
            "{length:?}"
        );
    }
}

/// One call, ended in the way of this number.
fn one_call(office: &mut Office, way: u64) {
    match way {
        0 => {
            let call = office.talks("1233");
            office.sip(sip::Event::Bye { call });
        }
        1 | 2 => {
            let (call, take) = office.records();
            office.sip(sip::Event::Bye { call });
            office.recorded(call, take);
            let outcome = if way == 1 {
                Ok(())
            } else {
                Err(KeepFault::Disk)
            };
            office.kept(take, outcome);
        }
        3 => {
            office.arrives("4444", OFFER);
        }
        4 => {
            office.arrives("2001", OFFER);
            office.open(None);
        }
        5 => {
            office.arrives("2001", "v=0\r\nnonsense");
            office.open(Some("192.0.2.9:5000"));
        }
        6 => {
            let call = office.arrives("2001", OFFER);
            office.open(Some("192.0.2.9:5000"));
            office.ended(call, EndReason::NoAck);
        }
        7 => {
            let call = office.arrives("2001", OFFER);
            office.ended(call, EndReason::Cancelled);
            office.open(Some("192.0.2.9:5000"));
        }
        8 => {
            let (call, take) = office.records();
            office.bug(call);
            office.recorded(call, take);
            office.kept(take, Ok(()));
            office.ended(call, EndReason::NoResponse);
        }
        9 => {
            let (call, take) = office.records();
            office.switch.handle_take_refused(office.now, take);
            office.sip(sip::Event::Bye { call });
        }
        10 => {
            let call = office.talks("2001");
            office.media(call, &media::Event::Silent(Duration::from_secs(60)));
            office.ended(call, EndReason::HungUp);
        }
        _ => {
            let (call, take) = office.records();
            office.media(call, &media::Event::Broken);
            office.pass(PATIENCE);
            office.kept(take, Ok(()));
            office.ended(call, EndReason::HungUp);
        }
    }
}

#[test]
fn nothing_is_left_of_a_thousand_calls_however_they_end() {
    let mut office = Office::new();
    for n in 0..1_000 {
        one_call(&mut office, n % 12);
        office.assert_empty();
    }
    let arrived = office.milestones(|m| matches!(m, Milestone::Arrived { .. }));
    let over = |m: &Milestone| matches!(m, Milestone::Ended(_) | Milestone::Refused(_));
    assert_eq!((arrived, office.milestones(over)), (1_000, 1_000));
    let opened = office.milestones(|m| matches!(m, Milestone::Answered(_)));
    assert!(opened > 500, "{opened}");
}
