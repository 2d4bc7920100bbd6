// A version from its five sides: menus, clips, sentences, report, and beside another version.

import { ask, askText, path } from "./api.js";
import { dropped, isSound } from "./adding.js";
import { el, fill } from "./dom.js";
import { failed } from "./notices.js";
import { playButton } from "./player.js";
import { dropClip } from "./set.js";
import { here, pendingOf, setTitle, state } from "./state.js";
import { showTray } from "./tray.js";
import { megabytes, place, t } from "./words.js";

const SIDES = { coverage, clips, sentences, report, compare };

/** Shows one side of a version. */
export async function showTab(body, tab, set, version) {
  fill(body, el("p", { class: "quiet", role: "status" }, t("loading")));
  const address = path("sets", set.set, "versions", version);
  const shown = await SIDES[tab]({ set, version, address });
  fill(body, shown);
}

async function coverage({ set, version, address }) {
  const found = await ask(`${address}/report`);
  const rows = found.places.map((one) => {
    const missing = one.missing.length;
    const part = (kind, count) => count > 0 && el("span", { class: `part ${kind}`,
      "data-share": one.needed ? count / one.needed : 0, title: `${count} ${t(kind)}` });
    return el("li", { class: "place" },
      el("span", { class: "place-name" }, place(one.place)),
      el("span", { class: "bar", "aria-hidden": "true" },
        part("own", one.own), part("inherited", one.inherited), part("missing", missing)),
      el("span", { class: "quiet figures" }, t("ofNeeded", one.needed - missing, one.needed)),
      missing > 0 && el("ul", { class: "lacking" }, one.missing.map((clip) =>
        el("li", {}, clipLink(set, version, clip, "chip bad")))));
  });
  const legend = ["own", "inherited", "missing"].map((kind) =>
    el("span", { class: "key" }, el("span", { class: `part ${kind}` }), t(kind)));
  const list = el("ul", { class: "places" }, rows);
  for (const part of list.querySelectorAll(".part")) part.style.setProperty("flex-grow", part.dataset.share);
  return [el("p", { class: "quiet" }, t("coverageText")), el("p", { class: "legend" }, legend), list];
}

/** A clip's name, that leads to its row. */
const clipLink = (set, version, clip, kind) =>
  el("a", { class: kind, href: `#/${set.set}/${version}/clips/${clip}` }, clip);

async function clips({ set, version, address }) {
  const detail = await ask(address);
  const search = el("input", { type: "search", id: "search", placeholder: t("search"), "aria-label": t("search") });
  const choice = el("select", { id: "show", "aria-label": t("show") },
    [["all", "showAll"], ["own", "showOwn"], ["other", "showOther"], ["missing", "showMissing"]]
      .map(([value, words]) => el("option", { value }, t(words))));
  const none = el("p", { class: "quiet", hidden: true }, t("nothingFound"));
  const rows = detail.clips.map((clip) => ({ clip, row: clipRow(set, version, address, clip) }));
  const narrow = () => {
    const words = search.value.trim().toLowerCase();
    let seen = 0;
    for (const { clip, row } of rows) {
      const fits = fitsChoice(clip, choice.value) && (!words || String(clip.number) === words ||
        clip.clip.includes(words) || clip.text.toLowerCase().includes(words));
      row.hidden = !fits;
      seen += fits;
    }
    none.hidden = seen > 0;
  };
  search.addEventListener("input", narrow);
  choice.addEventListener("change", narrow);
  search.value = here().wanted ?? "";
  narrow();
  return [el("div", { class: "filter" }, search, choice), el("ol", { class: "clips" }, rows.map(({ row }) => row)), none];
}

function fitsChoice(clip, choice) {
  switch (choice) {
    case "own": return clip.source.kind === "own";
    case "other": return clip.source.kind === "parent" || clip.source.kind === "built-in";
    case "missing": return clip.source.kind === "missing";
    default: return true;
  }
}

function sourceText(source) {
  switch (source.kind) {
    case "own": return t("sourceOwn");
    case "parent": return setTitle(source.set);
    case "built-in": return t("sourceBuiltIn");
    default: return t("sourceMissing");
  }
}

function clipRow(set, version, address, clip) {
  const row = el("li", { class: "clip", "data-clip": clip.clip });
  const show = () => fill(row, clipParts(set, version, address, clip, take, show));
  const take = (file) => {
    if (!isSound(file)) return failed(null, t("notSound", file.name));
    if (file.size > state.all.max_recording) return failed(null, t("tooLarge", megabytes(state.all.max_recording)));
    pendingOf(set.set).set(clip.clip, file);
    show();
    showTray();
  };
  row.addEventListener("dragover", (event) => { event.preventDefault(); row.classList.add("over"); });
  row.addEventListener("dragleave", () => row.classList.remove("over"));
  row.addEventListener("drop", async (event) => {
    event.preventDefault();
    row.classList.remove("over");
    const [first] = await dropped(event.dataTransfer);
    if (first) take(first.file);
  });
  show();
  return row;
}

