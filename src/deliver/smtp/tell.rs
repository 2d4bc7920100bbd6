//! Tells people by mail what went wrong: the postmaster and the owners.

use super::MailCourier;
use crate::base::{Language, Timestamp};
use crate::deliver::letter;
use crate::deliver::vocabulary::Fault;
use crate::deliver::{DeadLetter, FullMailbox, Notice, Notify};
use crate::mailbox::{Attempts, Fate, Leg};
use crate::mime::{FailedWay, MailAddress, Matter};
use std::sync::Arc;

/// Tells people by mail. Shared between threads.
#[derive(Debug)]
pub struct MailTeller {
    courier: Arc<MailCourier>,
    postmaster: Option<MailAddress>,
    language: Language,
}

impl MailTeller {
    /// The postmaster is written to in `language`, owners in their own.
    pub fn new(
        courier: Arc<MailCourier>,
        postmaster: Option<MailAddress>,
        language: Language,
    ) -> MailTeller {
        MailTeller {
            courier,
            postmaster,
            language,
        }
    }

    fn dead_letter(&self, dead: &DeadLetter) -> Result<(), Fault> {
        let letter = &dead.letter;
        let about = letter.deposit.as_ref();
        let about = about.map(|deposit| letter::particulars(deposit, &self.courier.host));
        let failed = letter
            .fates
            .iter()
            .filter_map(|(leg, fate)| given_up(leg, fate));
        let failed: Vec<(String, &Leg, &Attempts)> = failed.collect();
        let ways: Vec<FailedWay<'_>> = failed
            .iter()
            .map(|(way, leg, attempts)| FailedWay {
                way,
                address: leg.address(),
                error: attempts.last_error.as_deref().unwrap_or_default(),
                failed: attempts.failed,
            })
            .collect();
        let matter = Matter::DeadLetter {
            id: letter.id,
            about: about.as_ref(),
            ways: &ways,
        };
        let postmaster = self
            .postmaster
            .iter()
            .map(|to| (to, matter, &self.language));
        let owner = about.iter().flat_map(|about| {
            let matter = Matter::Undelivered { about, ways: &ways };
            let of = dead.owner.as_ref();
            let language = of.map_or(&self.language, |owner| &owner.language);
            dead.to_owner.iter().map(move |to| (to, matter, language))
        });
        self.tell(postmaster.chain(owner))
    }

    fn full_mailbox(&self, full: &FullMailbox) -> Result<(), Fault> {
        let owner = &full.owner;
        let matter = Matter::MailboxFull {
            mailbox: &owner.mailbox,
            owner: &owner.name,
            error: &full.what,
        };
        let all = full.to_owner.iter();
        self.tell(all.map(|to| (to, matter, &owner.language)))
    }

    /// It is told when one of them has it: nobody is told twice because another is not there.
    fn tell<'a>(
        &self,
        all: impl Iterator<Item = (&'a MailAddress, Matter<'a>, &'a Language)>,
    ) -> Result<(), Fault> {
        let at = Timestamp::now();
        let sent: Vec<Result<String, Fault>> = all
            .map(|(to, matter, language)| self.courier.report(matter, language, to, at))
            .collect();
        if sent.iter().any(Result::is_ok) {
            return Ok(());
        }
        sent.into_iter().try_for_each(|sent| sent.map(drop))
    }
}

fn given_up<'a>(leg: &'a Leg, fate: &'a Fate) -> Option<(String, &'a Leg, &'a Attempts)> {
    match fate {
        Fate::GivenUp(attempts) => Some((leg.to_string(), leg, attempts)),
        Fate::Waiting(_) | Fate::Done => None,
    }
}

impl Notify for MailTeller {
    fn notify(&self, notice: &Notice) -> Result<(), Fault> {
        match notice {
            Notice::DeadLetter(dead) => self.dead_letter(dead),
            Notice::MailboxFull(full) => self.full_mailbox(full),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{courier_of, deposit, relay};
    use super::*;
    use crate::deliver::servers::MailWay;
    use crate::deliver::tests::profile as owner;
    use crate::mailbox::Letter;
    use std::collections::BTreeMap;
    use std::path::Path;

    fn address(text: &str) -> MailAddress {
        MailAddress::parse(text).unwrap()
    }

    fn teller(way: MailWay) -> MailTeller {
        let courier = Arc::new(courier_of(way).unwrap());
        let english = Language::parse("en").unwrap();
        MailTeller::new(courier, Some(address("postmaster@x.nl")), english)
    }

    fn dead() -> Notice {
        let attempts = Attempts {
            failed: 3,
            next: None,
            last_error: Some("550 no such user".into()),
        };
        let (jan, eva) = (address("jan@x.nl"), address("eva@x.nl"));
        let fates = BTreeMap::from([
            (Leg::Mail(jan), Fate::GivenUp(attempts)),
            (Leg::Mail(eva), Fate::Done),
        ]);
        Notice::DeadLetter(Box::new(DeadLetter {
            letter: Letter {
                id: deposit().id,
                deposit: Some(deposit()),
                fates,
            },
            owner: Some(Arc::new(owner())),
            to_owner: vec![address("anna@x.nl")],
        }))
    }

    fn mails(folder: &Path) -> Vec<String> {
        let files = std::fs::read_dir(folder).unwrap();
        let mut mails: Vec<String> = files
            .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
            .collect();
        mails.sort_by_key(|mail| mail.contains("To: postmaster@x.nl\r\n"));
        mails
    }

    #[test]
    fn of_a_dead_letter_the_postmaster_and_the_owner_are_told_in_their_languages() {
        let folder = tempfile::tempdir().unwrap();
        let teller = teller(MailWay::Folder(folder.path().to_owned()));
        assert_eq!(teller.notify(&dead()), Ok(()));
        let mails = mails(folder.path());
        assert_eq!(mails.len(), 2);
        assert!(mails[0].contains("To: anna@x.nl\r\n") && mails[0].contains("Geachte Anna"));
        assert!(mails[1].contains("A voicemail message could not be delivered"));
        for mail in mails {
            assert!(
                mail.contains("550 no such user") && !mail.contains("eva@x.nl"),
                "{mail}"
            );
        }
    }

    #[test]
    fn of_a_full_mailbox_each_other_address_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let teller = teller(MailWay::Folder(folder.path().to_owned()));
        let full = Notice::MailboxFull(FullMailbox {
            owner: Arc::new(owner()),
            to_owner: vec![address("a@x.nl"), address("b@x.nl")],
            what: "552 full".into(),
        });
        assert_eq!(teller.notify(&full), Ok(()));
        assert_eq!(mails(folder.path()).len(), 2);
    }

    #[test]
    fn what_nobody_could_be_told_is_a_fault() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        assert!(teller(MailWay::Relay(relay(port))).notify(&dead()).is_err());
    }
}
