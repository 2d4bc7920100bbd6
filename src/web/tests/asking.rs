//! Who may ask what, how it is refused, and what the document says.

use super::stand::{ACME, ANNA, Answer, Stand};
use crate::web::slowed::BURST;
use serde_json::Value;

/// What the program's own languages are called, and somebody else's.
const FILLED: [(&str, &str); 5] = [
    ("{set}", "nl"),
    ("{version}", "0"),
    ("{clip}", "goodbye"),
    ("{example}", "0"),
    ("{job}", "01890000-0000-7000-8000-000000000000"),
];

/// Every route of the document: method, path as it stands there, path filled in.
fn routes(document: &Value) -> Vec<(String, String, String)> {
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let filled = FILLED.iter().fold(path.clone(), |path, (name, value)| {
                path.replace(name, value)
            });
            assert!(!filled.contains('{'), "{filled}");
            routes.push((method.to_uppercase(), path.clone(), filled));
        }
    }
    routes
}

fn document(stand: &Stand) -> Value {
    let answer = stand.ask("GET", "/v1/openapi.json", "");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    answer.json()
}

#[test]
fn every_route_is_in_the_document_and_wants_a_token() {
    let stand = Stand::start();
    let routes = routes(&document(&stand));
    let names: Vec<String> = routes
        .iter()
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    let version = "/v1/sets/{set}/versions/{version}";
    let wanted = [
        "GET /v1/sets".to_owned(),
        "GET /v1/sets/{set}".to_owned(),
        "GET /v1/sets/{set}/versions".to_owned(),
        "POST /v1/sets/{set}/versions".to_owned(),
        format!("GET {version}"),
        format!("DELETE {version}"),
        format!("GET {version}/report"),
        format!("GET {version}/clips/{{clip}}"),
        format!("GET {version}/clips/{{clip}}/audio"),
        format!("GET {version}/examples"),
        format!("GET {version}/examples/{{example}}/audio"),
        "GET /v1/sets/{set}/differences".to_owned(),
        "POST /v1/sets/{set}/activate".to_owned(),
        "POST /v1/sets/{set}/roll-back".to_owned(),
        "PUT /v1/sets/{set}/clips/{clip}".to_owned(),
        "DELETE /v1/sets/{set}/clips/{clip}".to_owned(),
        "GET /v1/jobs".to_owned(),
        "GET /v1/jobs/{job}".to_owned(),
    ];
    for route in &wanted {
        assert!(names.contains(route), "{route} is not in {names:?}");
    }
    assert_eq!(names.len(), wanted.len(), "{names:?}");
    for (method, _, path) in routes {
        let answer = stand.ask(&method, &path, "");
        answer.is_problem(401, "token");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }
}

#[test]
fn the_document_holds_together() {
    let document = document(&Stand::start());
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    assert!(references.len() > 20);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(schemes["token"]["scheme"], "bearer");
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let what = format!("{method} {path}");
            assert!(operation["summary"].is_string(), "{what}");
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.keys().any(|code| code.starts_with('2')), "{what}");
            let names = operation["parameters"].as_array().cloned();
            let names = names.unwrap_or_default();
            for part in path.split('/').filter(|part| part.starts_with('{')) {
                let name = part.trim_matches(['{', '}']);
                let found = names.iter().any(|p| p["name"] == name && p["in"] == "path");
                assert!(found, "{what}: {part}");
            }
        }
    }
}

