//! What holds for the configuration as a whole.

use super::*;
use crate::subscriber::Mode;
use proptest::prelude::*;

const EXAMPLE: &str = include_str!("../../belpost.example.toml");

fn faults(text: &str) -> Vec<String> {
    match parse(text, Path::new("/etc/belpost")) {
        Ok(_) => Vec::new(),
        Err(Faults(faults)) => faults.iter().map(ToString::to_string).collect(),
    }
}

/// The example with its commented keys put in force.
fn example_with_subscriber() -> String {
    let uncomment = |line: &str| match line.strip_prefix('#') {
        Some(key) if key.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => {
            key.to_owned()
        }
        _ => line.to_owned(),
    };
    let lines: Vec<String> = EXAMPLE.lines().map(uncomment).collect();
    lines.join("\n")
}

#[test]
fn the_example_is_the_defaults() {
    assert_eq!(parse(EXAMPLE, Path::new("")), Ok(Config::default()));
}

#[test]
fn the_example_names_every_key_and_no_other() {
    let text = example_with_subscriber();
    assert_eq!(faults(&text), Vec::<String>::new());
    let table: toml::Table = text.parse().unwrap();
    let mut named = BTreeSet::new();
    for (section, value) in &table {
        let value = value.as_array().map_or(value, |entries| &entries[0]);
        for key in value.as_table().unwrap().keys() {
            named.insert(format!("{section}.{key}"));
        }
    }
    assert_eq!(named, keys());
}

#[test]
fn every_key_of_the_example_is_explained_above_it() {
    let lines: Vec<&str> = EXAMPLE.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        if line.trim_start_matches('#').contains(" = ") && !line.starts_with("# ") {
            assert!(lines[index - 1].starts_with("# "), "{line}");
        }
    }
}

#[test]
fn an_empty_file_is_the_defaults_in_its_own_folder() {
    let config = parse("", Path::new("/etc/belpost")).unwrap();
    assert_eq!(config.spool.folder, Path::new("/etc/belpost/state/spool"));
    assert_eq!(
        config.prompts.cache.as_deref(),
        Some(Path::new("/etc/belpost/state/prompts.cache"))
    );
    assert_eq!(parse("", Path::new("")), Ok(Config::default()));
}

#[test]
fn an_absolute_path_stays_where_it_is() {
    let text = "[spool]\nfolder = \"/var/lib/belpost/spool\"\n";
    let config = parse(text, Path::new("/etc/belpost")).unwrap();
    assert_eq!(config.spool.folder, Path::new("/var/lib/belpost/spool"));
}

#[test]
fn every_fault_of_a_file_is_reported_with_its_place() {
    let text = r#"
[sip]
lisen = ["udp:0.0.0.0:5060"]
max_calls = 0
user_agent = 5
trusted_peers = ["10.0.0.0/8", "10.0.0.0/33"]
mailbox_from = "first"

[media]
ports = "10001-20000"
codecs = []

[deposit]
max_message_s = 5
min_message_ms = 6000

[speling]

[[subscriber]]
mailbox = "2001"
language = "Dutch"
zone = "Europe/Mokum"
passcode = "4321"

[[subscriber]]
name = "Nobody"
"#;
    assert_eq!(
        faults(text),
        [
            "3:1: sip.lisen: unknown name; did you mean listen?",
            "4:13: sip.max_calls: must be 1 to 100000, not 0",
            "5:14: sip.user_agent: must be a text in quotes, this is a whole number",
            "6:32: sip.trusted_peers: \"10.0.0.0/33\": a network is an address, or an address and \
             a prefix length such as 10.0.0.0/8",
            "7:16: sip.mailbox_from: \"first\": wanted one of original, last",
            "10:9: media.ports: \"10001-20000\": wanted \"ephemeral\" or FIRST-LAST with an even \
             FIRST of 1024 or more and LAST above",
            "11:10: media.codecs: needs at least one entry",
            "15:18: deposit.min_message_ms: must not be more than max_message_s",
            "17:2: speling: unknown name",
            "21:12: subscriber.language: \"Dutch\": not a language: 2 to 8 small letters, perhaps a \
             variant, such as nl, en or nl-be",
            "22:8: subscriber.zone: \"Europe/Mokum\": no such time zone; wanted an IANA name such \
             as Europe/Amsterdam",
            "23:12: subscriber.passcode: not a passcode hash: make one with `belpost \
             hash-passcode`",
            "25:1: subscriber.mailbox: is missing; it has no default",
        ]
    );
}

