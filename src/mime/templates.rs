//! The texts of mails as templates: Dutch and English compiled in, an operator's before them.
//!
//! In: sources, each named `LANGUAGE/MAIL.PART`. Out: the subject, plain text and HTML of a mail.
//! A source takes the place of the one compiled in; a further language needs all three parts of
//! a mail before that mail is written in it, and mails it lacks are written in English.
//!
//! Laws: every template is rendered with samples of every kind when it is taken, so that a fault
//! in it is known at the start; one that still fails later gives way to the text compiled in, as
//! a message must not be lost over its wording. In `.html` every value is escaped.
//!
//! Not here: reading the files of an operator's folder ([`deliver`](crate::deliver)).

use super::clean;
use super::facts::{Facts, ReportFacts, Trouble};
use super::vocabulary::{Caller, MailHost, Particulars, Reason, SoundFormat};
use crate::base::{DialString, Language, MailboxId, MessageId, Timestamp};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use serde::Serialize;
use std::collections::BTreeSet;
use std::time::Duration;

/// The largest source of a template, in octets.
pub const TEMPLATE_MAX: usize = 64 << 10;

/// The most sources an operator may give.
pub const TEMPLATES_MAX: usize = 1_000;

/// The largest text a template may make, in octets.
const TEXT_MAX: usize = 256 << 10;

/// The language of mails for which there is no other.
const LAST_RESORT: &str = "en";

/// The kinds of mail, as their files are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Voicemail,
    Notice,
    DeadLetter,
    Undelivered,
    MailboxFull,
}

impl Kind {
    const ALL: [Kind; 5] = [
        Kind::Voicemail,
        Kind::Notice,
        Kind::DeadLetter,
        Kind::Undelivered,
        Kind::MailboxFull,
    ];

    fn name(self) -> &'static str {
        match self {
            Kind::Voicemail => "voicemail",
            Kind::Notice => "notice",
            Kind::DeadLetter => "dead-letter",
            Kind::Undelivered => "undelivered",
            Kind::MailboxFull => "mailbox-full",
        }
    }
}

/// The parts of a mail, as their files end.
const PARTS: [&str; 3] = ["subject", "txt", "html"];

macro_rules! shipped {
    ($($language:literal: $($kind:literal)+;)+) => {
        [$($(
            (concat!($language, "/", $kind, ".subject"),
             include_str!(concat!("templates/", $language, "/", $kind, ".subject"))),
            (concat!($language, "/", $kind, ".txt"),
             include_str!(concat!("templates/", $language, "/", $kind, ".txt"))),
            (concat!($language, "/", $kind, ".html"),
             include_str!(concat!("templates/", $language, "/", $kind, ".html"))),
        )+)+]
    };
}

const SHIPPED: [(&str, &str); 30] = shipped! {
    "en": "voicemail" "notice" "dead-letter" "undelivered" "mailbox-full";
    "nl": "voicemail" "notice" "dead-letter" "undelivered" "mailbox-full";
};

/// A template of an operator's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateSource {
    /// `nl/voicemail.html`.
    pub name: String,
    /// The template.
    pub text: String,
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("template {name}{}: {what}", .line.map(|l| format!(", line {l}")).unwrap_or_default())]
pub struct TemplateFault {
    /// Which: `nl/voicemail.html`.
    pub name: String,
    /// The line, from 1, where one is to blame.
    pub line: Option<usize>,
    /// What, a sentence.
    pub what: String,
}

/// The texts of all mails.
#[derive(Debug)]
pub struct Templates {
    own: Environment<'static>,
    shipped: Environment<'static>,
}

/// The texts of one mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Texts {
    pub(super) subject: String,
    pub(super) plain: String,
    pub(super) html: String,
}

