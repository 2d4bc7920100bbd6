//! The web page in a real browser: an operator without a shell hears, replaces and puts to use what
//! callers hear.
//!
//! Pictures of it are kept in the target folder, at the widths of a desk and of a telephone, light
//! and dark.

use crate::harness::browser::{Browser, Screen};
use crate::harness::http::{ANNA, Http, clip_file, page_of, start_with_page, zip_of};
use crate::harness::{Server, Setup};
use serde_json::{Value, json};

const DESK: Screen = Screen {
    width: 1_280,
    height: 900,
    dark: false,
};

/// The words for the `contains` of what the page shows.
fn sees(browser: &Browser, words: &str) {
    let page = format!("document.body.innerText.includes({words:?})");
    browser.until(words, &page);
}

/// Opens the page and gives it the token.
fn signed_in(server: &Server, language: &str) -> Browser {
    let browser = Browser::start(language);
    browser.screen(DESK);
    browser.open(&page_of(server));
    browser.write("#token", ANNA);
    browser.click(".sign-in button");
    browser.until("the sets", "document.querySelectorAll('.sets li').length");
    browser
}

/// Drops files on what a selector finds, as a hand with a mouse would.
fn drop_files(browser: &Browser, selector: &str, files: &[(&str, &[u8])]) {
    browser.until(selector, &format!("document.querySelector({selector:?})"));
    let files: Vec<Value> = files
        .iter()
        .map(|(name, octets)| json!({ "name": name, "octets": octets }))
        .collect();
    let script = "const [selector, files] = arguments;
        const carried = new DataTransfer();
        for (const { name, octets } of files) {
          carried.items.add(new File([new Uint8Array(octets)], name));
        }
        const target = document.querySelector(selector);
        for (const type of ['dragenter', 'dragover', 'drop']) {
          target.dispatchEvent(new DragEvent(type,
            { dataTransfer: carried, bubbles: true, cancelable: true }));
        }";
    browser.run(script, json!([selector, files]));
}

/// Waits for the newest upload to end so, and takes the card away by its first button.
fn await_upload(browser: &Browser, state: &str) {
    let card = format!(".job[data-state={state:?}]");
    browser.until(&card, &format!("document.querySelector({card:?})"));
}

/// Plays what a button plays; the sound must have a length and come to its end or go on.
fn hears(browser: &Browser, button: &str) {
    browser.run(
        "window.heard = 0; document.querySelector('#sound').ontimeupdate =
        (event) => { window.heard = Math.max(window.heard, event.target.currentTime); };",
        json!([]),
    );
    browser.click(button);
    browser.until(
        "a sound with a length",
        "document.querySelector('#sound').duration",
    );
    browser.until("it is played", "window.heard");
}

/// An archive with one clip that sounds otherwise.
fn archive() -> Vec<u8> {
    zip_of(&[("clips/main-leave.flac", &clip_file("nl", "goodbye"))])
}

