// New recordings: dropped or chosen files, and what is to be done with them.

import { path } from "./api.js";
import { el, fill } from "./dom.js";
import { failed } from "./notices.js";
import { setTitle, state } from "./state.js";
import { upload } from "./tray.js";
import { megabytes, t } from "./words.js";
import { zipOf } from "./zip.js";

const SOUND = /\.(wav|mp3|ogg|oga|flac|aac|m4a|mp4)$/i;
const CATALOGUE = /(^|\/)catalogue\.toml$/;

/** Whether a file may be a recording, by its name. */
export const isSound = (file) => SOUND.test(file.name);

const isArchive = (files) => files.length === 1 && /\.zip$/i.test(files[0].name);

/** What was dropped, folders opened: files with their paths. */
export async function dropped(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  // Both must be asked for before the first pause: what is dropped is gone after it.
  const found = items.map((item) => ({ entry: item.webkitGetAsEntry?.(), file: item.getAsFile() }));
  const files = [];
  for (const { entry, file } of found) {
    if (entry?.isDirectory) await walk(entry, files);
    else if (file) files.push({ name: file.name, file });
  }
  return files;
}

async function walk(folder, files) {
  const reader = folder.createReader();
  const some = () => new Promise((resolve, reject) => reader.readEntries(resolve, reject));
  for (let entries = await some(); entries.length > 0; entries = await some()) {
    for (const entry of entries) {
      if (entry.isDirectory) await walk(entry, files);
      else {
        const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
        files.push({ name: entry.fullPath.replace(/^\/[^/]+\//, ""), file });
      }
    }
  }
}

/** The place for new recordings of a set; `summary` is null where the set is not there yet. */
export function addingZone(name, summary) {
  const zone = el("section", { class: "adding", id: "adding", "aria-label": t("add") });
  const take = (files) => {
    const useful = files.filter(({ name: path, file }) =>
      isArchive(files) || isSound(file) || CATALOGUE.test(path));
    if (useful.length === 0) failed(null, t("noSound"));
    else fill(zone, form(zone, name, summary, useful, () => fill(zone, invitation(take))));
  };
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", async (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    take(await dropped(event.dataTransfer));
  });
  return fill(zone, invitation(take));
}

function invitation(take) {
  const input = el("input", { type: "file", id: "files", multiple: true, class: "hidden-file",
    accept: ".zip,.toml,.wav,.mp3,.ogg,.oga,.flac,.aac,.m4a,.mp4",
    change: () => take([...input.files].map((file) => ({ name: file.name, file }))) });
  return [
    el("p", { class: "hint" }, t("addHint")),
    el("p", { class: "quiet" }, t("addNames")),
    input,
    el("label", { for: "files", class: "button soft" }, t("chooseFiles")),
  ];
}

function form(zone, name, summary, files, over) {
  const size = files.reduce((sum, { file }) => sum + file.size, 0);
  const title = files.length === 1 ? files[0].name : t("chosen", files.length);
  const keep = el("input", { type: "checkbox", id: "keep", checked: true });
  const note = el("input", { id: "note", maxlength: 150 });
  const parent = parentChoice(name);
  const submit = async (event) => {
    event.preventDefault();
    if (size > state.all.max_upload) return failed(null, t("tooLarge", megabytes(state.all.max_upload)));
    const called = isArchive(files) ? title : `${files.length}-files.zip`;
    const query = new URLSearchParams({ name: called, note: note.value, add: String(canKeep(summary) && keep.checked) });
    if (parent.value) query.set("parent", parent.value);
    over();
    const archive = () => archiveOf(files);
    await upload(name, title, "POST", `${path("sets", name, "versions")}?${query}`, "application/zip", archive);
  };
  return el("form", { class: "chosen", submit },
    el("p", { class: "hint" }, title, " ", el("small", {}, `${(size / 1e6).toFixed(1)} MB`)),
    canKeep(summary) && el("p", { class: "row" }, keep, el("label", { for: "keep" }, t("keep", summary.active))),
    el("div", { class: "fields" },
      el("p", {}, el("label", { for: "note" }, t("note")), note),
      parent.options.length > 1 && el("p", {}, el("label", { for: "parent" }, t("parent")), parent)),
    el("div", { class: "buttons" },
      el("button", { class: "plain", type: "button", click: over }, t("discard")),
      el("button", { class: "strong", id: "upload" }, t("upload"))));
}

// Where only the original is in use there is nothing of one's own to keep.
const canKeep = (summary) => summary !== null && summary.active > 0;

function parentChoice(name) {
  const fits = (other) => other !== name && (!other.includes(".") || other.split(".")[0] === name.split(".")[0]);
  const others = state.all.sets.map((set) => set.set).filter(fits);
  return el("select", { id: "parent" },
    el("option", { value: "" }, t("parentUsual")),
    others.map((set) => el("option", { value: set }, setTitle(set))));
}

/** One archive of what was chosen. */
function archiveOf(files) {
  return isArchive(files) ? files[0].file : zipOf(files);
}
