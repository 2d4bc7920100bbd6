//! What a prompt set is made of: its own clips over its parent's over those compiled in.
//!
//! In: a version, what is in use, what versions say about themselves. Out: layers, the topmost
//! first. Law: it ends, whatever versions say about their parents.

use super::store::{Manifest, State};
use crate::base::Language;
use crate::prompt::{SetId, VersionId};
use std::sync::Arc;

/// The most versions on top of each other.
pub(super) const LAYERS_MAX: usize = 8;

/// One layer of a set.
#[derive(Clone, Debug)]
pub(super) enum Layer {
    /// A version.
    Version(SetId, Arc<Manifest>),
    /// What is compiled in for a language.
    BuiltIn(Language),
}

/// All layers of a set.
#[derive(Debug, Default)]
pub(super) struct Layers {
    /// The topmost first.
    pub(super) found: Vec<Layer>,
    /// The sets that were asked, whether a version of them is in use or not.
    pub(super) asked: Vec<SetId>,
    /// The set at which it went round in a circle, or became too deep.
    pub(super) circle: Option<SetId>,
}

/// Says what a version is; `None` is as good as no version.
pub(super) type Read<'r, E> = dyn FnMut(&SetId, VersionId) -> Result<Option<Arc<Manifest>>, E> + 'r;

/// Finds the layers of a version.
pub(super) fn layers<E>(
    (set, version): (&SetId, VersionId),
    state: &State,
    built_in: &dyn Fn(&Language) -> bool,
    read: &mut Read<'_, E>,
) -> Result<Layers, E> {
    let mut all = Layers::default();
    let mut at = (set.clone(), version);
    loop {
        let (set, version) = at;
        if all.asked.len() >= LAYERS_MAX || all.asked.contains(&set) {
            all.circle = Some(set);
            return Ok(all);
        }
        all.asked.push(set.clone());
        let manifest = match version {
            VersionId(0) => None,
            version => read(&set, version)?,
        };
        let parent = manifest.as_ref().and_then(|m| m.parent.clone());
        let parent = parent.or_else(|| usual_parent(&set));
        let layer = manifest.map(|manifest| Layer::Version(set.clone(), manifest));
        all.found.extend(layer);
        let Some(parent) = parent else {
            let below = Some(set.language).filter(built_in);
            all.found.extend(below.map(Layer::BuiltIn));
            return Ok(all);
        };
        let version = state.active(&parent);
        at = (parent, version);
    }
}

/// Whose clips stand in where nothing else is said: everybody's set for a tenant's. `None` is what
/// is compiled in.
pub(super) fn usual_parent(set: &SetId) -> Option<SetId> {
    let everybodys = SetId::of(set.language.clone());
    set.tenant.is_some().then_some(everybodys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::studio::Origin;
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    /// The layers of a set, by name, and where it went round. Each set in use is one with the
    /// parent named for it.
    fn found(set: &str, in_use: &[(&str, Option<&str>)]) -> (Vec<String>, Option<String>) {
        let id = |name: &str| name.parse::<SetId>().unwrap();
        let parents: BTreeMap<SetId, Option<SetId>> = in_use
            .iter()
            .map(|(set, parent)| (id(set), parent.map(id)))
            .collect();
        let mut state = State::default();
        for set in parents.keys() {
            state.activate(set, VersionId(1));
        }
        let mut read = |set: &SetId, version| {
            let manifest = parents.get(set).map(|parent| Manifest {
                version,
                created: crate::base::Timestamp::UNIX_EPOCH,
                origin: Origin::Folder(String::new()),
                note: String::new(),
                parent: parent.clone(),
                grammar: None,
                name: None,
                texts: BTreeMap::new(),
                clips: BTreeMap::new(),
                counts: crate::library::store::Counts::default(),
            });
            Ok::<_, Infallible>(manifest.map(Arc::new))
        };
        let set = id(set);
        let Ok(found) = layers(
            (&set, state.active(&set)),
            &state,
            &|language| ["en", "nl"].contains(&language.as_str()),
            &mut read,
        );
        let names = found.found.iter().map(|layer| match layer {
            Layer::Version(set, _) => set.to_string(),
            Layer::BuiltIn(language) => format!("({language})"),
        });
        (names.collect(), found.circle.map(|set| set.to_string()))
    }

    #[test]
    fn what_is_below_is_the_usual_parent_or_the_one_named() {
        type Case<'a> = (&'a str, &'a [(&'a str, Option<&'a str>)], &'a [&'a str]);
        let cases: [Case<'_>; 7] = [
            ("nl", &[], &["(nl)"]),
            ("nl", &[("nl", None)], &["nl", "(nl)"]),
            ("acme.nl", &[("nl", None)], &["nl", "(nl)"]),
            ("acme.nl", &[("acme.nl", None)], &["acme.nl", "(nl)"]),
            ("de", &[("de", None)], &["de"]),
            (
                "de",
                &[("de", Some("en")), ("en", None)],
                &["de", "en", "(en)"],
            ),
            ("fr", &[], &[]),
        ];
        for (set, in_use, expected) in cases {
            let (names, circle) = found(set, in_use);
            assert_eq!(
                (names, circle),
                (expected.iter().map(ToString::to_string).collect(), None)
            );
        }
    }

    #[test]
    fn a_circle_and_a_tower_end() {
        let circle = found("de", &[("de", Some("fr")), ("fr", Some("de"))]);
        assert_eq!(circle, (vec!["de".into(), "fr".into()], Some("de".into())));
        let itself = found("nl", &[("nl", Some("nl"))]);
        assert_eq!(itself, (vec!["nl".into()], Some("nl".into())));
        let names: Vec<String> = ('a'..='z').map(|c| format!("x{c}")).collect();
        let tower: Vec<_> = names
            .windows(2)
            .map(|pair| (pair[0].as_str(), Some(pair[1].as_str())))
            .collect();
        let (layers, circle) = found("xa", &tower);
        assert_eq!((layers.len(), circle), (LAYERS_MAX, Some("xi".into())));
    }
}