#[test]
fn a_passcode_in_clear_is_not_repeated() {
    let listed = faults("[[subscriber]]\nmailbox = \"2001\"\npasscode = \"80417\"\n");
    assert_eq!(listed.len(), 1);
    assert!(!listed[0].contains("80417"), "{listed:?}");
}

#[test]
fn a_device_has_one_name_a_mailbox_and_a_digest_that_is_not_repeated() {
    let text = r#"
[[device]]
name = "desk"
mailbox = "2001"
sha256 = "80417"

[[device]]
name = "a:b"

[[device]]
name = "home"
mailbox = "2001"
realm = "other"
md5 = "939e7578ed9e3c518a452acee763bce9"

[[device]]
name = "home"
mailbox = "2002"
md5 = "939e7578ed9e3c518a452acee763bce9"

[registrar]
min_expires_s = 600
default_expires_s = 300
max_expires_s = 200
"#;
    assert_eq!(
        faults(text),
        [
            "5:10: device.sha256: a digest of SHA-256 has 64 hexadecimal figures: make it with \
             `belpost device digest`",
            "7:1: device.mailbox: is missing; it has no default",
            "7:1: device.sha256: is missing; it has no default",
            "8:8: device.name: \"a:b\": the name of a device has 1 to 64 letters, figures and any \
             of - . _ + ~ @",
            "17:8: device.name: \"home\": is there already",
            "22:17: registrar.min_expires_s: must not be more than default_expires_s",
            "23:21: registrar.default_expires_s: must not be more than max_expires_s",
        ]
    );
}

#[test]
fn devices_that_can_never_register_are_warned_of() {
    let md5 = "939e7578ed9e3c518a452acee763bce9";
    let text = format!(
        "[[subscriber]]\nmailbox = \"2001\"\n[[device]]\nname = \"a\"\nmailbox = \"2009\"\n\
         md5 = \"{md5}\"\nrealm = \"x\"\n[registrar]\nalgorithms = [\"SHA-256\"]\n"
    );
    let config = parse(&text, Path::new("")).unwrap();
    let found: Vec<String> = warnings(&config).iter().map(ToString::to_string).collect();
    for part in [
        "device a is of mailbox 2009",
        "realm \"x\" and sip.realm is another",
        "no digest for any of registrar.algorithms",
    ] {
        assert_eq!(
            found.iter().filter(|w| w.contains(part)).count(),
            1,
            "{found:?}"
        );
    }
}

#[test]
fn a_number_has_one_owner() {
    let text = r#"
[portal]
numbers = ["1233", "1233"]
[diagnostics]
echo = "2001"
[[subscriber]]
mailbox = "2001"
numbers = ["+31 20 123", "2001", "*86"]
[[subscriber]]
mailbox = "2002"
numbers = ["+3120123", "2001"]
"#;
    assert_eq!(
        faults(text),
        [
            "3:20: portal.numbers: 1233 is taken: portal.numbers has it",
            "7:11: subscriber.mailbox: 2001 is taken: diagnostics.echo has it",
            "8:34: subscriber.numbers: *86 is taken: portal.message_numbers has it",
            "11:12: subscriber.numbers: +3120123 is taken: mailbox 2001 has it",
            "11:24: subscriber.numbers: 2001 is taken: diagnostics.echo has it",
        ]
    );
}