#[test]
fn an_operator_uploads_listens_reads_puts_to_use_and_goes_back() {
    let server = start_with_page(Setup::new());
    let http = Http::of(&server, ANNA);
    let browser = Browser::start("en");
    browser.screen(DESK);
    browser.open(&page_of(&server));
    browser.picture("sign-in");
    browser.write("#token", "not-the-right-token-not-the-right-token");
    browser.click(".sign-in button");
    sees(&browser, "The server does not know this token.");
    let refused = browser.complaints();
    assert!(
        refused.iter().all(|line| line.contains("401")),
        "{refused:?}"
    );
    browser.write("#token", ANNA);
    browser.click(".sign-in button");
    browser.click("a[href='#/nl']");
    sees(&browser, "Callers hear the original clips.");

    // What the program comes with is heard clip by clip and in sentences.
    browser.click("[data-tab=clips]");
    browser.write("#search", "goodbye");
    hears(&browser, "[data-clip=goodbye] .play");
    browser.click("[data-tab=sentences]");
    hears(&browser, ".sentences li:nth-child(1) .play");
    browser.picture("sentences");

    // An archive with a fault: its report says what, and it cannot be put to use.
    let bad = zip_of(&[("clips/goodbye.wav", b"RIFFthis is no sound")]);
    drop_files(&browser, "#adding", &[("bad.zip", &bad)]);
    browser.click("#upload");
    await_upload(&browser, "bad");
    sees(&browser, "Version 1 cannot be used yet.");
    browser.click(".job[data-state=bad] .soft");
    sees(&browser, "This version cannot be put to use.");
    sees(&browser, "goodbye.wav");
    browser.picture("report");
    let usable = browser.run(
        "return document.querySelectorAll('button.use').length",
        json!([]),
    );
    assert_eq!(usable, 0);

    // A whole one, its progress watched.
    browser.run(
        "window.said = []; new MutationObserver(() => {
          const text = document.querySelector('.job [role=status]')?.textContent;
          if (text && window.said.at(-1) !== text) window.said.push(text);
        }).observe(document.querySelector('#tray'), { subtree: true, childList: true,
          characterData: true });",
        json!([]),
    );
    drop_files(&browser, "#adding", &[("voice.zip", &archive())]);
    browser.write("#note", "Another goodbye");
    browser.picture("chosen");
    browser.click("#upload");
    await_upload(&browser, "good");
    let said = browser.run("return window.said.join('; ')", json!([]));
    let said = said.as_str().expect("a text").to_owned();
    assert!(said.contains("Uploading: 100 %"), "{said}");
    // How far the server is; which of these depends on when the page looks.
    let stages = ["Waiting", "file read", "Checking clips: "];
    assert!(stages.iter().any(|stage| said.contains(stage)), "{said}");
    assert!(said.contains("Version 2 is ready to use."), "{said}");
    browser.picture("uploaded");
    browser.click(".job[data-state=good] .soft");
    sees(&browser, "For every menu and announcement");
    browser.until("bars", "document.querySelectorAll('.place .bar').length");
    browser.picture("menus");

    // Beside the original, then put to use, and taken back.
    browser.click("[data-tab=compare]");
    browser.until(
        "a difference",
        "document.querySelector('[data-clip=main-leave]')",
    );
    hears(&browser, "[data-clip=main-leave] .half:last-child .play");
    browser.click("[data-version='2'] button.use");
    browser.picture("question");
    browser.click("dialog .strong");
    sees(&browser, "Callers hear version 2.");
    assert_eq!(http.get("/v1/sets/nl")["active"], 2);
    browser.click("#roll-back");
    browser.click("dialog .strong");
    sees(&browser, "Callers hear the original clips.");
    assert_eq!(http.get("/v1/sets/nl")["active"], 0);
    let line = &http.get("/v1/sets/nl/versions")[0];
    assert_eq!(line["note"], "anna: Another goodbye");

    // A question that is not answered with yes changes nothing.
    browser.click("[data-version='2'] .remove");
    browser.click("dialog .plain");
    browser.click("[data-version='1'] .remove");
    browser.click("dialog .strong");
    sees(&browser, "Version 1 is removed.");
    assert_eq!(
        http.get("/v1/sets/nl/versions").as_array().map(Vec::len),
        Some(1)
    );
    let complaints = browser.complaints();
    let complaints: Vec<_> = complaints.iter().filter(|c| !c.contains("404")).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
}

#[test]
fn recordings_dropped_on_their_rows_become_one_version() {
    let server = start_with_page(Setup::new());
    let http = Http::of(&server, ANNA);
    let browser = signed_in(&server, "en");
    browser.click("a[href='#/nl']");
    browser.click("[data-tab=clips]");
    let sound = clip_file("nl", "goodbye");
    drop_files(
        &browser,
        "[data-clip=main-leave]",
        &[("new one.flac", &sound)],
    );
    sees(&browser, "1 new recording");
    hears(&browser, "[data-clip=main-leave] .play");
    drop_files(&browser, "[data-clip=go-back]", &[("picture.png", b"x")]);
    sees(&browser, "picture.png does not look like a recording.");
    drop_files(&browser, "[data-clip=go-back]", &[("other.flac", &sound)]);
    sees(&browser, "2 new recordings");
    browser.picture("pending");
    browser.click("#make-version");
    browser.until(
        "the end",
        "document.querySelector('.job:not([data-state=working])')",
    );
    let version = http.get("/v1/sets/nl/versions/1");
    let clips = version["clips"].as_array().expect("clips").iter();
    let own: Vec<&str> = clips
        .filter(|clip| clip["source"]["kind"] == "own")
        .map(|clip| clip["clip"].as_str().expect("a name"))
        .collect();
    assert_eq!(own.len(), 2, "{own:?}");
    assert!(own.contains(&"main-leave") && own.contains(&"go-back"));
}

