// One exchange: its trace, kept up to date while it is under way, and what can be done with it.

import { attempt, element, get, post, say } from "/lockgate/static/base.js";
import { keys, moveFocus } from "/lockgate/static/keys.js";
import { listen } from "/lockgate/static/live.js";
import { shown } from "/lockgate/static/texts.js";
import { duration, renderTrace } from "/lockgate/static/timeline.js";

const { id } = document.getElementById("exchange").dataset;
// The list goes on from here.
sessionStorage.setItem("opened", id);
const place = document.getElementById("trace");
const fold = document.getElementById("fold");
/** What is folded and what is open, through every rendering. */
const folds = new Map();
let exchange = null;

function show() {
  const { trace, row, pause, state } = exchange;
  const status = trace.answer ? ` → ${trace.answer.status}` : "";
  document.getElementById("title").replaceChildren(...shown(`${trace.original.method} ${trace.original.target}${status}`));
  const passes = trace.passes.map((one) => (one.version ? `${one.api} (${one.version})` : one.api)).join(" → ");
  const facts = [passes || "no API", row.endpoint, row.outcomes.join(", "), state === "over" ? duration(trace.elapsed_us) : state,
    trace.paused_us ? `of that paused ${duration(trace.paused_us)}` : "", new Date(trace.received_at).toLocaleString(),
    `from ${trace.client}`, `definitions ${trace.generation}`, `exchange ${id}`];
  document.getElementById("facts").replaceChildren(...shown(facts.filter(Boolean).join(" · ")));
  const stopped = document.getElementById("pause");
  stopped.hidden = pause === null;
  if (pause) stopped.replaceChildren(`Paused ${pause.when} ${pause.link}. `,
    element("a", { href: `/lockgate/pauses/${id}` }, "Look, edit, go on"));
  document.getElementById("reloaded").hidden = !exchange.reloaded;
  const flow = document.getElementById("flow");
  flow.hidden = !exchange.flow;
  flow.href = `/#/flows/${encodeURIComponent(exchange.flow)}/request`;
  const focused = document.activeElement?.closest?.("details")?.dataset.key;
  place.replaceChildren(renderTrace(trace, {
    folds,
    leftOut: exchange.left_out,
    sources: exchange.sources,
    pause,
    underWay: state !== "over",
    breakHere: true,
  }));
  if (focused) place.querySelector(`details[data-key="${CSS.escape(focused)}"] > summary`)?.focus({ preventScroll: true });
  document.title = `${trace.original.method} ${trace.original.target} · Lockgate`;
  sayFold();
}

async function load() {
  exchange = await attempt(() => get(`/lockgate/api/exchanges/${id}`)) ?? exchange;
  if (exchange) show();
}

// Actions

async function again() {
  const button = document.getElementById("again");
  if (button.disabled) return;
  button.disabled = true;
  try {
    const done = await attempt(() => {
      say("running again …");
      return post(`/lockgate/api/exchanges/${id}/again`);
    });
    if (!done) return;
    if (done.paused) location.assign(`/lockgate/pauses/${done.after}`);
    else location.assign(done.over ? done.address : `/lockgate/exchanges/${done.after}`);
  } finally {
    button.disabled = false;
  }
}

async function copy() {
  if (!exchange) return;
  try {
    await navigator.clipboard.writeText(exchange.curl);
    say("copied; secrets are left out", "good");
  } catch {
    const dialog = document.getElementById("line");
    const text = dialog.querySelector("textarea");
    text.value = exchange.curl;
    dialog.showModal();
    text.select();
  }
}

const steps = () => [...place.querySelectorAll("details.step")];
const anyOpen = () => steps().some((one) => one.open);
const sayFold = () => fold.replaceChildren(anyOpen() ? "Fold all " : "Unfold all ", element("kbd", {}, "f"));

function foldAll() {
  const open = !anyOpen();
  for (const one of steps()) one.open = open;
  sayFold();
}

document.getElementById("again").addEventListener("click", again);
document.getElementById("curl").addEventListener("click", copy);
fold.addEventListener("click", foldAll);
place.addEventListener("toggle", sayFold, true);

const summaries = () => [...place.querySelectorAll("summary")];
const follow = (name) => {
  const link = document.getElementById(name);
  if (!link.hidden) link.click();
};

function open(opened) {
  const details = document.activeElement?.closest?.("#trace details");
  if (!details || document.activeElement.tagName !== "SUMMARY") return false;
  details.open = opened;
  return true;
}

keys([
  { keys: ["j", "ArrowDown"], says: "next step", act: () => void moveFocus(summaries(), 1) },
  { keys: ["k", "ArrowUp"], says: "step before", act: () => void moveFocus(summaries(), -1) },
  { keys: ["Enter"], says: "open or fold it", act: () => false },
  { keys: ["ArrowRight"], says: "open it", act: () => open(true) },
  { keys: ["ArrowLeft"], says: "fold it", act: () => open(false) },
  { keys: ["f"], says: "fold or unfold all steps", act: foldAll },
  { keys: ["r"], says: "run again, and compare", act: () => void again() },
  { keys: ["x"], says: "compare with another exchange", act: () => follow("compare") },
  { keys: ["t"], says: "try with this exchange", act: () => follow("try") },
  { keys: ["p"], says: "where it is paused: look, edit, go on", act: () => void document.querySelector("#pause:not([hidden]) a")?.click() },
  { keys: ["c"], says: "copy as curl", act: () => void copy() },
  { keys: ["d"], says: "download the trace", act: () => follow("download") },
  { keys: ["m"], says: "open in mitmweb", act: () => follow("flow") },
  { keys: ["Escape"], says: "back to the list", act: () => {
    location.assign(sessionStorage.getItem("list") ?? "/lockgate/");
  } },
]);

await load();
if (exchange && exchange.state !== "over") {
  const stop = listen(`/lockgate/api/live/${id}`, async (event) => {
    if (event.state === "forgotten") say("the exchange is forgotten", "bad");
    else await load();
    if (event.state !== "over" && event.state !== "forgotten") return;
    stop();
  }, (connected, why) => say(why, connected ? "" : "bad"));
}
