// What waits and what is under way: recordings that are to become a version, and uploads with how
// far they are. It stays while the rest of the page changes.

import { ask, path, send, token } from "./api.js";
import { byId, el, fill } from "./dom.js";
import { page, go, here, pendingOf, setTitle, summaryOf } from "./state.js";
import { activate } from "./set.js";
import { t } from "./words.js";
import { zipOf } from "./zip.js";

const tray = byId("tray");
const jobs = el("div", { class: "jobs" });
const PAUSE = 300; // ms between two looks at a job

/** Shows the tray: what waits for the set that is shown, and all uploads. */
export function showTray() {
  fill(tray, jobs, waiting(here().set));
}

/** Forgets all uploads. */
export function forgetJobs() {
  fill(jobs);
  fill(tray);
}

function waiting(set) {
  if (!set) return null;
  const pending = pendingOf(set);
  if (pending.size === 0) return null;
  const forget = () => { pending.clear(); page.show(false); };
  return el("div", { class: "card pending" },
    el("p", {}, el("b", {}, t("pending", pending.size)), " ", t("pendingText", summaryOf(set)?.active ?? 0)),
    el("div", { class: "buttons" },
      el("button", { class: "plain", type: "button", click: forget }, t("discard")),
      el("button", { class: "strong", type: "button", id: "make-version", click: () => makeVersion(set) }, t("makeVersion"))));
}

async function makeVersion(set) {
  const pending = [...pendingOf(set)];
  pendingOf(set).clear();
  page.show(false);
  if (pending.length === 1) {
    const [[clip, file]] = pending;
    const query = new URLSearchParams({ name: file.name });
    const type = file.type || "application/octet-stream";
    return upload(set, file.name, "PUT", `${path("sets", set, "clips", clip)}?${query}`, type, () => file);
  }
  const ending = (file) => file.name.split(".").pop().toLowerCase();
  const entries = pending.map(([clip, file]) => ({ name: `clips/${clip}.${ending(file)}`, file }));
  const title = t("pending", pending.length);
  const query = new URLSearchParams({ name: `${pending.length}-files.zip`, add: "true" });
  return upload(set, title, "POST", `${path("sets", set, "versions")}?${query}`, "application/zip", () => zipOf(entries));
}

/** Uploads a file and follows its job to the end; `pack` makes the file. */
export async function upload(set, title, method, address, type, pack) {
  const card = jobCard(set, title);
  try {
    card.step(t("packing"));
    const file = await pack();
    let job = await send(method, address, file, type, (part) =>
      card.step(t("uploading", Math.floor(part * 100)), part));
    while (token.get() && job.state !== "done" && job.state !== "refused") {
      card.step(...progress(job));
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
      job = await ask(path("jobs", job.job));
    }
    if (job.state === "done") await finished(card, set, job);
    else card.refused(job.problem?.detail);
  } catch (problem) {
    card.refused(problem.status === 0 ? t("noServer") : problem.message);
  }
}

/** How far a job is: a text, and a part of the whole where that is known. */
function progress(job) {
  switch (job.state) {
    case "receiving": return [t("receiving"), job.expected ? job.received / job.expected : undefined];
    case "waiting": return [t("waiting")];
    case "reading": return [t("reading", job.files)];
    case "compiling": return [t("compiling", job.done, job.total), job.total ? job.done / job.total : 0];
    default: return [t("writing"), 1];
  }
}

async function finished(card, set, job) {
  await page.show();
  const leave = (...place) => () => { card.remove(); go(set, ...place); };
  const use = () => { card.remove(); activate(summaryOf(set), job.version); };
  card.ended(job.clean ? "good" : "bad",
    t(job.clean ? "doneClean" : "doneFaulty", job.version),
    el("button", { class: "soft", type: "button", click: leave(job.version, job.clean ? "coverage" : "report") },
      t(job.clean ? "look" : "readReport")),
    job.clean && el("button", { class: "strong", type: "button", click: use }, t("use")));
}

function jobCard(set, title) {
  const text = el("p", { role: "status" });
  const bar = el("progress", { max: 1, "aria-label": title });
  const close = el("button", { class: "plain", type: "button", "aria-label": t("close"), hidden: true }, "×");
  const buttons = el("div", { class: "buttons" });
  const card = el("div", { class: "card job", "data-state": "working" },
    el("p", { class: "job-title" }, el("b", {}, title), ` · ${setTitle(set)}`, close), text, bar, buttons);
  close.addEventListener("click", () => card.remove());
  jobs.prepend(card);
  const ended = (state, words, ...actions) => {
    card.dataset.state = state;
    text.textContent = words;
    bar.remove();
    close.hidden = false;
    fill(buttons, actions);
  };
  return {
    step(words, part) {
      text.textContent = words;
      if (part === undefined) bar.removeAttribute("value");
      else bar.value = part;
    },
    ended,
    refused: (why) => ended("bad", `${t("refused")}${why ? `: ${why}` : "."}`),
    remove: () => card.remove(),
  };
}
