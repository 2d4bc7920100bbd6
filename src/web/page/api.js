// Asking the server. The token is kept for this tab only and goes with every question.

const KEY = "belpost-token";

/** Why the server did not do what was asked: its own words. */
export class Problem extends Error {
  constructor(status, detail, kind = "") {
    super(detail);
    this.status = status;
    this.kind = kind;
  }
}

export const token = {
  get: () => sessionStorage.getItem(KEY),
  set: (text) => sessionStorage.setItem(KEY, text),
  forget: () => sessionStorage.removeItem(KEY),
};

const authorization = () => `Bearer ${token.get() ?? ""}`;

async function fetched(path, options = {}) {
  const headers = { ...options.headers, Authorization: authorization() };
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch {
    throw new Problem(0, "");
  }
  if (response.ok) return response;
  let problem = {};
  try {
    problem = await response.json();
  } catch {
    // A proxy may answer in its own words.
  }
  throw new Problem(response.status, problem.detail ?? response.statusText, problem.type);
}

/** What the server says at this address. */
export const ask = async (path) => (await fetched(path)).json();

/** The same as text. */
export const askText = async (path) => (await fetched(path)).text();

/** A sound, as an address the page can play. */
export const askSound = async (path) => URL.createObjectURL(await (await fetched(path)).blob());

/** Tells the server to change something. */
export async function tell(method, path, body) {
  const options = { method };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers = { "Content-Type": "application/json" };
  }
  const response = await fetched(path, options);
  return response.status === 204 ? null : response.json();
}

/** Sends a file; `told` hears how much of it went, from 0 to 1. Gives the job. */
export function send(method, path, blob, type, told) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, path);
    request.setRequestHeader("Authorization", authorization());
    request.setRequestHeader("Content-Type", type);
    request.responseType = "json";
    request.upload.onprogress = (event) => told(event.total ? event.loaded / event.total : 0);
    request.onload = () => {
      const answer = request.response ?? {};
      if (request.status < 300) resolve(answer);
      else reject(new Problem(request.status, answer.detail ?? request.statusText, answer.type));
    };
    request.onerror = () => reject(new Problem(0, ""));
    request.send(blob);
  });
}

/** An address from its parts, each made safe. */
export const path = (...parts) => "/v1/" + parts.map((part) => encodeURIComponent(part)).join("/");