function clipParts(set, version, address, clip, take, show) {
  const pending = pendingOf(set.set).get(clip.clip);
  const missing = clip.source.kind === "missing";
  const input = el("input", { type: "file", accept: "audio/*,.ogg,.flac", class: "hidden-file",
    id: `replace-${clip.clip}`, "aria-label": t("replaceLabel", clip.clip), change: () => take(input.files[0]) });
  const undo = () => { pendingOf(set.set).delete(clip.clip); show(); showTray(); };
  const source = pending || (missing ? null : `${address}/clips/${encodeURIComponent(clip.clip)}/audio`);
  return [
    source ? playButton(clip.text || clip.clip, source) : el("span", { class: "play none" }),
    el("span", { class: "number", title: t("number") }, String(clip.number)),
    el("span", { class: "said" }, el("span", { class: "text" }, clip.text || "–"), el("code", {}, clip.clip)),
    el("span", { class: "length" }, missing || pending ? "" : t("seconds", (clip.ms / 1000).toFixed(1))),
    pending
      ? el("span", { class: "chip use" }, t("newFile", pending.name))
      : el("span", { class: `chip ${{ own: "good", missing: "bad" }[clip.source.kind] ?? ""}` }, sourceText(clip.source)),
    pending
      ? el("button", { class: "plain", type: "button", click: undo }, t("undo"))
      : el("span", { class: "actions" },
        clip.source.kind === "own" && set.active === version &&
          el("button", { class: "plain", type: "button", click: () => dropClip(set.set, clip.clip) }, t("drop")),
        input, el("label", { class: "button plain", for: `replace-${clip.clip}` }, t("replace"))),
  ];
}

async function sentences({ address }) {
  const { examples } = await ask(`${address}/examples`);
  if (examples.length === 0) return el("p", { class: "quiet" }, t("noSentences"));
  const groups = new Map();
  for (const example of examples) {
    if (!groups.has(example.place)) groups.set(example.place, []);
    groups.get(example.place).push(example);
  }
  const lists = [...groups].map(([name, some]) => [
    el("h3", {}, place(name)),
    el("ul", { class: "sentences" }, some.map((example) => el("li", { "data-example": example.example },
      playButton(example.text, `${address}/examples/${example.example}/audio`), el("span", { class: "text" }, example.text)))),
  ]);
  return [el("p", { class: "quiet" }, t("sentencesText")), lists];
}

async function report({ set, version, address }) {
  const found = await ask(`${address}/report`);
  const number = (n) => n.toLocaleString(document.documentElement.lang);
  const counts = t("reportCounts", ...[found.own, found.inherited, found.missing, found.sentences].map(number));
  const asText = async () => {
    const text = new Blob([await askText(`${address}/report?format=text`)], { type: "text/plain" });
    const link = el("a", { href: URL.createObjectURL(text), download: `${found.set}-${found.version}.txt` });
    link.click();
    URL.revokeObjectURL(link.href);
  };
  const findings = found.findings.map((finding) => el("li", { class: `finding ${finding.severity}` },
    el("span", { class: `chip ${finding.severity === "fault" ? "bad" : ""}` }, t(finding.severity === "fault" ? "fault" : "remark")),
    el("div", {},
      el("p", { class: "what" }, finding.clip && clipLink(set, version, finding.clip, "code"), finding.clip && ": ", `${finding.what}.`),
      finding.text && el("p", { class: "quiet" }, `“${finding.text}”`),
      finding.file && el("p", { class: "quiet" }, finding.file),
      el("p", {}, el("span", { class: "quiet" }, `${t("remedy")}: `), `${finding.remedy}.`))));
  return [
    el("div", { class: "state" },
      el("p", { class: `lead ${found.clean ? "good-text" : "bad-text"}` }, t(found.clean ? "reportClean" : "reportFaulty")),
      el("button", { class: "plain", type: "button", click: () => asText().catch(failed) }, t("reportText"))),
    el("p", { class: "quiet" }, counts),
    findings.length > 0 ? el("ul", { class: "findings" }, findings) : el("p", {}, t("reportNothing")),
  ];
}

async function compare({ set, version, address }) {
  const others = [...set.versions.map((one) => one.version), 0].filter((one) => one !== version);
  const usual = set.active !== version ? set.active : set.before ?? others[0];
  const choice = el("select", { id: "compare" }, others.map((one) =>
    el("option", { value: one, selected: one === usual }, t("version", one))));
  const list = el("div", {});
  const { clips: known } = await ask(address);
  const texts = new Map(known.map((clip) => [clip.clip, clip.text]));
  const show = async () => {
    const from = Number(choice.value);
    const query = new URLSearchParams({ from, to: version });
    try {
      const { differences } = await ask(`${path("sets", set.set, "differences")}?${query}`);
      fill(list, differences.length > 0 ? differenceList(set, from, version, differences, texts) : el("p", {}, t("same")));
    } catch (problem) {
      failed(problem);
    }
  };
  choice.addEventListener("change", show);
  if (others.length > 0) await show();
  return [el("p", { class: "row" }, el("label", { for: "compare" }, t("compareWith")), choice), list];
}

function differenceList(set, from, to, differences, texts) {
  const half = (words, version, one, source, text) => el("span", { class: "half" },
    source.kind === "missing"
      ? el("span", { class: "play none" })
      : playButton(`${words}, ${one.clip}`, `${path("sets", set.set, "versions", version, "clips", one.clip)}/audio`),
    el("span", {}, el("span", { class: "quiet" }, `${words} · ${sourceText(source)}`), text && el("span", { class: "text" }, text)));
  return el("ul", { class: "differences" }, differences.map((one) => el("li", { "data-clip": one.clip },
    el("p", {}, el("code", {}, one.clip),
      one.text_before === null && one.text_after === null && el("span", {}, texts.get(one.clip)),
      one.sound && el("span", { class: "chip" }, t("soundDiffers")),
      (one.text_before !== null || one.text_after !== null) && el("span", { class: "chip" }, t("textDiffers"))),
    half(t("before"), from, one, one.source_before, one.text_before),
    half(t("after"), to, one, one.source_after, one.text_after))));
}