impl Templates {
    /// The texts compiled in, with an operator's sources in place of those they name. All faults
    /// of the sources are found at once.
    pub fn parse(sources: &[TemplateSource]) -> Result<Templates, Vec<TemplateFault>> {
        let mut faults = Vec::new();
        let mut shipped = environment();
        for (name, text) in SHIPPED {
            let added = shipped.add_template(name, text);
            faults.extend(added.err().map(|error| fault(name, &error)));
        }
        let mut own = shipped.clone();
        if sources.len() > TEMPLATES_MAX {
            let what = format!("there are more than {TEMPLATES_MAX} templates");
            let name = "*".to_owned();
            let line = None;
            return Err(vec![TemplateFault { name, line, what }]);
        }
        for source in sources {
            faults.extend(take(&mut own, source).err());
        }
        faults.extend(incomplete(&own));
        faults.extend(untold(&own));
        let templates = Templates { own, shipped };
        faults.is_empty().then_some(templates).ok_or(faults)
    }

    /// The texts of a mail in a language.
    pub(super) fn render(&self, language: &Language, kind: Kind, facts: &impl Serialize) -> Texts {
        let facts = &Value::from(Serde(facts));
        let known = |set: &Environment<'_>, tag: &str| {
            set.get_template(&file(tag, kind, "subject")).is_ok()
        };
        let wanted = language.as_str();
        let tag = if known(&self.own, wanted) {
            wanted
        } else {
            LAST_RESORT
        };
        let last = if known(&self.shipped, wanted) {
            wanted
        } else {
            LAST_RESORT
        };
        let part = |part: &str| {
            let text = render(&self.own, &file(tag, kind, part), facts);
            text.or_else(|fault| {
                tracing::warn!(%fault, "a mail is written in the text compiled in");
                render(&self.shipped, &file(last, kind, part), facts)
            })
            .unwrap_or_default()
        };
        let subject = clean::line(&part("subject"), clean::SUBJECT_MAX);
        Texts {
            subject: subject.unwrap_or_else(|| "Voicemail".to_owned()),
            plain: clean::text(&part("txt")),
            html: clean::text(&part("html")),
        }
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|name| {
        if name
            .rsplit_once('.')
            .is_some_and(|(_, part)| part == "html")
        {
            AutoEscape::Html
        } else {
            AutoEscape::None
        }
    });
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build();
    if let Ok(syntax) = syntax {
        environment.set_syntax(syntax);
    }
    environment
}

fn file(tag: &str, kind: Kind, part: &str) -> String {
    format!("{tag}/{}.{part}", kind.name())
}

fn take(own: &mut Environment<'static>, source: &TemplateSource) -> Result<(), TemplateFault> {
    let refuse = |what: String| TemplateFault {
        name: source.name.clone(),
        line: None,
        what,
    };
    if !is_known(&source.name) {
        let letters = Kind::ALL.map(Kind::name).join(", ");
        let parts = PARTS.join(", ");
        return Err(refuse(format!(
            "there is no such template; they are named LANGUAGE/MAIL.PART with a mail of {letters} and a part of {parts}"
        )));
    }
    if source.text.len() > TEMPLATE_MAX {
        return Err(refuse(format!("it has more than {TEMPLATE_MAX} octets")));
    }
    let added = own.add_template_owned(source.name.clone(), source.text.clone());
    added.map_err(|error| fault(&source.name, &error))
}

fn is_known(name: &str) -> bool {
    let parted = name
        .split_once('/')
        .and_then(|(language, file)| Some((language, file.split_once('.')?)));
    parted.is_some_and(|(language, (kind, part))| {
        Language::parse(language).is_some()
            && Kind::ALL.iter().any(|l| l.name() == kind)
            && PARTS.contains(&part)
    })
}

/// The languages there are templates of.
fn languages(own: &Environment<'_>) -> BTreeSet<String> {
    let tags = own.templates().filter_map(|(name, _)| name.split_once('/'));
    tags.map(|(tag, _)| tag.to_owned()).collect()
}

