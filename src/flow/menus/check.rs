//! Turning plain menu tables into typed menus, and finding what does not fit together.

use super::choice::{Choice, MAY_BE_LEFT_OUT, MENU_NAMES, REACHED_WITHOUT_KEY, RecordingChoice};
use super::read::{Raw, RawMenu, Word};
use super::{Menu, MenuFault, MenuMistake, Menus};
use crate::base::Digit;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Which menus can be reached, and where in the operator's file the way to one was lost.
struct Doors {
    open: BTreeSet<&'static str>,
    /// The line to blame, where no key leads to a menu.
    lost: BTreeMap<&'static str, u32>,
}

/// All menus, as far as they can be made out; the faults say what could not.
pub(super) fn menus(raw: &Raw, faults: &mut Vec<MenuFault>) -> Menus {
    let mut doors = Doors {
        open: REACHED_WITHOUT_KEY.iter().copied().collect(),
        lost: BTreeMap::new(),
    };
    let menus = Menus {
        greeting: menu(raw, &mut doors, faults),
        recording: menu(raw, &mut doors, faults),
        review: menu(raw, &mut doors, faults),
        main: menu(raw, &mut doors, faults),
        voicemail: menu(raw, &mut doors, faults),
        playing: menu(raw, &mut doors, faults),
        between: menu(raw, &mut doors, faults),
        more: menu(raw, &mut doors, faults),
        sending: menu(raw, &mut doors, faults),
        confirm_delete: menu(raw, &mut doors, faults),
        forwarding: menu(raw, &mut doors, faults),
        forward: menu(raw, &mut doors, faults),
        destination: menu(raw, &mut doors, faults),
        rings: menu(raw, &mut doors, faults),
        services: menu(raw, &mut doors, faults),
        service: menu(raw, &mut doors, faults),
        call_return: menu(raw, &mut doors, faults),
        greetings: menu(raw, &mut doors, faults),
        own_recording: menu(raw, &mut doors, faults),
        away: menu(raw, &mut doors, faults),
        language: menu(raw, &mut doors, faults),
        operator: menu(raw, &mut doors, faults),
        clip: menu(raw, &mut doors, faults),
        clip_review: menu(raw, &mut doors, faults),
        sentences: menu(raw, &mut doors, faults),
    };
    let needed = MENU_NAMES
        .iter()
        .filter(|name| !MAY_BE_LEFT_OUT.contains(name));
    for name in needed.filter(|name| !doors.open.contains(*name)) {
        let line = doors.lost.get(name).copied();
        let mistake = MenuMistake::Unreachable(name);
        faults.push(MenuFault { line, mistake });
    }
    menus
}

impl Doors {
    /// Opens the menus behind the choices of one that have a key. Where they have none, or the menu
    /// itself cannot be reached, the way to them is lost on this menu's `keys`, or before.
    fn through<C: Choice>(&mut self, keys: &[(Digit, C)], keys_line: Option<u32>) {
        let open = self.open.contains(C::MENU);
        let line = keys_line.or_else(|| self.lost.get(C::MENU).copied());
        for choice in C::ALL {
            if open && keys.iter().any(|(_, keyed)| keyed == choice) {
                self.open.extend(choice.leads_to());
            } else if let Some(line) = line {
                for menu in choice.leads_to() {
                    self.lost.entry(menu).or_insert(line);
                }
            }
        }
    }
}

/// One menu. `doors` holds the menus reached so far and gains those behind this one's choices;
/// menus come in the order in which a call reaches them.
fn menu<C: Choice>(raw: &Raw, doors: &mut Doors, faults: &mut Vec<MenuFault>) -> Menu<C> {
    let nothing = RawMenu::default();
    let raw = raw.0.get(C::MENU).unwrap_or(&nothing);
    let keys = keys::<C>(raw, faults);
    let (said, unsaid) = announced(raw, &keys, faults);
    doors.through(&keys, raw.keys_line);
    Menu {
        keys,
        said,
        unsaid,
        tries: raw.tries.and_then(|n| u8::try_from(n).ok()),
        wait: raw
            .wait
            .and_then(|n| u64::try_from(n).ok())
            .map(Duration::from_secs),
    }
}