fn collect_references(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value.as_str() {
                    Some(text) if key == "$ref" => into.push(text.to_owned()),
                    _ => collect_references(value, into),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|v| collect_references(v, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn a_set_of_somebody_else_is_not_there_whatever_is_asked() {
    let stand = Stand::start();
    for (method, pattern, path) in routes(&document(&stand)) {
        if !pattern.contains("{set}") {
            continue;
        }
        let path = if pattern.ends_with("/differences") {
            format!("{path}?from=0&to=0")
        } else {
            path
        };
        let (kind, body): (&str, Option<&[u8]>) = match method.as_str() {
            "POST" if pattern.ends_with("/versions") => ("application/zip", Some(b"PK")),
            "POST" => ("application/json", Some(br#"{"version":0}"#)),
            "PUT" => ("audio/wav", Some(b"RIFF")),
            _ => ("", None),
        };
        let body = if pattern.ends_with("/roll-back") {
            Some(&b"{}"[..])
        } else {
            body
        };
        let headers = [("content-type", kind)];
        let headers = if kind.is_empty() { &[][..] } else { &headers };
        let answer = stand.send(&method, &path, ACME, headers, body);
        answer.is_problem(404, "not-found");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert_eq!(detail, "there is no prompt set nl", "{method} {path}");
    }
    let seen = stand.ask("GET", "/v1/sets", ACME).json();
    assert_eq!(seen["tenant"], "acme");
    assert_eq!(seen["sets"].as_array().unwrap().len(), 0);
    assert!(stand.jobs().is_empty(), "nothing was begun");
}

#[test]
fn a_tenant_cannot_build_on_anothers_set() {
    let stand = Stand::start();
    let headers = [("content-type", "application/zip")];
    let path = "/v1/sets/acme.nl/versions?parent=zorg.nl";
    let answer = stand.send("POST", path, ACME, &headers, Some(b"PK"));
    answer.is_problem(404, "not-found");
}

#[test]
fn the_sets_compiled_in_are_there_with_their_clips_and_sounds() {
    let stand = Stand::start();
    let sets = stand.ask("GET", "/v1/sets", ANNA).json();
    assert_eq!(sets["operator"], "anna");
    let names = sets["sets"].as_array().unwrap().iter();
    let names: Vec<&str> = names.map(|set| set["set"].as_str().unwrap()).collect();
    assert_eq!(names, ["en", "nl"]);
    let version = stand.ask("GET", "/v1/sets/nl/versions/0", ANNA).json();
    let clips = version["clips"].as_array().unwrap();
    assert!(clips.len() > 200);
    let goodbye = clips.iter().find(|clip| clip["clip"] == "goodbye").unwrap();
    assert_eq!(goodbye["source"]["kind"], "built-in");
    let one = stand.ask("GET", "/v1/sets/nl/versions/0/clips/goodbye", ANNA);
    assert_eq!(one.json(), *goodbye);
    let sound = stand.ask("GET", "/v1/sets/nl/versions/0/clips/goodbye/audio", ANNA);
    is_wav(&sound, goodbye["ms"].as_u64().unwrap());
    let examples = stand
        .ask("GET", "/v1/sets/nl/versions/0/examples", ANNA)
        .json();
    let first = &examples["examples"][0];
    assert!(first["text"].as_str().unwrap().len() > 3, "{first}");
    let sound = stand.ask("GET", "/v1/sets/nl/versions/0/examples/0/audio", ANNA);
    assert_eq!(sound.status, 200);
    let beyond = stand.ask("GET", "/v1/sets/nl/versions/0/examples/99999/audio", ANNA);
    beyond.is_problem(404, "not-found");
}

fn is_wav(answer: &Answer, ms: u64) {
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "audio/wav");
    let pcm = crate::audio::wav::read(&answer.body).unwrap();
    assert_eq!(pcm.rate, 16_000);
    assert_eq!(pcm.duration().as_millis() as u64, ms);
}

#[test]
fn what_is_not_there_or_not_to_be_asked_so_is_a_problem_too() {
    let stand = Stand::start();
    let gone = [
        "/v1/sets/xx",
        "/v1/sets/NL",
        "/v1/sets/nl/versions/9",
        "/v1/sets/nl/versions/one",
        "/v1/sets/nl/versions/0/clips/no-clip-of-this-name",
        "/v1/sets/nl/versions/0/clips/no-clip-of-this-name/audio",
        "/v1/sets/nl/versions/0/clips/..%2F..%2Fetc/audio",
        "/v1/jobs/1",
        "/v1/nothing",
        "/nothing",
    ];
    for path in gone {
        stand.ask("GET", path, ANNA).is_problem(404, "not-found");
    }
    let put = stand.ask("PUT", "/v1/sets", ANNA);
    put.is_problem(405, "method");
    for path in [
        "/v1/sets/nl/differences",
        "/v1/sets/nl/differences?from=a&to=0",
        "/v1/sets/nl/versions/0/report?format=xml",
        "/v1/sets/nl/versions/0/report?more=1",
    ] {
        stand.ask("GET", path, ANNA).is_problem(400, "request");
    }
}

#[test]
fn a_change_must_be_said_in_json_that_makes_sense() {
    let stand = Stand::start();
    let path = "/v1/sets/nl/activate";
    for body in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"version":"1"}"#,
        r#"{"version":0,"x":1}"#,
    ] {
        stand.tell(path, body).is_problem(400, "request");
    }
    let long = format!(r#"{{"version":0{}}}"#, " ".repeat(20_000));
    stand.tell(path, &long).is_problem(413, "too-large");
    let headers = [("content-type", "text/plain")];
    let answer = stand.send("POST", path, ANNA, &headers, Some(br#"{"version":0}"#));
    answer.is_problem(415, "media-type");
    stand
        .tell(path, r#"{"version":9}"#)
        .is_problem(404, "not-found");
    stand
        .tell(path, r#"{"version":0,"in_use":3}"#)
        .is_problem(409, "changed");
    stand
        .tell("/v1/sets/nl/roll-back", "{}")
        .is_problem(409, "nothing-before");
}

#[test]
fn wrong_tokens_are_slowed_and_right_ones_are_not() {
    let stand = Stand::start();
    for _ in 0..BURST {
        let wrong = stand.ask("GET", "/v1/sets", "a-wrong-token");
        wrong.is_problem(401, "token");
    }
    let answer = stand.ask("GET", "/v1/sets", "a-wrong-token");
    answer.is_problem(429, "too-many");
    assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
    assert_eq!(stand.ask("GET", "/v1/jobs", ANNA).status, 200);
    stand.ask("GET", "/v1/sets", "").is_problem(401, "token");
}

#[test]
fn a_token_taken_out_of_the_file_is_worth_nothing_at_once() {
    let stand = Stand::start();
    assert_eq!(stand.ask("GET", "/v1/jobs", ANNA).status, 200);
    let file = stand.folder.path().join("tokens");
    std::fs::write(file, format!("bea {ACME} acme\n")).unwrap();
    stand.ask("GET", "/v1/jobs", ANNA).is_problem(401, "token");
    assert_eq!(stand.ask("GET", "/v1/jobs", ACME).status, 200);
}

#[test]
fn no_answer_may_be_framed_guessed_at_or_kept() {
    let stand = Stand::start();
    for path in ["/", "/page.js", "/v1/sets", "/v1/openapi.json", "/nothing"] {
        let answer = stand.ask("GET", path, ANNA);
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'self'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("set-cookie"), "");
    }
}

#[test]
fn the_page_asks_for_nothing_that_is_not_there_and_has_nothing_inline() {
    let stand = Stand::start();
    let page = String::from_utf8(stand.ask("GET", "/", "").body).unwrap();
    assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains(" onclick"));
    let mut wanted: Vec<String> = Vec::new();
    for part in page.split(['"']).filter(|part| part.starts_with('/')) {
        wanted.push(part.to_owned());
    }
    let mut seen = 0;
    while let Some(path) = wanted.get(seen).cloned() {
        let answer = stand.ask("GET", &path, "");
        assert_eq!(answer.status, 200, "{path}");
        let answer_kind = answer.header("content-type").to_owned();
        let text = String::from_utf8(answer.body).unwrap();
        if answer_kind.starts_with("text/javascript") {
            let imports = text
                .lines()
                .filter_map(|line| line.split_once(" from \"./"));
            for (_, rest) in imports {
                let name = format!("/{}", rest.split('"').next().unwrap());
                if !wanted.contains(&name) {
                    wanted.push(name);
                }
            }
        }
        seen += 1;
    }
    assert!(seen > 10, "{wanted:?}");
}

#[test]
fn the_page_says_everything_in_both_languages() {
    let words = include_str!("../page/words.js");
    let (_, both) = words.split_once("\n  en: {\n").unwrap();
    let (english, dutch) = both.split_once("\n  nl: {\n").unwrap();
    let keys = |text: &str| -> Vec<String> {
        let lines = text.lines().take_while(|line| *line != "  },");
        let keys = lines.filter(|line| line.starts_with("    ") && !line.starts_with("     "));
        let keys = keys.filter_map(|line| Some(line.split_once(':')?.0.trim().to_owned()));
        keys.collect()
    };
    let english = keys(english);
    assert!(english.len() > 80);
    assert_eq!(english, keys(dutch));
}

#[test]
fn every_place_of_a_call_has_a_dutch_name() {
    let words = include_str!("../page/words.js");
    let (_, dutch) = words.split_once("\n  nl: {\n").unwrap();
    for place in crate::flow::sentences(&crate::flow::Menus::default()) {
        let key = format!("      \"{}\": ", place.name);
        assert!(dutch.contains(&key), "{}", place.name);
    }
}
