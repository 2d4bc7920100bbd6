//! The programming interface of prompt sets, asked of the real server: uploads become versions,
//! versions are heard, put to use, taken back and removed.

use crate::harness::Setup;
use crate::harness::http::{ACME, ANNA, Http, clip_file, start_with_page, zip_of};
use crate::harness::{Server, eventually, seconds};
use serde_json::{Value, json};

fn start() -> Server {
    start_with_page(Setup::new())
}

/// The clips of a version that a source has, by name.
fn clips_of(http: &Http, version: &str, source: &str) -> Vec<String> {
    let detail = http.get(version);
    let clips = detail["clips"].as_array().expect("clips").iter();
    let clips = clips.filter(|clip| clip["source"]["kind"] == source);
    let clips = clips.map(|clip| clip["clip"].as_str().expect("a name").to_owned());
    clips.collect()
}

/// An archive with these recordings.
fn archive(own: &[(&str, &[u8])]) -> Vec<u8> {
    let named: Vec<(String, &[u8])> = own
        .iter()
        .map(|(clip, sound)| (format!("clips/{clip}.flac"), *sound))
        .collect();
    let files: Vec<(&str, &[u8])> = named.iter().map(|(n, s)| (n.as_str(), *s)).collect();
    zip_of(&files)
}

fn active(http: &Http, set: &str) -> Value {
    http.get(&format!("/v1/sets/{set}"))["active"].clone()
}

#[test]
fn an_upload_becomes_a_version_that_is_heard_used_taken_back_and_removed() {
    let server = start();
    let http = Http::of(&server, ANNA);
    let goodbye = clip_file("nl", "goodbye");
    let archive = archive(&[("and", &goodbye)]);
    let job = http.upload("/v1/sets/nl/versions?name=voice.zip&note=Try", &archive);
    assert_eq!(job["state"], "done", "{job}");
    assert_eq!((&job["version"], &job["clean"]), (&json!(1), &json!(true)));

    let version = "/v1/sets/nl/versions/1";
    let own = clips_of(&http, version, "own");
    assert!(own.contains(&"and".to_owned()), "{own:?}");
    let report = http.get(&format!("{version}/report"));
    assert_eq!(report["missing"], 0, "{report}");
    let text = http.ask("GET", &format!("{version}/report?format=text"));
    assert!(text.text().contains("can be activated"), "{}", text.text());
    let line = &http.get("/v1/sets/nl/versions")[0];
    assert_eq!(line["note"], "anna: Try");
    let origin = json!({ "kind": "zip", "name": "voice.zip" });
    assert_eq!(line["origin"], origin);

    let ms = |version: u32| {
        let clip = format!("/v1/sets/nl/versions/{version}/clips/and");
        http.get(&clip)["ms"].as_u64().expect("a length")
    };
    assert!(ms(1) > ms(0) + 100, "{} is no longer than {}", ms(1), ms(0));
    let sound = http.ask("GET", &format!("{version}/clips/and/audio"));
    assert_eq!(&sound.body[..4], b"RIFF");
    let differences = http.get("/v1/sets/nl/differences?from=0&to=1");
    let differences = differences["differences"].as_array().expect("a list");
    let found = differences.iter().find(|one| one["clip"] == "and");
    let found = found.expect("a difference");
    assert_eq!(
        (&found["sound"], &found["text_after"]),
        (&json!(true), &Value::Null)
    );

    let told = http.tell(
        "/v1/sets/nl/activate",
        &json!({ "version": 1, "in_use": 0 }),
    );
    assert_eq!(told.status, 200, "{}", told.text());
    assert_eq!(active(&http, "nl"), 1);
    let in_use = http.ask("DELETE", version);
    assert_eq!(in_use.json()["type"], "urn:belpost:problem:in-use");
    let told = http.tell("/v1/sets/nl/roll-back", &json!({ "in_use": 1 }));
    assert_eq!(told.json()["active"], 0, "{}", told.text());
    assert_eq!(http.ask("DELETE", version).status, 204);
    assert_eq!(http.ask("GET", version).status, 404);
    let log = server.printed();
    for said in [
        "a version is put to use",
        "a set is rolled back",
        "a version is removed",
    ] {
        let line = log.lines().find(|line| line.contains(said));
        let line = line.unwrap_or_else(|| panic!("{said} is not logged"));
        assert!(line.contains("anna"), "{line}");
    }
    assert!(!log.contains(ANNA), "a token is logged");
}

#[test]
fn a_version_with_faults_can_be_read_and_not_used() {
    let server = start();
    let http = Http::of(&server, ANNA);
    let archive = zip_of(&[
        ("clips/goodbye.wav", b"RIFFthis is no sound"),
        ("x.txt", b"x"),
    ]);
    let job = http.upload("/v1/sets/nl/versions?name=bad.zip", &archive);
    assert_eq!(
        (&job["state"], &job["clean"]),
        (&json!("done"), &json!(false))
    );
    let report = http.get(job["report"].as_str().expect("a report"));
    let findings = report["findings"].as_array().expect("findings");
    let of_clip = findings.iter().find(|one| one["clip"] == "goodbye");
    let of_clip = of_clip.unwrap_or_else(|| panic!("{report}"));
    assert_eq!(of_clip["severity"], "fault");
    assert!(
        of_clip["file"]
            .as_str()
            .expect("a file")
            .contains("goodbye.wav")
    );
    assert!(!of_clip["remedy"].as_str().expect("a remedy").is_empty());
    let told = http.tell("/v1/sets/nl/activate", &json!({ "version": 1 }));
    assert_eq!(told.status, 409);
    assert_eq!(told.json()["type"], "urn:belpost:problem:faulty");
    assert_eq!(active(&http, "nl"), 0);
}