#[test]
fn a_text_that_is_no_toml_is_reported_with_all_else() {
    let listed = faults("[sip\nmax_calls = 0\n[media]\nworkers = \n[entry]\ntries = 0\n");
    assert!(
        listed.iter().any(|f| f.contains("not valid TOML")),
        "{listed:?}"
    );
    assert!(
        listed.iter().any(|f| f.contains("entry.tries")),
        "{listed:?}"
    );
    assert!(!faults("sip = 5\nsubscriber = 6").is_empty());
}

#[test]
fn subscribers_are_read_in_full() {
    let config = parse(&example_with_subscriber(), Path::new("")).unwrap();
    let profile = &config.subscribers[0];
    assert_eq!(profile.mailbox.as_str(), "2001");
    assert_eq!(profile.name, "Jan de Vries");
    assert_eq!(profile.numbers[0].as_str(), "+31201234501");
    assert_eq!(profile.zone, "Europe/Amsterdam");
    assert!(profile.passcode.is_some());
    assert_eq!(profile.assistant.as_ref().unwrap().as_str(), "2000");
}

#[test]
fn a_subscriber_may_say_no_more_than_a_mailbox() {
    let text = "[prompts]\nlanguage = \"en\"\n[[subscriber]]\nmailbox = \"2001\"\n";
    let profile = parse(text, Path::new("")).unwrap().subscribers.remove(0);
    assert_eq!(profile.name, "2001");
    assert_eq!(profile.language.as_str(), "en");
    assert_eq!(profile.passcode, None);
}

#[test]
fn what_is_rarely_meant_is_warned_of() {
    let warned = |text: &str| -> Vec<String> {
        let config = parse(text, Path::new("")).unwrap();
        warnings(&config).iter().map(ToString::to_string).collect()
    };
    let count = |text: &str, words: &str| {
        warned(text)
            .iter()
            .filter(|warning| warning.contains(words))
            .count()
    };
    assert_eq!(warned("").len(), 3, "{:?}", warned(""));
    let quiet = "[sip]\nlisten = [\"udp:192.0.2.1:5060\"]\ntrusted_peers = [\"192.0.2.2\"]\n";
    assert_eq!(warned(quiet), warned(quiet)[..1]);
    assert_eq!(count(quiet, "no [[subscriber]]"), 1);
    assert_eq!(count("[sip]\ntrusted_peers = [\"::/0\"]", "anybody"), 1);
    assert_eq!(count("[media]\nports = \"10000-10099\"", "room for 50"), 1);
    let nobody = "[[subscriber]]\nmailbox = \"1\"\n";
    assert_eq!(count(nobody, "no passcode"), 0);
    let closed = format!("[passcodes]\nfirst_use = false\n{nobody}");
    assert_eq!(count(&closed, "no passcode"), 1);
}

#[test]
fn the_demo_lets_in_who_knows_its_passcodes_and_stays_on_this_machine() {
    let config = parse(include_str!("../../examples/demo.toml"), Path::new("")).unwrap();
    let passcodes = [("2001", "80417", "nl"), ("2002", "29365", "en")];
    assert_eq!(config.subscribers.len(), passcodes.len());
    for (profile, (mailbox, passcode, language)) in config.subscribers.iter().zip(passcodes) {
        assert_eq!(profile.mailbox.as_str(), mailbox);
        assert_eq!(profile.language.as_str(), language);
        assert!(profile.passcode.as_ref().unwrap().verifies(passcode));
    }
    let mut listens = config.sip.listen.iter();
    assert!(listens.all(|listen| listen.address.ip().is_loopback()));
    assert!(config.media.bind.is_loopback());
    assert_eq!(warnings(&config), []);
}

