//! One profile, however it is changed: codes, the menus and the command line at the same time, their
//! steps in any order, end in what a reference model says.
//!
//! The model knows of each way only what the user manual says of it: which value it sets to what, from
//! the moment that is stored. It has no code in common with the conversations.

use belpost::base::{DialString, Digit, MailboxId, Mono, Now, Timestamp};
use belpost::feature::Table;
use belpost::flow::{
    Conversation, Cx, Effect, Effects, Entry, Event, FeatureSetup, LogInVerdict, Menus,
    PortalSetup, Settings, Wish,
};
use belpost::mailbox::Limits;
use belpost::subscriber::{
    Away, AwayChange, Change, Condition, Delivery, Feature, ForwardChange, Language, Languages,
    PasscodeHash, Profile, Roster, ServiceBook, Services,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// What is set, by name, in words.
type Model = BTreeMap<String, String>;

/// A way to change something, and what of the model it sets.
#[derive(Clone, Debug)]
struct Way {
    by: By,
    sets: (&'static str, String),
    /// A second value that the same step sets.
    also: Option<(&'static str, String)>,
}

#[derive(Clone, Debug)]
enum By {
    /// A code, dialled.
    Code(String),
    /// Keys after the log-in at 1233.
    Menu(String),
    /// The command line.
    Command(Change),
}

/// The switches: name, code for on and off, key among the other services.
const SWITCHES: [(&str, &str, &str, &str, Feature); 7] = [
    ("do-not-disturb", "*78", "*79", "1", Feature::DoNotDisturb),
    ("hide-number", "*31", "#31", "2", Feature::HideNumber),
    (
        "reject-anonymous",
        "*77",
        "*87",
        "3",
        Feature::RejectAnonymous,
    ),
    ("call-waiting", "*43", "#43", "4", Feature::CallWaiting),
    (
        "always-to-voicemail",
        "*21",
        "#21",
        "5",
        Feature::AlwaysToVoicemail,
    ),
    (
        "busy-to-voicemail",
        "*40",
        "#40",
        "6",
        Feature::BusyToVoicemail,
    ),
    (
        "no-answer-to-voicemail",
        "*41",
        "#41",
        "7",
        Feature::NoAnswerToVoicemail,
    ),
];

/// The forwardings: names of on and number, code for on and off, key in the menu.
const FORWARDS: [(&str, &str, &str, &str, &str, Condition); 4] = [
    ("always", "always to", "*72", "*73", "1", Condition::Always),
    ("busy", "busy to", "*90", "*91", "2", Condition::Busy),
    (
        "no-answer",
        "no-answer to",
        "*92",
        "*93",
        "3",
        Condition::NoAnswer,
    ),
    (
        "not-reachable",
        "not-reachable to",
        "*94",
        "*95",
        "4",
        Condition::NotReachable,
    ),
];

const NUMBERS: [&str; 3] = ["0201234567", "0611111111", "2002"];

fn way(by: By, name: &'static str, value: &dyn ToString) -> Way {
    let (sets, also) = ((name, value.to_string()), None);
    Way { by, sets, also }
}

fn switch(which: usize) -> impl Strategy<Value = Way> {
    let how = select(vec!["code", "menu", "command"]);
    (Just(SWITCHES[which]), any::<bool>(), how).prop_map(
        |((name, on_code, off_code, key, feature), on, how)| {
            let by = match how {
                "code" => By::Code(if on { on_code } else { off_code }.to_owned()),
                "menu" => By::Menu(format!("0{key}{}", if on { 1 } else { 2 })),
                _ => By::Command(Change::Feature(feature, on)),
            };
            way(by, name, &on)
        },
    )
}

fn forward(which: usize) -> impl Strategy<Value = Way> {
    let how = select(vec!["code", "menu", "command"]);
    let what = select(vec!["on to", "off", "number"]);
    let number = select(NUMBERS.to_vec());
    (Just(FORWARDS[which]), what, number, how).prop_map(
        |((name, to, on_code, off_code, key, condition), what, number, how)| {
            let dialled = DialString::parse(number).unwrap();
            match (what, how) {
                ("on to", "code") => {
                    let on = way(By::Code(format!("{on_code}{number}")), name, &true);
                    let also = Some((to, number.to_owned()));
                    Way { also, ..on }
                }
                ("on to", _) => {
                    let change = Change::Forward(condition, ForwardChange::on_to(dialled));
                    let also = Some((to, number.to_owned()));
                    Way {
                        also,
                        ..way(By::Command(change), name, &true)
                    }
                }
                ("off", "code") => way(By::Code(off_code.to_owned()), name, &false),
                ("off", "menu") => way(By::Menu(format!("4{key}2")), name, &false),
                ("off", _) => {
                    let change = Change::Forward(condition, ForwardChange::switch(false));
                    way(By::Command(change), name, &false)
                }
                // A number alone is changed by the menu: 3, the number, and 1 to confirm it.
                _ => way(By::Menu(format!("4{key}3{number}#1")), to, &number),
            }
        },
    )
}

fn rings() -> impl Strategy<Value = Way> {
    let how = select(vec!["code", "menu", "command"]);
    (1_u8..10, how).prop_map(|(rings, how)| {
        let by = match how {
            "code" => By::Code(format!("*610{rings}")),
            "menu" => By::Menu(format!("45{rings}")),
            _ => By::Command(Change::Rings(rings)),
        };
        way(by, "rings", &rings)
    })
}

/// Of the extended-away service one switch: by menu or by command.
fn away() -> impl Strategy<Value = Way> {
    (any::<bool>(), any::<bool>()).prop_map(|(on, by_menu)| {
        let by = if by_menu {
            By::Menu(format!("34{}", if on { 4 } else { 5 }))
        } else {
            let on = Some(on);
            By::Command(Change::Away(AwayChange {
                on,
                ..AwayChange::default()
            }))
        };
        way(by, "away", &on)
    })
}

/// Ways that often meet: they are about one forwarding and one switch.
fn any_ways() -> impl Strategy<Value = Vec<Way>> {
    let one = |(forwarding, service)| {
        prop_oneof![
            6 => forward(forwarding),
            2 => switch(service),
            1 => rings(),
            1 => away(),
        ]
    };
    (0..FORWARDS.len(), 0..SWITCHES.len())
        .prop_flat_map(move |which| proptest::collection::vec(one(which), 1..7))
}

/// All that a conversation may look at.
struct World {
    menus: Menus,
    settings: Settings,
    languages: Languages,
    roster: Roster,
    book: ServiceBook,
}

fn owner() -> Profile {
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$\
                Ci9bRmkS8mOAzRl8ZbGSMLMEJvUUNH43k0tNRTiZ5oI";
    Profile {
        mailbox: MailboxId::parse("2001").unwrap(),
        name: "Anna".to_owned(),
        numbers: Vec::new(),
        language: Language::parse("nl").unwrap(),
        zone: "Europe/Amsterdam".to_owned(),
        passcode: Some(PasscodeHash::parse(hash).unwrap()),
        assistant: None,
        tenant: None,
        delivery: Delivery::local(),
        limits: Limits::default(),
    }
}

impl World {
    fn new() -> World {
        World {
            menus: Menus::default(),
            settings: Settings {
                change_initial: false,
                ..Settings::default()
            },
            languages: Languages::only(Language::parse("nl").unwrap()),
            roster: Roster::new([owner()]).unwrap(),
            book: ServiceBook::default(),
        }
    }

    fn cx(&self) -> Cx<'_> {
        let mono = Mono::since_start(Duration::ZERO);
        let wall = Timestamp::from_second(1_800_000_000).unwrap();
        Cx {
            now: Now { mono, wall },
            menus: &self.menus,
            settings: &self.settings,
            languages: &self.languages,
            roster: &self.roster,
            book: &self.book,
        }
    }

    fn profile(&self) -> Arc<Profile> {
        Arc::clone(self.roster.all()[0])
    }

    /// Stores a change.
    fn store(&mut self, change: &Change) -> Arc<Services> {
        let mailbox = self.profile().mailbox.clone();
        let mut services = (**self.book.of(&mailbox)).clone();
        services.apply(change);
        let services = Arc::new(services);
        self.book.set(mailbox, Arc::clone(&services));
        services
    }
}

/// Somebody who changes something, at some step of it.
struct Actor {
    way: Way,
    flow: Option<Conversation>,
    keys: VecDeque<Digit>,
    events: VecDeque<Event>,
    /// What is ordered and not stored yet.
    ordered: Option<Change>,
}

impl Actor {
    fn new(way: Way, world: &World) -> Actor {
        let (flow, keys, ordered) = match &way.by {
            By::Code(keys) => {
                let setup = FeatureSetup {
                    owner: Some(world.profile()),
                    dialled: Table::default().look_up(keys),
                };
                (Some(Conversation::feature(setup)), String::new(), None)
            }
            By::Menu(keys) => {
                let setup = PortalSetup {
                    owner: Some(world.profile()),
                    entry: Entry::Main,
                };
                (
                    Some(Conversation::portal(setup)),
                    format!("4711#{keys}"),
                    None,
                )
            }
            By::Command(change) => (None, String::new(), Some(change.clone())),
        };
        Actor {
            way,
            flow,
            keys: keys.chars().filter_map(Digit::from_char).collect(),
            events: [Event::Started].into(),
            ordered,
        }
    }

    /// One step; false when nothing is left to do.
    fn step(&mut self, world: &mut World, model: &mut Model) -> bool {
        if let Some(change) = self.ordered.take() {
            let services = world.store(&change);
            for (name, value) in std::iter::once(&self.way.sets).chain(&self.way.also) {
                model.insert((*name).to_owned(), value.clone());
            }
            self.events.push_back(Event::Changed(Ok(services)));
            return true;
        }
        let Some(flow) = self.flow.take() else {
            return false;
        };
        let event = self.events.pop_front();
        let Some(event) = event.or_else(|| self.keys.pop_front().map(Event::Digit)) else {
            return false;
        };
        let mut effects = Effects::new();
        let next = flow.on(event, &world.cx(), &mut effects);
        for effect in effects {
            match effect {
                Effect::Change(Wish::Set(change)) => self.ordered = Some(change),
                Effect::LogIn(_) => {
                    let accepted = LogInVerdict::Accepted(world.profile());
                    self.events.push_back(Event::LogIn(accepted));
                }
                _ => {}
            }
        }
        self.flow = Some(next);
        true
    }
}

/// What is set, in the words of the model; what nobody set is left out.
fn words(services: &Services, named: &Model) -> Model {
    let mut all = Model::new();
    for (name, _, _, _, feature) in SWITCHES {
        all.insert(name.to_owned(), services.features.has(feature).to_string());
    }
    for (name, to, _, _, _, condition) in FORWARDS {
        let forward = services.forwarding.under(condition);
        all.insert(name.to_owned(), forward.on.to_string());
        let number = forward.to.as_ref().map(ToString::to_string);
        all.insert(to.to_owned(), number.unwrap_or_default());
    }
    all.insert("rings".to_owned(), services.forwarding.rings.to_string());
    all.insert("away".to_owned(), services.away.on.to_string());
    all.retain(|name, _| named.contains_key(name));
    all
}

/// All that was not set is as it was.
fn untouched(services: &Services, named: &Model) -> bool {
    let usual = Services::default();
    let mut all = Model::new();
    for (name, _, _, _, _) in SWITCHES {
        all.insert(name.to_owned(), String::new());
    }
    for (name, to, ..) in FORWARDS {
        all.insert(name.to_owned(), String::new());
        all.insert(to.to_owned(), String::new());
    }
    all.insert("rings".to_owned(), String::new());
    all.insert("away".to_owned(), String::new());
    all.retain(|name, _| !named.contains_key(name));
    words(services, &all) == words(&usual, &all)
        && Away {
            on: usual.away.on,
            ..services.away
        } == usual.away
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Up to six at the same time, their steps in any order.
    #[test]
    fn whatever_the_order_of_their_steps_codes_menus_and_commands_end_in_what_the_model_says(
        ways in any_ways(),
        turns in proptest::collection::vec(any::<Index>(), 0..120),
    ) {
        let (mut world, mut model) = (World::new(), Model::new());
        let mut actors: Vec<Actor> = ways.iter().map(|w| Actor::new(w.clone(), &world)).collect();
        for turn in turns {
            let at = turn.index(actors.len());
            actors[at].step(&mut world, &mut model);
        }
        for actor in &mut actors {
            while actor.step(&mut world, &mut model) {}
        }
        let services = Arc::clone(world.book.of(&owner().mailbox));
        prop_assert_eq!(words(&services, &model), model.clone());
        prop_assert!(untouched(&services, &model), "{:?}", services);
        // Each of them got to change what it was to change, unless it was so already by menu.
        for way in &ways {
            let by_menu = matches!(way.by, By::Menu(_));
            prop_assert!(by_menu || model.contains_key(way.sets.0), "{:?}", way);
        }
    }
}
