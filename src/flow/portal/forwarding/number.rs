//! Asking where calls are to be forwarded.

use super::Forwarding;
use super::condition::ConditionMenu;
use super::confirm::Confirm;
use crate::base::DialString;
use crate::flow::portal::Owner;
use crate::flow::portal::leaving::Leaving;
use crate::flow::portal::visitor::Visitor;
use crate::flow::typing::{Typed, Typing};
use crate::flow::{Conversation, Cx, Effect, Effects, Event};
use crate::prompt::{Line, Phrase};
use crate::subscriber::Condition;

/// Asking for a number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DestinationNumber {
    pub(super) visitor: Visitor,
    condition: Condition,
    /// Whether forwarding is switched on with the number, once that is confirmed.
    on: bool,
    /// Silent and refused entries so far.
    failures: u8,
    typing: Typing,
}

impl DestinationNumber {
    /// Says the words, then asks.
    pub(super) fn enter(
        place: (Visitor, Condition),
        on: bool,
        words: Vec<Phrase>,
        fx: &mut Effects,
    ) -> Conversation {
        DestinationNumber::ask(place, (on, 0), words, fx)
    }

    fn ask(
        (visitor, condition): (Visitor, Condition),
        (on, failures): (bool, u8),
        mut words: Vec<Phrase>,
        fx: &mut Effects,
    ) -> Conversation {
        words.push(Phrase::Line(Line::EnterDestination));
        let typing = Typing::ask(words, fx);
        Forwarding::Number(DestinationNumber {
            visitor,
            condition,
            on,
            failures,
            typing,
        })
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let DestinationNumber {
            visitor,
            condition,
            on,
            failures,
            typing,
        } = self;
        let (place, so_far) = ((visitor, condition), (on, failures));
        let longest = cx.settings.number_length;
        let why_not = match typing.on(event, longest, cx, fx) {
            Typed::Pending(typing) => {
                let (visitor, condition) = place;
                return Forwarding::Number(DestinationNumber {
                    visitor,
                    condition,
                    on,
                    failures,
                    typing,
                })
                .into();
            }
            Typed::Anew => return DestinationNumber::ask(place, so_far, Vec::new(), fx),
            Typed::Star => return ConditionMenu::enter(place.0, place.1, Vec::new(), cx, fx),
            Typed::Silence => Line::NothingPressed,
            Typed::Figures(figures) => match destination(figures.reveal(), longest) {
                Err(line) => line,
                Ok(to) => match refusal(&place.0.owner, &to, cx) {
                    Some(line) => line,
                    None => return Confirm::enter(place, on, to, cx, fx),
                },
            },
        };
        DestinationNumber::again(place, so_far, why_not, cx, fx)
    }

    /// Says what was wrong and asks again, while there is patience.
    fn again(
        place: (Visitor, Condition),
        (on, failures): (bool, u8),
        why: Line,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        fx.push(Effect::FlushKeys);
        let (words, failures) = (vec![Phrase::Line(why)], failures.saturating_add(1));
        if failures >= cx.settings.tries {
            return ConditionMenu::enter(place.0, place.1, words, cx, fx);
        }
        DestinationNumber::ask(place, (on, failures), words, fx)
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.typing.hush(fx);
        Leaving::closing(self.visitor.rest(), fx)
    }
}

/// The number typed, or what to say where it is none.
pub(in crate::flow) fn destination(figures: &str, longest: usize) -> Result<DialString, Line> {
    if figures.is_empty() {
        return Err(Line::NothingPressed);
    }
    let fits = Some(figures).filter(|figures| figures.len() <= longest);
    let number = fits.and_then(|figures| DialString::parse(figures).ok());
    number.ok_or(Line::DestinationRefused)
}

/// Why calls may not be forwarded to this number; `None` where they may. Lines of this server are
/// as good as any, whatever their numbers begin with.
pub(in crate::flow) fn refusal(owner: &Owner, to: &DialString, cx: &Cx<'_>) -> Option<Line> {
    let (plan, profile) = (&cx.settings.destinations, &owner.profile);
    let own = |number: &str| DialString::parse(number).is_ok_and(|number| plan.same(&number, to));
    if profile.own_numbers().any(own) {
        return Some(Line::DestinationOwn);
    }
    let here = plan.subscriber(to, cx.roster).is_some();
    let allowed = here || plan.allow(profile.tenant.as_ref(), to);
    (!allowed).then_some(Line::DestinationRefused)
}
