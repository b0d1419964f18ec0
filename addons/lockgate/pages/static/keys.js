// Keys of a page: one table of what they do, from which help is made too.

import { element } from "/lockgate/static/base.js";

const NAMES = { ArrowDown: "↓", ArrowUp: "↑", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc" };
const isTyping = (target) => target.closest?.("input, textarea, select, [contenteditable]") !== null;

/**
 * Listens for keys, and shows them all with "?".
 *
 * @param bindings `{keys, says, act, typing}`: names of keys as events have them, what they do in a few words, and a
 *   function; those with `typing` work in fields too. What a function gives back as false leaves the key to the browser.
 */
export function keys(bindings) {
  const dialog = help(bindings);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]")) return;
    const typing = isTyping(event.target);
    if (event.key === "?" && !typing) {
      event.preventDefault();
      dialog.showModal();
      return;
    }
    const found = bindings.find((one) => one.keys.includes(event.key) && (!typing || one.typing));
    if (found && found.act(event) !== false) event.preventDefault();
  });
  document.getElementById("keys")?.addEventListener("click", () => dialog.showModal());
}

function help(bindings) {
  const rows = [...bindings, { keys: ["?"], says: "show these keys" }].map((one) =>
    element("tr", {}, element("th", { scope: "row" }, one.keys.flatMap((key) => [element("kbd", {}, NAMES[key] ?? key), " "])),
      element("td", {}, one.says)));
  const dialog = element("dialog", { "aria-label": "Keys" },
    element("h2", {}, "Keys"), element("table", {}, element("tbody", {}, rows)),
    element("form", { method: "dialog" }, element("button", {}, "Close")));
  document.body.append(dialog);
  return dialog;
}

/** Moves the focus among elements that are seen; gives the one that has it now. */
export function moveFocus(elements, by) {
  const seen = elements.filter((one) => one.offsetParent !== null);
  if (!seen.length) return null;
  const at = seen.findIndex((one) => one === document.activeElement || one.contains(document.activeElement));
  const next = at < 0 ? (by > 0 ? 0 : seen.length - 1) : Math.min(seen.length - 1, Math.max(0, at + by));
  seen[next].focus();
  seen[next].scrollIntoView({ block: "nearest" });
  return seen[next];
}
