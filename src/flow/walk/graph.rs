//! The breadth-first walk and the graph it leaves behind.

use super::world::{Broken, Law, World, is_example};
use super::{Start, Subject};
use crate::base::Digit;
use crate::flow::{Conversation, Effect, Event};
use crate::prompt::Phrase;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

/// One step between two kinds of state, for the documents.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Step {
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    pub(super) by: By,
}

/// What made a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum By {
    Key(Digit),
    Word(&'static str),
}

/// What a walk found.
pub(super) struct Graph {
    /// Reached pairs of flow and world.
    pub(super) nodes: usize,
    /// Events tried, hanging up and those that do not belong included.
    pub(super) pairs: usize,
    /// The longest way to the end without a key, in events.
    pub(super) silence: usize,
    /// All steps between kinds of states; those that change nothing left out.
    pub(super) steps: BTreeSet<Step>,
    /// Everything that was said.
    pub(super) said: HashSet<Vec<Phrase>>,
}

/// Walks through everything reachable, until a law breaks.
pub(super) fn walk(start: &Start, subject: &dyn Subject) -> Result<Graph, Broken> {
    let mut walk = Walk {
        start,
        subject,
        seen: HashMap::new(),
        queue: VecDeque::new(),
        quiet: Vec::new(),
        steps: BTreeSet::new(),
        said: HashSet::new(),
        pairs: 0,
    };
    let world = World::around(start);
    walk.reach((start.conversation.clone(), world));
    while let Some(node) = walk.queue.pop_front() {
        walk.visit(&node)?;
    }
    let silence = longest_silence(&walk.quiet)?;
    Ok(Graph {
        nodes: walk.seen.len(),
        pairs: walk.pairs,
        silence,
        steps: walk.steps,
        said: walk.said,
    })
}

type Node = (Conversation, World);

struct Walk<'a> {
    start: &'a Start,
    subject: &'a dyn Subject,
    seen: HashMap<Node, usize>,
    queue: VecDeque<Node>,
    /// For each node, where it can go without a key.
    quiet: Vec<Vec<usize>>,
    steps: BTreeSet<Step>,
    said: HashSet<Vec<Phrase>>,
    pairs: usize,
}

impl Walk<'_> {
    fn reach(&mut self, node: Node) -> usize {
        if let Some(at) = self.seen.get(&node) {
            return *at;
        }
        let at = self.seen.len();
        self.seen.insert(node.clone(), at);
        self.quiet.push(Vec::new());
        self.queue.push_back(node);
        at
    }

    fn visit(&mut self, node: &Node) -> Result<(), Broken> {
        let (conversation, world) = node;
        let at = self.seen[node];
        self.hang_up(conversation, world)?;
        let possible = world.possible(conversation, &self.start.account);
        self.strays(conversation, world)?;
        for event in possible {
            let (next, after) = self.step(conversation, world, &event)?;
            self.note(conversation, &next, &event);
            // Few figures stand for all ten while a number is typed.
            let few = self.start.figures;
            let other = |d: &Digit| d.figure().is_some_and(|f| !few.contains(&f));
            let figure = matches!(&event, Event::Digit(d) if other(d));
            let state = conversation.state_name();
            let typed = ["number", "passcode", "last-day"];
            let typing = typed.iter().any(|kind| state.ends_with(kind));
            let shut = matches!(event, Event::Digit(key) if self.start.is_shut(state, key));
            if figure && typing || shut || another_clip(conversation, &next) {
                continue;
            }
            let to = self.reach((next, after));
            if !matches!(event, Event::Digit(_) | Event::ServiceEnding) {
                self.quiet[at].push(to);
            }
        }
        Ok(())
    }

    fn step(
        &mut self,
        conversation: &Conversation,
        world: &World,
        event: &Event,
    ) -> Result<Node, Broken> {
        self.pairs += 1;
        let state = conversation.state_name();
        let mut after = world.clone();
        after.happens(event, state, &self.start.account);
        let (next, effects) = self
            .subject
            .on(conversation.clone(), event.clone(), self.start);
        let checked = effects
            .iter()
            .try_for_each(|effect| after.takes(effect, event, &self.start.account))
            .and_then(|()| World::told(event, state, &effects))
            .and_then(|()| after.rests(&next));
        checked.map_err(|broken| Broken {
            how: format!(
                "{}: {state} on {event:?} to {}: {} by {effects:?} in {world:?}",
                self.start.name,
                next.state_name(),
                broken.how
            ),
            ..broken
        })?;
        for effect in effects {
            if let Effect::Play(words) = effect
                && !is_example(&words)
            {
                self.said.insert(words);
            }
        }
        Ok((next, after))
    }

    fn hang_up(&mut self, conversation: &Conversation, world: &World) -> Result<(), Broken> {
        self.pairs += 1;
        let last = self.subject.on_hang_up(conversation.clone(), self.start);
        let checked = world.clone().hung_up(&last, &self.start.account);
        checked.map_err(|broken| Broken {
            how: format!(
                "{}: hang-up in {}: {} by {last:?} in {world:?}",
                self.start.name,
                conversation.state_name(),
                broken.how
            ),
            ..broken
        })
    }

    /// Reports that do not belong change nothing.
    fn strays(&mut self, conversation: &Conversation, world: &World) -> Result<(), Broken> {
        for event in world.strays(conversation, &self.start.account) {
            self.pairs += 1;
            let (next, effects) = self
                .subject
                .on(conversation.clone(), event.clone(), self.start);
            if next != *conversation || !effects.is_empty() {
                let state = conversation.state_name();
                return Err(Broken {
                    law: Law::StrayChangesNothing,
                    how: format!("{}: {state} on {event:?}: {effects:?}", self.start.name),
                });
            }
        }
        Ok(())
    }

    fn note(&mut self, from: &Conversation, to: &Conversation, event: &Event) {
        if let Some(by) = by(event)
            && from != to
        {
            let (from, to) = (from.state_name(), to.state_name());
            self.steps.insert(Step { from, to, by });
        }
    }
}

