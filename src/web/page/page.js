// The page: signing in, the list of sets, and which of them is shown.

import { Problem, token } from "./api.js";
import { byId, el, fill } from "./dom.js";
import { failed, quiet } from "./notices.js";
import { stop } from "./player.js";
import { showSet, showVersion } from "./set.js";
import { go, here, page, refresh, setTitle, state, verdict } from "./state.js";
import { forgetJobs, showTray } from "./tray.js";
import { LANGUAGES, language, speak, t } from "./words.js";

const content = byId("content");
const NAME = /^([a-z][a-z0-9-]{0,31}\.)?[a-z]{2,8}(-[a-z0-9]{2,8})?$/;

/** Shows what the address says, asking for the sets where that is wanted. */
async function show(anew = true) {
  stop();
  top();
  if (!token.get()) return signIn();
  try {
    if (anew || !state.all) await refresh();
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 401) return signOut(t("wrongToken"));
    failed(problem);
    if (!state.all) return signIn();
  }
  top();
  const main = el("main", { id: "main" });
  fill(content, el("div", { class: "columns" }, sideBar(), main));
  content.querySelector(".sets [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  showTray();
  const { set, version, tab } = here();
  const shown = set ?? state.all.sets[0]?.set;
  state.shown = shown;
  document.title = shown ? `${setTitle(shown)} · Belpost` : "Belpost";
  if (shown) await showSet(main, shown, version, tab);
  else main.append(el("p", { class: "quiet" }, t("noSets")));
}

function top() {
  document.documentElement.lang = language();
  fill(byId("languages"), LANGUAGES.map((tag) =>
    el("button", { class: "plain", type: "button", lang: tag, "aria-pressed": String(tag === language()),
      click: () => { speak(tag); show(false); } }, tag.toUpperCase())));
  const leave = byId("leave");
  leave.hidden = !token.get();
  leave.textContent = t("signOut");
  leave.onclick = () => signOut();
  byId("operator").textContent = token.get() && state.all ? state.all.operator : "";
}

function signIn(wrong) {
  const input = el("input", { id: "token", type: "password", autocomplete: "off", required: true,
    spellcheck: "false", "aria-describedby": "token-help" });
  const submit = async (event) => {
    event.preventDefault();
    token.set(input.value.trim());
    quiet();
    await show();
  };
  fill(content, el("main", { class: "sign-in" },
    el("h1", {}, t("signInTitle")),
    el("p", {}, t("signInText")),
    el("form", { submit },
      el("label", { for: "token" }, t("token")),
      input,
      wrong && el("p", { class: "bad-text", role: "alert" }, wrong),
      el("p", { id: "token-help", class: "quiet" }, t("tokenHelp")),
      el("button", { class: "strong" }, t("signIn")))));
  input.focus();
}

function signOut(why) {
  token.forget();
  state.all = null;
  state.shown = null;
  state.pending.clear();
  forgetJobs();
  stop();
  top();
  signIn(why);
}

function sideBar() {
  const shown = here().set ?? state.all.sets[0]?.set;
  const items = state.all.sets.map((set) => {
    const active = set.versions.find((version) => version.active);
    const [kind, text] = active ? verdict(active) : ["quiet", t("builtIn")];
    const current = set.set === shown ? "page" : null;
    return el("li", {}, el("a", { href: `#/${set.set}`, "aria-current": current },
      el("span", { class: "set-title" }, setTitle(set.set)),
      el("span", { class: "set-name" }, set.set),
      active ? el("span", { class: `chip ${kind}` }, t("version", active.version)) : el("span", { class: "chip" }, text)));
  });
  return el("nav", { class: "sets", "aria-label": t("sets") },
    el("h2", {}, t("sets")), el("ul", {}, items), newSet());
}

function newSet() {
  const tenant = state.all.tenant;
  const input = el("input", { id: "new-set", maxlength: 50, autocapitalize: "none", spellcheck: "false" });
  const submit = (event) => {
    event.preventDefault();
    const text = input.value.trim().toLowerCase();
    const name = tenant && !text.includes(".") ? `${tenant}.${text}` : text;
    if (NAME.test(name)) go(name);
    else failed(null, t("newSetBad"));
  };
  return el("details", { class: "new-set" },
    el("summary", {}, t("newSet")),
    el("form", { submit },
      el("label", { for: "new-set" }, t(tenant ? "newSetLabel" : "newSetLabelAll")),
      el("div", { class: "row" }, input, el("button", { class: "soft" }, t("open")))));
}

// A file that misses its place must not take the page away.
for (const event of ["dragover", "drop"]) addEventListener(event, (happened) => happened.preventDefault());
addEventListener("hashchange", () => {
  const { set, version, tab } = here();
  // Another side of the same set leaves the rest of the page as it is.
  if (token.get() && set && set === state.shown) showVersion(set, version, tab);
  else show(false);
});
page.show = show;
show();