/// Mails of a language that lack a part.
fn incomplete(own: &Environment<'_>) -> Vec<TemplateFault> {
    let mut faults = Vec::new();
    for (tag, kind) in kinds(own) {
        let there = |part: &str| own.get_template(&file(&tag, kind, part)).is_ok();
        if PARTS.iter().any(|p| there(p)) && !PARTS.iter().all(|p| there(p)) {
            faults.push(TemplateFault {
                name: format!("{tag}/{}", kind.name()),
                line: None,
                what: "a language that is not compiled in needs .subject, .txt and .html"
                    .to_owned(),
            });
        }
    }
    faults
}

/// Templates that do not render.
fn untold(own: &Environment<'_>) -> Vec<TemplateFault> {
    let mut faults: Vec<TemplateFault> = Vec::new();
    for (tag, kind) in kinds(own) {
        for part in PARTS {
            let name = file(&tag, kind, part);
            if own.get_template(&name).is_err() {
                continue;
            }
            let samples = samples(&tag, kind);
            faults.extend(
                samples
                    .iter()
                    .find_map(|facts| render(own, &name, facts).err()),
            );
        }
    }
    faults
}

fn kinds(own: &Environment<'_>) -> Vec<(String, Kind)> {
    let of = |tag: String| Kind::ALL.map(|kind| (tag.clone(), kind));
    languages(own).into_iter().flat_map(of).collect()
}

fn render(from: &Environment<'_>, name: &str, facts: &Value) -> Result<String, TemplateFault> {
    let rendered = from.get_template(name).and_then(|t| t.render(facts));
    let text = rendered.map_err(|error| fault(name, &error))?;
    if text.len() <= TEXT_MAX {
        return Ok(text);
    }
    Err(TemplateFault {
        name: name.to_owned(),
        line: None,
        what: format!("its text has more than {TEXT_MAX} octets"),
    })
}

fn fault(name: &str, error: &minijinja::Error) -> TemplateFault {
    TemplateFault {
        name: name.to_owned(),
        line: error.line(),
        what: error.detail().map_or_else(
            || error.kind().to_string(),
            |d| format!("{}: {d}", error.kind()),
        ),
    }
}

/// Values of every kind, for trying a template: each caller, each reason, each mark set and not.
fn samples(tag: &str, kind: Kind) -> Vec<Value> {
    let name = Some("Jan de Vries".to_owned());
    let mut callers = vec![Caller::Withheld];
    for name in [None, name] {
        let number = DialString::parse("+31612345678").ok();
        callers.push(Caller::Unknown { name: name.clone() });
        callers.extend(number.map(|number| Caller::Known { number, name }));
    }
    let by_caller = callers.into_iter().map(|caller| (caller, None, false));
    let reasons = Reason::ALL.into_iter().map(Some).chain([None]);
    let by_reason = reasons.map(|reason| (Caller::Withheld, reason, true));
    by_caller
        .chain(by_reason)
        .filter_map(|(caller, reason, marked)| particulars(tag, caller, reason, marked))
        .flat_map(|about| sample(&about, kind))
        .collect()
}

fn sample(about: &Particulars, kind: Kind) -> Vec<Value> {
    let facts = || Facts::new(about);
    let to_person = |copy| facts().with_file(about, SoundFormat::Wav).for_copy(copy);
    let values = |of: Vec<ReportFacts>| of.into_iter().map(|f| Value::from(Serde(f))).collect();
    match kind {
        Kind::Voicemail => [false, true]
            .map(|copy| Value::from(Serde(to_person(copy))))
            .into(),
        Kind::Notice => vec![Value::from(Serde(facts()))],
        Kind::DeadLetter => values(vec![report(Some(facts())), report(None)]),
        Kind::Undelivered => values(vec![report(Some(facts()))]),
        Kind::MailboxFull => values(vec![ReportFacts {
            message: None,
            troubles: vec![trouble(None, None)],
            ..report(None)
        }]),
    }
}