#[test]
fn the_page_is_legible_in_both_languages_on_every_screen() {
    let server = start_with_page(Setup::new());
    let http = Http::of(&server, ANNA);
    http.upload("/v1/sets/nl/versions?name=nl.zip&note=November", &archive());
    let bad = zip_of(&[
        ("clips/goodbye.wav", b"RIFFthis is no sound"),
        ("a.txt", b""),
    ]);
    http.upload("/v1/sets/nl/versions?name=bad.zip", &bad);
    let browser = signed_in(&server, "nl");
    sees(&browser, "Tekstsets");
    for (width, dark) in [(1_280, false), (1_280, true), (400, false), (400, true)] {
        let height = if width == 400 { 850 } else { 900 };
        browser.screen(Screen {
            width,
            height,
            dark,
        });
        for tab in ["coverage", "clips", "sentences", "report", "compare"] {
            browser.run(
                "location.hash = arguments[0]",
                json!([format!("#/nl/2/{tab}")]),
            );
            let shown = format!(
                "document.querySelector('[data-tab={tab}][aria-current]') && \
                !document.querySelector('.tab-body > [role=status]')"
            );
            browser.until(tab, &shown);
            let wide = browser.run("return document.documentElement.scrollWidth", json!([]));
            assert!(
                wide.as_u64() <= Some(u64::from(width)),
                "{tab} is {wide} wide"
            );
            let faint = browser.run(FAINT, json!([]));
            assert_eq!(faint, json!([]), "{tab} at {width}, dark: {dark}");
            let scheme = if dark { "dark" } else { "light" };
            browser.run(
                "document.querySelector('#detail').scrollIntoView()",
                json!([]),
            );
            browser.picture(&format!("{width}-{scheme}-{tab}"));
        }
        browser.run("scrollTo(0, 0)", json!([]));
        browser.picture(&format!("{width}-{}", if dark { "dark" } else { "light" }));
    }
    browser.screen(DESK);
    // The whole page by keys: a tab is chosen, and the focus stays on it.
    browser.run(
        "document.querySelector('[data-tab=report]').focus()",
        json!([]),
    );
    browser.press("\u{e007}");
    browser.until(
        "the report",
        "document.activeElement.dataset.tab === 'report' && \
        location.hash.endsWith('report')",
    );
    browser.click("#languages [lang=en]");
    sees(&browser, "Prompt sets");
}

/// Texts whose contrast with what is behind them is below 4.5 (WCAG 2.2, 1.4.3).
const FAINT: &str = "
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const brush = canvas.getContext('2d', { willReadFrequently: true });
  const mixed = (colours) => {
    brush.clearRect(0, 0, 1, 1);
    for (const colour of colours) { brush.fillStyle = colour; brush.fillRect(0, 0, 1, 1); }
    return [...brush.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => rgb
    .map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
  const behind = (node) => {
    const colours = [];
    for (let at = node; at; at = at.parentElement) colours.unshift(getComputedStyle(at).backgroundColor);
    return colours;
  };
  const faint = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    const text = texts.currentNode.data.trim();
    if (!text || !node.checkVisibility() || ['SCRIPT', 'OPTION', 'NOSCRIPT'].includes(node.tagName)) continue;
    const ground = behind(node);
    const [a, b] = [light(mixed(ground)), light(mixed([...ground, getComputedStyle(node).color]))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) faint.push(`${text}: ${contrast.toFixed(2)}`);
  }
  return [...new Set(faint)].slice(0, 10);";