fn keys<C: Choice>(raw: &RawMenu, faults: &mut Vec<MenuFault>) -> Vec<(Digit, C)> {
    let mut keys: Vec<(Digit, C)> = Vec::new();
    for (key, word) in raw.keys.iter().flatten() {
        let Some(choice) = choice::<C>(word, faults) else {
            continue;
        };
        if keys.iter().any(|(_, earlier)| *earlier == choice) {
            report(faults, word, twice::<C>(choice, "keys"));
        } else {
            if fixed(choice) && *key != Digit::Pound {
                let (menu, choice) = (C::MENU, choice.name().to_owned());
                report(faults, word, MenuMistake::FixedKey { menu, choice });
            }
            keys.push((*key, choice));
        }
    }
    keys
}

/// The choices of `say` and `unsaid`, checked together against the keys.
fn announced<C: Choice>(
    raw: &RawMenu,
    keys: &[(Digit, C)],
    faults: &mut Vec<MenuFault>,
) -> (Vec<C>, Vec<C>) {
    let said = listed(raw.say.as_deref(), keys, raw.keys_line, faults);
    let unsaid = listed(raw.unsaid.as_deref(), keys, raw.keys_line, faults);
    let mut seen: Vec<C> = Vec::new();
    for (word, choice) in said.iter().chain(&unsaid) {
        if seen.contains(choice) {
            report(faults, word, twice::<C>(*choice, "say and unsaid"));
        }
        seen.push(*choice);
    }
    for (word, choice) in said.iter().filter(|(_, choice)| choice.line().is_none()) {
        let (menu, choice) = (C::MENU, choice.name().to_owned());
        report(faults, word, MenuMistake::NoWords { menu, choice });
    }
    for (_, choice) in keys.iter().filter(|(_, choice)| !seen.contains(choice)) {
        let (menu, name) = (C::MENU, choice.name());
        let mut words = raw.keys.iter().flatten().map(|(_, word)| word);
        let key = words.find(|word| word.text == name);
        let line = key.and_then(|word| word.line).or(raw.lists_line);
        let choice = name.to_owned();
        let mistake = MenuMistake::NotAnnounced { menu, choice };
        faults.push(MenuFault { line, mistake });
    }
    let choices = |words: Vec<(&Word, C)>| words.into_iter().map(|(_, c)| c).collect();
    (choices(said), choices(unsaid))
}

fn listed<'a, C: Choice>(
    words: Option<&'a [Word]>,
    keys: &[(Digit, C)],
    keys_line: Option<u32>,
    faults: &mut Vec<MenuFault>,
) -> Vec<(&'a Word, C)> {
    let mut listed = Vec::new();
    for word in words.unwrap_or_default() {
        let Some(choice) = choice::<C>(word, faults) else {
            continue;
        };
        if keys.iter().any(|(_, mapped)| *mapped == choice) {
            listed.push((word, choice));
        } else {
            let (menu, choice) = (C::MENU, choice.name().to_owned());
            let line = word.line.or(keys_line);
            let mistake = MenuMistake::NoKey { menu, choice };
            faults.push(MenuFault { line, mistake });
        }
    }
    listed
}

fn choice<C: Choice>(word: &Word, faults: &mut Vec<MenuFault>) -> Option<C> {
    let choice = C::named(&word.text);
    if choice.is_none() {
        let known: Vec<_> = C::ALL.iter().map(|c| c.name()).collect();
        let mistake = MenuMistake::UnknownChoice {
            menu: C::MENU,
            choice: word.text.clone(),
            known: known.join(", "),
        };
        report(faults, word, mistake);
    }
    choice
}

/// Whether a prompt names the hash key for this choice in its own words.
fn fixed<C: Choice>(choice: C) -> bool {
    C::MENU == RecordingChoice::MENU && choice.name() == RecordingChoice::Stop.name()
}

fn twice<C: Choice>(choice: C, place: &'static str) -> MenuMistake {
    let (menu, choice) = (C::MENU, choice.name().to_owned());
    MenuMistake::Twice {
        menu,
        choice,
        place,
    }
}

fn report(faults: &mut Vec<MenuFault>, word: &Word, mistake: MenuMistake) {
    let line = word.line;
    faults.push(MenuFault { line, mistake });
}