fn report(about: Option<Facts>) -> ReportFacts {
    let owned = about.is_some().then(|| "Anna Bakker".to_owned());
    let address = "jan@example.nl";
    ReportFacts {
        message: Some(uuid::Uuid::nil().to_string()),
        mailbox: owned.clone().map(|_| "2001".to_owned()),
        owner: owned,
        about,
        troubles: vec![
            trouble(Some("store"), None),
            trouble(Some("copy:jan@example.nl"), Some(address)),
        ],
    }
}

fn trouble(way: Option<&str>, address: Option<&str>) -> Trouble {
    Trouble {
        way: way.map(str::to_owned),
        address: address.map(str::to_owned),
        error: "550 no such user".to_owned(),
        failed: 3,
    }
}

fn particulars(
    tag: &str,
    caller: Caller,
    reason: Option<Reason>,
    marked: bool,
) -> Option<Particulars> {
    Some(Particulars {
        id: MessageId(uuid::Uuid::nil()),
        host: MailHost::parse("voicemail.example.nl").ok()?,
        mailbox: MailboxId::parse("2001").ok()?,
        owner: "Anna Bakker".to_owned(),
        caller,
        received: Timestamp::UNIX_EPOCH,
        zone: "Europe/Amsterdam".to_owned(),
        language: Language::parse(tag)?,
        length: Duration::from_secs(83),
        urgent: marked,
        private: marked,
        cut_off: marked,
        reason,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use minijinja::value::ValueKind;

    pub(in crate::mime) fn shipped() -> Templates {
        Templates::parse(&[]).unwrap()
    }

    fn source(name: &str, text: &str) -> TemplateSource {
        TemplateSource {
            name: name.to_owned(),
            text: text.to_owned(),
        }
    }

    fn faults(sources: &[TemplateSource]) -> Vec<String> {
        let faults = Templates::parse(sources).err().unwrap_or_default();
        faults.iter().map(ToString::to_string).collect()
    }

    fn facts() -> Facts {
        let caller = Caller::Unknown {
            name: Some("A & B <b>".to_owned()),
        };
        let about = particulars("nl", caller, None, false).unwrap();
        Facts::new(&about).with_file(&about, SoundFormat::Wav)
    }

    fn render(templates: &Templates, tag: &str) -> Texts {
        templates.render(&Language::parse(tag).unwrap(), Kind::Voicemail, &facts())
    }

    #[test]
    fn the_texts_compiled_in_are_whole_and_without_fault() {
        let templates = shipped();
        assert_eq!(templates.shipped.templates().count(), SHIPPED.len());
        for (name, text) in SHIPPED {
            assert!(text.len() < TEMPLATE_MAX, "{name}");
            assert!(
                !text.contains("http"),
                "{name} loads something from elsewhere"
            );
        }
    }

    #[test]
    fn an_operators_file_takes_the_place_of_that_file_alone() {
        let own = Templates::parse(&[source(
            "nl/voicemail.subject",
            "Post van {{ caller.shown }}",
        )]);
        let (own, shipped) = (render(&own.unwrap(), "nl"), render(&shipped(), "nl"));
        assert_eq!(own.subject, "Post van A & B <b>");
        assert_eq!((own.plain, own.html), (shipped.plain, shipped.html));
    }

    #[test]
    fn every_fault_of_every_template_is_named_with_its_line() {
        let found = faults(&[
            source("nl/voicemail.txt", "een\n{{ caller.shwn }}"),
            source("nl/notice.html", "een\ntwee\n{% if %}"),
            source("nl/memo.txt", ""),
            source("../voicemail.txt", ""),
            source("en/notice.txt", &"x".repeat(TEMPLATE_MAX + 1)),
        ]);
        let all = found.join("\n");
        assert_eq!(found.len(), 5, "{all}");
        for told in [
            "nl/voicemail.txt, line 2: undefined",
            "nl/notice.html, line 3: syntax",
            "nl/memo.txt: there is no such template",
            "../voicemail.txt: there is no such template",
            "en/notice.txt: it has more than",
        ] {
            assert!(all.contains(told), "{told} in\n{all}");
        }
    }

    #[test]
    fn a_fault_that_only_some_messages_show_is_found_at_the_start() {
        for text in [
            "{% if reason_token == 'deflection' %}{{ nothing }}{% endif %}",
            "{% if copy %}{{ nothing }}{% endif %}",
            "{% if caller.kind == 'unknown' and not caller.name %}{{ nothing }}{% endif %}",
            "{% if cut_off %}{{ nothing }}{% endif %}",
        ] {
            assert_eq!(
                faults(&[source("nl/voicemail.txt", text)]).len(),
                1,
                "{text}"
            );
        }
    }

    #[test]
    fn a_language_of_its_own_is_used_when_whole_and_english_before_that() {
        let parts = ["subject", "txt", "html"].map(|part| {
            source(
                &format!("de/voicemail.{part}"),
                "Nachricht {{ day }}.{{ month }}.",
            )
        });
        let whole = Templates::parse(&parts).unwrap();
        assert_eq!(render(&whole, "de").subject, "Nachricht 1.1.");
        assert!(render(&whole, "fr").subject.starts_with("Voicemail from"));
        assert!(faults(&parts[..2])[0].contains("needs .subject, .txt and .html"));
    }

    #[test]
    fn values_are_escaped_in_html_alone() {
        let texts = render(&shipped(), "nl");
        assert!(texts.html.contains("A &amp; B &lt;b&gt;"));
        assert!(!texts.html.contains("A & B"));
        assert!(texts.plain.contains("A & B <b>") && texts.subject.contains("A & B <b>"));
    }

    #[test]
    fn a_subject_of_several_lines_is_one() {
        let own = [source(
            "nl/voicemail.subject",
            "een\r\nBcc: x@y.nl\n\u{202e}twee",
        )];
        let texts = render(&Templates::parse(&own).unwrap(), "nl");
        assert_eq!(texts.subject, "een Bcc: x@y.nl twee");
    }

    #[test]
    fn a_template_that_fails_later_gives_way_to_the_one_compiled_in() {
        let text = "{% if mailbox == '2001' and seconds != 83 %}{{ nothing }}{% endif %}";
        let own = Templates::parse(&[source("nl/voicemail.txt", text)]).unwrap();
        let mut about = particulars("nl", Caller::Withheld, None, false).unwrap();
        about.length = Duration::from_secs(5);
        let facts = Facts::new(&about).with_file(&about, SoundFormat::Wav);
        let texts = own.render(&about.language, Kind::Voicemail, &facts);
        assert!(texts.plain.contains("5 seconden"), "{}", texts.plain);
    }

    #[test]
    fn every_value_is_explained_to_operators() {
        fn names(value: &Value, within: &str, found: &mut Vec<String>) {
            for key in value.try_iter().unwrap() {
                let inner = value.get_attr(key.as_str().unwrap()).unwrap();
                let name = format!("{within}{key}");
                if inner.kind() == ValueKind::Map && key.as_str() != Some("about") {
                    names(&inner, &format!("{name}."), found);
                } else {
                    found.push(name);
                }
            }
        }
        let page = include_str!("../../docs/ops/mail.md");
        let about = particulars("nl", Caller::Withheld, None, false);
        let facts = about.map(|about| Facts::new(&about));
        let mut found = Vec::new();
        names(&Value::from(Serde(&facts)), "", &mut found);
        names(&Value::from(Serde(report(facts))), "", &mut found);
        let failed = Value::from(Serde(trouble(None, None)));
        names(&failed, "trouble.", &mut found);
        assert!(found.len() > 25, "{found:?}");
        for name in found {
            assert!(page.contains(&format!("`{name}`")), "{name}");
        }
    }
}
