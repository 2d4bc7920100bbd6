// One set: what callers hear of it, new recordings for it, its versions, and one of them in full.

import { path, tell } from "./api.js";
import { addingZone } from "./adding.js";
import { byId, el, fill } from "./dom.js";
import { confirmed, failed, notice } from "./notices.js";
import { stop } from "./player.js";
import { go, page, setTitle, state, summaryOf, verdict } from "./state.js";
import { showTab } from "./tabs.js";
import { moment, t } from "./words.js";

const TABS = ["coverage", "clips", "sentences", "report", "compare"];

// What is below all versions was not compiled here: there is no report of it.
const tabsOf = (version) => (version === 0 ? TABS.filter((tab) => tab !== "coverage" && tab !== "report") : TABS);

/** Shows a set and one of its versions: the one in use unless another is asked for. */
export async function showSet(main, name, version, tab) {
  const set = summaryOf(name);
  if (!set) {
    fill(main, heading(name), el("p", { class: "lead" }, t("notYet")), addingZone(name, null));
    return;
  }
  state.version = undefined;
  const versions = el("section", { id: "versions" });
  const detail = el("section", { id: "detail" });
  fill(main,
    heading(name),
    el("div", { class: "state" },
      el("p", { class: "lead" }, set.active ? t("stateVersion", set.active) : t("stateOriginal")),
      set.before !== null && el("button", { class: "soft", type: "button", id: "roll-back",
        click: () => rollBack(set) }, t("back", set.before))),
    addingZone(name, set),
    versions,
    detail);
  await showVersion(name, version, tab);
}

/** Shows one version of the set that is on the page. */
export async function showVersion(name, version, tab) {
  const set = summaryOf(name);
  if (!set) return;
  stop();
  const shown = version ?? set.active;
  const moved = state.version !== undefined && state.version !== shown && version !== undefined;
  state.version = shown;
  const focus = document.activeElement?.getAttribute("href");
  fill(byId("versions"), el("h2", {}, t("versions")), versionList(set, shown));
  const tabs = tabsOf(shown);
  const done = showDetail(byId("detail"), set, shown, tabs.includes(tab) ? tab : tabs[0], focus);
  if (moved) byId("detail").scrollIntoView();
  await done;
}

function heading(name) {
  return el("h1", {}, setTitle(name), " ", el("small", {}, name));
}

function versionList(set, shown) {
  const rows = set.versions.map((version) => versionRow(set, version, shown));
  rows.push(originalRow(set, shown));
  return el("ul", { class: "versions" }, rows);
}

function versionRow(set, version, shown) {
  const [kind, text] = verdict(version);
  const number = version.version;
  const usable = version.clean && !version.active;
  return el("li", { class: number === shown ? "shown" : null, "data-version": number },
    el("a", { href: `#/${set.set}/${number}`, "aria-current": number === shown ? "true" : null },
      el("b", {}, t("version", number)), el("span", { class: `chip ${kind}` }, text),
      version.notes > 0 && el("span", { class: "chip" }, t("remarks", version.notes))),
    el("span", { class: "quiet about" },
      `${moment(version.created)} · ${t("by")[version.origin.kind]} ${version.origin.name}`,
      version.note && el("span", { class: "note" }, version.note)),
    el("span", { class: "buttons" },
      usable && el("button", { class: "soft use", type: "button", click: () => activate(set, number) }, t("use")),
      !version.active && el("button", { class: "plain remove", type: "button", click: () => remove(set, number) }, t("remove"))));
}

function originalRow(set, shown) {
  const usable = set.active !== 0;
  return el("li", { class: shown === 0 ? "shown" : null, "data-version": 0 },
    el("a", { href: `#/${set.set}/0`, "aria-current": shown === 0 ? "true" : null },
      el("b", {}, t("version", 0)), !usable && el("span", { class: "chip use" }, t("inUse"))),
    el("span", { class: "quiet about" }, t("original")),
    el("span", { class: "buttons" },
      usable && el("button", { class: "soft use", type: "button", click: () => activate(set, 0) }, t("use"))));
}

async function showDetail(detail, set, version, tab, focus) {
  // It keeps its height until there is something to see, so that the page does not jump.
  const body = el("div", { class: "tab-body" });
  body.style.minHeight = `${detail.offsetHeight}px`;
  const tabs = tabsOf(version).map((name) =>
    el("a", { href: `#/${set.set}/${version}/${name}`, "aria-current": name === tab ? "page" : null,
      "data-tab": name }, t(name)));
  fill(detail, el("h2", {}, t("version", version)), el("nav", { class: "tabs", "aria-label": t("version", version) }, tabs), body);
  detail.querySelector("[aria-current]").scrollIntoView({ block: "nearest", inline: "nearest" });
  if (focus) document.querySelector(`[href="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
  try {
    await showTab(body, tab, set, version);
  } catch (problem) {
    fill(body, el("p", { class: "bad-text" }, problem.message || t("failed")));
  }
  body.style.minHeight = "";
}

async function change(work, done) {
  try {
    await work();
    notice(done);
  } catch (problem) {
    failed(problem);
  }
  await page.show();
}

/** Puts a version to use, when the operator says so. */
export async function activate(set, version) {
  const title = `${setTitle(set.set)}: ${t("useTitle", version)}`;
  if (!(await confirmed(title, [t("useText")], t("use")))) return;
  const body = { version, in_use: summaryOf(set.set)?.active };
  await change(() => tell("POST", path("sets", set.set, "activate"), body), t("useDone", version));
}

async function rollBack(set) {
  if (!(await confirmed(t("backTitle", set.before), [t("backText")], t("back", set.before)))) return;
  const body = { in_use: set.active };
  await change(() => tell("POST", path("sets", set.set, "roll-back"), body), t("backDone", set.before));
}

async function remove(set, version) {
  if (!(await confirmed(t("removeTitle", version), [t("removeText")], t("remove"), "danger"))) return;
  await change(async () => {
    await tell("DELETE", path("sets", set.set, "versions", version));
    go(set.set);
  }, t("removeDone", version));
}

/** Drops the recording of one clip of the version in use, when the operator says so. */
export async function dropClip(set, clip) {
  if (!(await confirmed(t("dropTitle", clip), [t("dropText")], t("drop"), "danger"))) return;
  await change(async () => {
    await tell("DELETE", path("sets", set, "clips", clip));
    go(set);
  }, t("dropDone", clip));
}
