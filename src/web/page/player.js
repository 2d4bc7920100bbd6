// One sound at a time: a button plays, and stops when it is pressed again.

import { askSound } from "./api.js";
import { byId, el } from "./dom.js";
import { failed } from "./notices.js";
import { t } from "./words.js";

const sound = byId("sound");
let playing = null;
let address = null;

sound.addEventListener("ended", stop);

/** Stops what is played. */
export function stop() {
  sound.pause();
  if (address) URL.revokeObjectURL(address);
  address = null;
  if (playing) show(playing, "idle");
  playing = null;
}

function show(button, state) {
  button.dataset.state = state;
  button.setAttribute("aria-label", `${t(state === "idle" ? "play" : "stop")}: ${button.dataset.what}`);
}

async function press(button, source) {
  const again = playing === button;
  stop();
  if (again) return;
  playing = button;
  show(button, "loading");
  try {
    const found = typeof source === "string" ? await askSound(source) : URL.createObjectURL(source);
    if (playing !== button) {
      URL.revokeObjectURL(found);
      return;
    }
    address = found;
    sound.src = found;
    await sound.play();
    if (playing === button) show(button, "playing");
  } catch (problem) {
    if (playing === button) {
      stop();
      failed(problem, t("cannotPlay"));
    }
  }
}

/** A button that plays what is at an address of the server, or a file. */
export function playButton(what, source) {
  const button = el("button", { class: "play", type: "button", "data-what": what,
    click: () => press(button, source) });
  show(button, "idle");
  return button;
}