/// A step to a neighbour in the row of all prompts: one of hundreds stands for all. Those of the
/// system greetings are walked through, and the row itself has tests of its own.
fn another_clip(from: &Conversation, to: &Conversation) -> bool {
    let place = |conversation: &Conversation| match conversation {
        Conversation::Operator(operator) => operator.place_in_row(),
        _ => None,
    };
    place(from).is_some() && place(to).is_some() && place(from) != place(to)
}

/// The word for an event in the documents; the server closing down is the same everywhere.
fn by(event: &Event) -> Option<By> {
    Some(match event {
        Event::Digit(key) => By::Key(*key),
        Event::Started => By::Word("answered"),
        Event::PlayDone => By::Word("played to the end"),
        Event::PlayBegan => By::Word("audio begins"),
        Event::PlayFailed(_) => By::Word("cannot be played"),
        Event::Recorded(_) => By::Word("recording ended"),
        Event::RecordFailed => By::Word("recording failed"),
        Event::Timeout => By::Word("silence"),
        Event::Kept(_) => By::Word("saved or not"),
        Event::Mail(_) => By::Word("mailbox answers"),
        Event::LogIn(_) | Event::OperatorLogIn(_) => By::Word("verdict"),
        Event::LampCleared(_) => By::Word("indicator out or not"),
        Event::PromptsChanged(_) | Event::Changed(_) => By::Word("changed or not"),
        Event::Sent(_) => By::Word("sent or not"),
        Event::ServiceEnding => return None,
    })
}

/// The longest way without a key; a circle would be a call that never ends.
fn longest_silence(quiet: &[Vec<usize>]) -> Result<usize, Broken> {
    let mut length: Vec<Option<usize>> = vec![None; quiet.len()];
    let mut open = vec![false; quiet.len()];
    let mut longest = 0;
    for node in 0..quiet.len() {
        longest = longest.max(silence_from(node, quiet, &mut length, &mut open)?);
    }
    Ok(longest)
}

fn silence_from(
    node: usize,
    quiet: &[Vec<usize>],
    length: &mut [Option<usize>],
    open: &mut [bool],
) -> Result<usize, Broken> {
    if let Some(known) = length[node] {
        return Ok(known);
    }
    if std::mem::replace(&mut open[node], true) {
        return Err(Broken {
            law: Law::SilenceEnds,
            how: "a circle without a key".to_owned(),
        });
    }
    let mut longest = 0;
    for next in &quiet[node] {
        longest = longest.max(1 + silence_from(*next, quiet, length, open)?);
    }
    open[node] = false;
    length[node] = Some(longest);
    Ok(longest)
}
