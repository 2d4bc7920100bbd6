//! Uploads and connections: what is too large, too slow, too many, and the end of the server.

use super::stand::{ANNA, MAX_UPLOAD, PATIENCE, Stand, eventually, rest, status_of};
use crate::web::limits::{Limits, NOTE_MAX, QUEUE_MAX};
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

const ZIP: [(&str, &str); 1] = [("content-type", "application/zip")];

const SOON: Duration = Duration::from_millis(200);

#[test]
fn an_upload_that_says_it_is_too_large_is_refused_before_it_comes() {
    let stand = Stand::start();
    let mut stream = stand.begin_upload(MAX_UPLOAD as usize + 1, "");
    assert_eq!(status_of(&mut stream), 413);
    assert!(stand.jobs().is_empty());
}

#[test]
fn an_upload_that_does_not_say_so_is_refused_when_it_is_and_leaves_nothing() {
    let stand = Stand::start();
    let mut stream = stand.raw(&format!(
        "POST /v1/sets/nl/versions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ANNA}\r\n\
         content-type: application/zip\r\ntransfer-encoding: chunked\r\n\r\n"
    ));
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    for _ in 0..=MAX_UPLOAD / 0x4000 {
        stream.write_all(chunk.as_bytes()).unwrap();
    }
    assert_eq!(status_of(&mut stream), 413);
    let job = stand.await_job("refused");
    assert_eq!(job["problem"]["status"], 413);
    eventually("nothing is left", || (stand.incoming() == 0).then_some(()));
}

#[test]
fn an_upload_that_stands_still_is_given_up() {
    let limits = Limits {
        idle: SOON,
        ..Limits::USUAL
    };
    let stand = Stand::within(limits, 1);
    let mut stream = stand.begin_upload(1_000, "PK");
    assert_eq!(status_of(&mut stream), 408);
    let job = stand.await_job("refused");
    assert_eq!(job["problem"]["type"], "urn:belpost:problem:too-slow");
    eventually("nothing is left", || (stand.incoming() == 0).then_some(()));
}

#[test]
fn an_upload_on_its_way_is_seen_and_its_slot_is_free_when_it_breaks_off() {
    let stand = Stand::within(Limits::USUAL, 1);
    let stream = stand.begin_upload(1_000, "PK34567890");
    let job = eventually("ten octets", || {
        let job = stand.await_job("receiving");
        (job["received"] == 10).then_some(job)
    });
    assert_eq!(job["expected"], 1_000);
    assert_eq!((&job["set"], &job["by"]), (&"nl".into(), &"anna".into()));
    let path = format!("/v1/jobs/{}", job["job"].as_str().unwrap());
    assert_eq!(stand.ask("GET", &path, super::stand::ACME).status, 404);
    let second = stand.send("POST", "/v1/sets/nl/versions", ANNA, &ZIP, Some(b"PK"));
    second.is_problem(429, "too-many");
    drop(stream);
    let job = stand.await_job("refused");
    assert_eq!(job["problem"]["detail"], "the upload broke off");
    eventually("nothing is left", || (stand.incoming() == 0).then_some(()));
    let third = stand.send("POST", "/v1/sets/nl/versions", ANNA, &ZIP, Some(b"PK"));
    assert_eq!(third.status, 202);
}

#[test]
fn what_is_no_archive_is_refused_by_its_job_and_leaves_nothing() {
    let stand = Stand::start();
    let path = "/v1/sets/nl/versions?name=a.zip&note=try";
    let answer = stand.send("POST", path, ANNA, &ZIP, Some(b"not a zip archive"));
    assert_eq!(answer.status, 202);
    let location = answer.header("location").to_owned();
    let job = eventually("the job ends", || {
        let job = stand.ask("GET", &location, ANNA).json();
        (job["state"] == "refused").then_some(job)
    });
    assert_eq!(job["problem"]["type"], "urn:belpost:problem:upload");
    assert_eq!(job["name"], "a.zip");
    eventually("nothing is left", || (stand.incoming() == 0).then_some(()));
    let versions = stand.ask("GET", "/v1/sets/nl/versions", ANNA).json();
    assert_eq!(versions.as_array().unwrap().len(), 0);
}

