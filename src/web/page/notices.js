// What the operator is told: alerts, and questions before something changes.

import { byId, el, fill } from "./dom.js";
import { t } from "./words.js";

const alerts = byId("alerts");
const dialog = byId("dialog");

/** Tells that something went wrong, in the server's words where it has any. */
export function failed(problem, otherwise) {
  const text = problem?.status === 0 ? t("noServer") : problem?.message || otherwise || t("failed");
  notice(text, "bad");
}

/** Tells something in passing. */
export function notice(text, kind = "good") {
  const box = el("div", { class: `alert ${kind}` }, el("span", {}, text),
    el("button", { class: "plain", type: "button", "aria-label": t("close"), click: () => box.remove() }, "×"));
  alerts.append(box);
  while (alerts.children.length > 3) alerts.firstChild.remove();
  if (kind === "good") setTimeout(() => box.remove(), 6000);
}

/** Takes all alerts away. */
export const quiet = () => alerts.replaceChildren();

/** Asks before something is done; whether it may be. */
export function confirmed(title, text, yes, kind = "") {
  return new Promise((resolve) => {
    fill(dialog,
      el("form", { method: "dialog" },
        el("h2", {}, title),
        text.map((line) => el("p", {}, line)),
        el("div", { class: "buttons" },
          el("button", { value: "no", class: "plain", autofocus: true }, t("cancel")),
          el("button", { value: "yes", class: `strong ${kind}` }, yes))));
    dialog.onclose = () => resolve(dialog.returnValue === "yes");
    dialog.returnValue = "no";
    dialog.showModal();
  });
}