#[test]
fn the_packaged_file_keeps_everything_below_var() {
    let config = parse(
        include_str!("../../packaging/belpost.toml"),
        Path::new("/etc/belpost"),
    )
    .unwrap();
    let cache = config.prompts.cache.unwrap();
    for path in [&config.spool.folder, &config.mailboxes.folder, &cache] {
        assert!(path.starts_with("/var"), "{}", path.display());
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("none.toml");
    let fault = load(Some(&file)).unwrap_err().to_string();
    assert!(fault.contains("none.toml"), "{fault}");
    assert_eq!(load(None).unwrap(), Config::default());
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "[\\[\\]a-z_=\"0-9.,\\n {}#'-]{0,200}") {
        let _ = parse(&text, Path::new(""));
    }

    #[test]
    fn a_fault_is_found_in_whichever_key_it_is(index in 0usize..300) {
        let keys: Vec<String> = keys().into_iter().collect();
        let key = &keys[index % keys.len()];
        let (section, key) = key.split_once('.').unwrap();
        let list = ["device", "imap", "subscriber", "tenant"].contains(&section);
        let head = if list { format!("[[{section}]]") } else { format!("[{section}]") };
        let listed = faults(&format!("{head}\n{key} = 1979-05-27\n"));
        prop_assert!(listed.iter().any(|f| f.starts_with("2:") && f.contains("a date or time")), "{:?}", listed);
    }
}

#[test]
fn where_messages_of_a_subscriber_go_is_read_with_all_its_faults() {
    let text = "[[imap]]\nhost = \"imap.example.nl\"\nuser = \"{mailbox}*belpost\"\n\
                password = \"hunter2\"\n\
                [[subscriber]]\nmailbox = \"2001\"\ndelivery = \"mailbox\"\n\
                [[subscriber]]\nmailbox = \"2002\"\ndelivery = \"email\"\n\
                emails = [\"a@x.nl\"]\ncopies = [\"b@x.nl\"]\nsound = \"flac\"\nmax_messages = 0\n";
    let config = parse(text, Path::new("")).unwrap();
    let [first, second] = &config.subscribers[..] else {
        panic!()
    };
    let Mode::Mailbox(account) = &first.delivery.mode else {
        panic!()
    };
    assert_eq!(account.user, "2001*belpost");
    assert_eq!(config.imap[0].server.port, 993);
    assert!(!format!("{config:?}").contains("hunter2"));
    let legs: Vec<String> = second
        .delivery
        .legs()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(legs, ["mail:a@x.nl", "copy:b@x.nl"]);
    assert_eq!(second.limits.messages, None);
    assert_eq!(first.limits.messages, Some(1_000));
    assert!(warnings(&config).contains(&Warning::MailStays(1)));

    let text = "[[imap]]\nhost = \"imap.example.nl\"\ntls = \"none\"\n\
                [[imap]]\nname = \"two\"\nhost = \"127.0.0.1\"\ntls = \"none\"\n\
                [[subscriber]]\nmailbox = \"2001\"\ndelivery = \"mailbox\"\n\
                [[subscriber]]\nmailbox = \"2002\"\ndelivery = \"email\"\n\
                [[subscriber]]\nmailbox = \"2003\"\nimap = \"three\"\ndelivery = \"mailbox\"\n\
                copies = [\"nobody\"]\n";
    let listed = faults(text);
    for part in [
        "3:7: imap.tls",
        "subscriber.delivery: \"mailbox\" needs",
        "subscriber.emails",
        "subscriber.copies: \"nobody\"",
    ] {
        assert!(
            listed.iter().any(|fault| fault.contains(part)),
            "{part}: {listed:?}"
        );
    }
    assert_eq!(listed.len(), 5, "{listed:?}");
}

#[test]
fn a_packaged_server_writes_nothing_beside_its_configuration() {
    let text = include_str!("../../packaging/belpost.toml");
    let config = parse(text, Path::new("/etc/belpost")).unwrap();
    let printed = format!("{config:?}");
    assert!(!printed.contains("/etc/belpost"), "{printed}");
}
