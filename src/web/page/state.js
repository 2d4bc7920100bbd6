// What the parts of the page share.

import { ask, path } from "./api.js";
import { languageName, t } from "./words.js";

export const state = {
  /** What the server says of the token and its sets; null before it did. */
  all: null,
  /** The set that is shown, and its version. */
  shown: null,
  version: undefined,
  /** Recordings that wait to become a version: set, then clip, then file. */
  pending: new Map(),
};

/** Asks for the sets anew. */
export async function refresh() {
  state.all = await ask(path("sets"));
  return state.all;
}

/** What there is of a set. */
export const summaryOf = (set) => state.all.sets.find((one) => one.set === set);

/** The recordings of a set that wait. */
export function pendingOf(set) {
  if (!state.pending.has(set)) state.pending.set(set, new Map());
  return state.pending.get(set);
}

/** A set in words: "Dutch", "Dutch · acme". */
export function setTitle(set) {
  const [tenant, tag] = set.includes(".") ? set.split(".") : [null, set];
  return tenant ? `${languageName(tag)} · ${tenant}` : languageName(tag);
}

/** What a version is good for, in a word: its kind and text. */
export function verdict(version) {
  if (version.active) return ["use", t("inUse")];
  if (version.missing > 0) return ["bad", t("missingClips", version.missing)];
  if (version.faults > 0) return ["bad", t("faulty", version.faults)];
  return ["good", t("ready")];
}

/** Goes to a place of the page. */
export function go(...parts) {
  location.hash = `#/${parts.filter((part) => part !== undefined).map(encodeURIComponent).join("/")}`;
}

/** Where the page is: set, version, tab, and what is looked for there, as far as they are said. */
export function here() {
  const [set, version, tab, wanted] = location.hash.replace(/^#\//, "").split("/").map(decodeURIComponent);
  return { set: set || undefined, version: version ? Number(version) : undefined, tab, wanted };
}

/** Has the page shown again; set by the page. */
export const page = { show: async () => {} };