#[test]
fn an_upload_of_another_kind_or_with_a_bad_note_is_refused() {
    let stand = Stand::start();
    let path = "/v1/sets/nl/versions";
    let html = [("content-type", "text/html")];
    let answer = stand.send("POST", path, ANNA, &html, Some(b"PK"));
    answer.is_problem(415, "media-type");
    let long = format!("{path}?note={}", "x".repeat(NOTE_MAX + 1));
    for bad in [
        long.as_str(),
        "/v1/sets/nl/versions?note=a%0Ab",
        "/v1/sets/nl/versions?parent=NL",
        "/v1/sets/nl/versions?add=perhaps",
        "/v1/sets/nl/versions?unknown=1",
    ] {
        let answer = stand.send("POST", bad, ANNA, &ZIP, Some(b"PK"));
        answer.is_problem(400, "request");
    }
    assert!(stand.jobs().is_empty());
}

#[test]
fn a_head_that_drips_is_given_up() {
    let limits = Limits {
        head: SOON,
        ..Limits::USUAL
    };
    let stand = Stand::within(limits, 1);
    let begin = Instant::now();
    let stream = stand.raw("GET / HTTP/1.1\r\nhost: ");
    let mut drip = stream.try_clone().unwrap();
    let end = eventually("the connection ends", || drip.write_all(b"x").err());
    assert!(begin.elapsed() < PATIENCE, "{end}");
    assert!(!rest(stream).contains("200"));
}

#[test]
fn a_silent_connection_is_closed_also_after_a_request() {
    let limits = Limits {
        silence: SOON,
        ..Limits::USUAL
    };
    let stand = Stand::within(limits, 1);
    assert_eq!(rest(stand.raw("")), "");
    let answered = rest(stand.raw("GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
    assert!(answered.starts_with("HTTP/1.1 200"), "{answered}");
}

#[test]
fn beyond_the_most_connections_the_next_one_waits_for_a_place() {
    let limits = Limits {
        connections: 2,
        ..Limits::USUAL
    };
    let stand = Stand::within(limits, 1);
    let request = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut open: Vec<TcpStream> = (0..2).map(|_| stand.raw(request)).collect();
    for stream in &mut open {
        assert_eq!(status_of(stream), 200);
    }
    let mut third = stand.raw(request);
    third.set_nonblocking(true).unwrap();
    let waits = third.peek(&mut [0]).unwrap_err();
    assert_eq!(waits.kind(), std::io::ErrorKind::WouldBlock);
    third.set_nonblocking(false).unwrap();
    open.pop();
    assert_eq!(status_of(&mut third), 200);
}

#[test]
fn the_server_ends_in_time_whoever_is_connected() {
    let mut stand = Stand::start();
    let _idle = stand.raw("");
    let _uploading = stand.begin_upload(1_000, "PK");
    stand.await_job("receiving");
    let begin = Instant::now();
    stand.web.take().unwrap().stop();
    assert!(begin.elapsed() < Duration::from_secs(10));
    assert!(TcpStream::connect(stand.address).is_err());
}

#[test]
fn the_queue_is_bounded_and_says_so_before_anything_is_received() {
    let stand = Stand::within(Limits::USUAL, QUEUE_MAX + 1);
    let open: Vec<TcpStream> = (0..QUEUE_MAX)
        .map(|_| stand.begin_upload(1_000, "PK"))
        .collect();
    eventually("all are coming", || {
        (stand.jobs().len() == QUEUE_MAX).then_some(())
    });
    let answer = stand.send("POST", "/v1/sets/nl/versions", ANNA, &ZIP, Some(b"PK"));
    answer.is_problem(429, "too-many");
    drop(open);
}