#[test]
fn a_tenant_replaces_one_clip_of_its_own_and_of_nobody_else() {
    let server = start();
    let (anna, acme) = (Http::of(&server, ANNA), Http::of(&server, ACME));
    // What it builds on is whole before it begins.
    let below = anna.upload(
        "/v1/sets/nl/versions?name=nl.zip",
        &archive(&[("and", &clip_file("nl", "goodbye"))]),
    );
    let version = json!({ "version": below["version"] });
    assert_eq!(anna.tell("/v1/sets/nl/activate", &version).status, 200);

    let sound = clip_file("en", "goodbye");
    let put = |http: &Http, set: &str| {
        let path = format!("/v1/sets/{set}/clips/goodbye?name=hello.flac");
        http.send("PUT", &path, "audio/flac", &sound)
    };
    assert_eq!(put(&acme, "nl").status, 404);
    let job = acme.outcome(&put(&acme, "acme.nl"));
    assert_eq!(
        (&job["version"], &job["clean"]),
        (&json!(1), &json!(true)),
        "{job}"
    );
    let version = "/v1/sets/acme.nl/versions/1";
    assert_eq!(clips_of(&acme, version, "own"), ["goodbye"]);
    let told = acme.tell("/v1/sets/acme.nl/activate", &json!({ "version": 1 }));
    assert_eq!(told.status, 200, "{}", told.text());
    let seen = acme.get("/v1/sets");
    assert_eq!(seen["sets"].as_array().expect("sets").len(), 1);
    let jobs = acme.get("/v1/jobs");
    assert_eq!(jobs["jobs"].as_array().expect("jobs").len(), 1);
    assert!(!clips_of(&anna, "/v1/sets/nl/versions/1", "own").contains(&"goodbye".to_owned()));

    let dropped = acme.ask("DELETE", "/v1/sets/acme.nl/clips/goodbye");
    assert_eq!(dropped.status, 200, "{}", dropped.text());
    let now = dropped.json()["active"].as_u64().expect("a version");
    let version = format!("/v1/sets/acme.nl/versions/{now}");
    assert!(clips_of(&acme, &version, "own").is_empty());
}

#[test]
fn hostile_archives_leave_nothing_and_the_server_goes_on() {
    let server = start();
    let http = Http::of(&server, ANNA);
    let silence = vec![0; 64 << 20];
    let hostile = [
        zip_of(&[("../../evil.wav", b"x")]),
        zip_of(&[("/etc/evil.wav", b"x")]),
        zip_of(&[("clips/goodbye.wav", &silence)]),
        b"PK\x03\x04 and then nothing of the kind".to_vec(),
        Vec::new(),
    ];
    for archive in hostile {
        let job = http.upload("/v1/sets/nl/versions?name=evil.zip", &archive);
        assert_eq!(job["state"], "refused", "{job}");
        assert_eq!(job["problem"]["type"], "urn:belpost:problem:upload");
    }
    let versions = http.get("/v1/sets/nl/versions");
    assert_eq!(versions.as_array().expect("versions").len(), 0);
    let incoming = server.folder().join("prompts/incoming");
    eventually("nothing is left", seconds(5.0), || {
        (std::fs::read_dir(&incoming).expect("a folder").count() == 0).then_some(())
    });
    assert!(server.is_alive());
}

#[test]
fn what_was_put_to_use_is_in_use_after_a_restart_and_at_the_command_line() {
    let mut server = start();
    let http = Http::of(&server, ANNA);
    let job = http.upload(
        "/v1/sets/nl/versions?name=nl.zip",
        &archive(&[("and", &clip_file("nl", "goodbye"))]),
    );
    let version = json!({ "version": job["version"] });
    assert_eq!(http.tell("/v1/sets/nl/activate", &version).status, 200);
    server.terminate();
    assert!(server.wait_for_end(seconds(20.0)).success());
    server.restart();
    assert_eq!(active(&Http::of(&server, ANNA), "nl"), 1);
    let (status, listed) = server.command(&["prompts", "list"]);
    assert_eq!(status, Some(0), "{listed}");
    assert!(listed.contains("nl.zip"), "{listed}");
}

#[test]
fn a_server_whose_token_file_is_wrong_says_which_line() {
    let server = start();
    let tokens = server.folder().join("tokens");
    std::fs::write(tokens, format!("anna {ANNA}\nben tooshort\n")).expect("a file");
    let (status, said) = server.command(&["serve"]);
    assert_ne!(status, Some(0));
    assert!(
        said.contains("line 2") && !said.contains("tooshort"),
        "{said}"
    );
}
