// An exchange that stands at a breakpoint: looked at, changed, and let go. As long as this page is open, somebody looks.
// What is edited are true values, secrets too; they are neither kept nor put anywhere but into fields.

import { attempt, element, get, poll, post, Refused, say } from "/lockgate/static/base.js";
import { keys } from "/lockgate/static/keys.js";
import { listen } from "/lockgate/static/live.js";
import { pretty, shown } from "/lockgate/static/texts.js";
import { renderTrace } from "/lockgate/static/timeline.js";

/** When to look for the next stop after a step, in milliseconds. */
const SOON_AGAIN = [30, 80, 180, 400, 900];
const LOOK_AGAIN = 3000;
const LAST_SECONDS = 10;
/** A pause that ended by itself is noticed this many seconds around its end. */
const ABOUT = 1.5;

const id = document.getElementById("pause").dataset.exchange;
const form = document.getElementById("message");
const answer = document.getElementById("answer");
const actions = document.getElementById("actions");
const folds = new Map();
/** Key of the step that was unfolded because it was the last one. */
let unfolded = "";
/** Written by the gateway where bytes are. */
const FRAMING = ["content-length", "transfer-encoding"];
const FIELDS = { request: ["method", "url", "host", "headers", "body"], response: ["status", "headers", "body"] };

let pause = null;
let clock = { end: 0, all: 1 };
/** What this page decided last, until the next stop. */
let decided = "";
let over = false;
/** Whether there is an exchange, and something to be done with it. */
let isKept = true;
/** Values of the fields as they were shown, by name. */
let original = {};
let looking = false;

// What the gateway knows

async function look() {
  if (looking || over) return;
  looking = true;
  try {
    const found = await get(`/lockgate/api/pauses/${id}`);
    if (!pause || pause.began !== found.began) stopped(found);
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 404) throw error;
    await gone();
  } finally {
    looking = false;
  }
}

function stopped(found) {
  pause = found;
  decided = "";
  setBusy(false);
  news("");
  clock = { end: performance.now() + found.seconds_left * 1000, all: found.seconds_left * 1000 };
  document.title = `Paused ${found.when} ${found.link} · Lockgate`;
  document.getElementById("where").replaceChildren(`Paused ${found.when} `, element("code", {}, found.link));
  what(`${found.phase} phase · ${found.api} · ${found.method} ${found.url}`);
  setPaused(true);
  fill(found);
  closeAnswer();
  const where = { phase: found.phase, link: found.link, when: found.when };
  drawTrace(found.trace, { sources: found.sources, pause: where, underWay: true });
  tick();
}

/** It is not stopped: it goes on, is over, or nobody knows it any longer. */
async function gone() {
  let told;
  try {
    told = await get(`/lockgate/api/exchanges/${id}`);
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 404) throw error;
    over = true;
    isKept = false;
    pause = null;
    setPaused(false);
    title("Not here");
    news(`${error.message}.`);
    return;
  }
  if (told.state === "paused") return;
  const was = pause;
  pause = null;
  over = told.state === "over";
  setPaused(false);
  const { original: request, answer: given } = told.trace;
  what(`${request.method} ${request.target}`);
  title(over ? (given ? `Over: ${given.status}` : "Over: no answer") : "Under way …");
  if (was || decided) news(ending(was, told), decided || !was ? "" : "warn");
  else if (!document.getElementById("news").textContent)
    news(over ? "This exchange is over; it does not stand at a breakpoint." : "This exchange is under way; it does not stand at a breakpoint.");
  drawTrace(told.trace, { sources: told.sources, leftOut: told.left_out, underWay: !over });
}

function ending(was, told) {
  if (decided === "drop") return "Dropped: the client's connection ends without an answer of the upstream.";
  if (decided === "answer") return "Answered: the client has what you gave.";
  if (decided) return decided === "step" ? "It went on, and did not stop again." : "Resumed.";
  const left = (clock.end - performance.now()) / 1000;
  const gave = told.trace.answer ? ` The answer is ${told.trace.answer.status}.` : "";
  if (told.trace.error) return `It ended while it was paused ${was.when} ${was.link}: ${told.trace.error}.`;
  if (told.trace.steps.at(-1)?.outcome === "dropped") return `It was dropped ${was.when} ${was.link}, not by this page.`;
  if (left < ABOUT) return `Nobody decided in time: it went on by itself from ${was.when} ${was.link}.${gave}`;
  return `It was resumed elsewhere, in mitmweb or on another page.${gave}`;
}

function title(text) {
  document.getElementById("where").textContent = text;
  document.title = `${text} · Lockgate`;
}

function what(text) {
  document.getElementById("what").replaceChildren(
    ...shown(text), " · ", element("a", { href: `/lockgate/exchanges/${id}` }, id));
}

function news(text, kind = "") {
  const place = document.getElementById("news");
  place.hidden = !text;
  place.className = `panel ${kind}`;
  place.replaceChildren(...(text ? shown(text) : []));
  if (text && isKept && over && pause === null) place.append(element("div", { class: "row" },
    element("button", { type: "button", onclick: () => attempt(runAgain) }, "Run again and compare"),
    element("a", { href: `/lockgate/exchanges/${id}` }, "Its trace"),
    element("a", { href: "/lockgate/breakpoints" }, "Breakpoints")));
}

async function runAgain() {
  say("running again …");
  const made = await post(`/lockgate/api/exchanges/${id}/again`);
  location.href = made.paused ? `/lockgate/pauses/${made.after}` : made.address;
}

function setPaused(paused) {
  document.getElementById("stand").classList.toggle("paused", paused);
  for (const part of ["clock", "actions", "editing"]) document.getElementById(part).hidden = !paused;
}

function drawTrace(plain, options) {
  if (unfolded) folds.delete(unfolded);
  const last = plain.steps.length - 1;
  unfolded = options.pause && plain.steps[last]?.changes.length && !folds.has(`step ${last}`) ? `step ${last}` : "";
  if (unfolded) folds.set(unfolded, true);
  const made = renderTrace(plain, { ...options, folds, breakHere: true });
  const place = document.getElementById("trace");
  place.replaceChildren(made);
  // Where the trace is below the message, nobody is taken away from what they write.
  const beside = place.getBoundingClientRect().left > document.getElementById("editing").getBoundingClientRect().right;
  if (beside) place.querySelector(".pause")?.scrollIntoView({ block: "nearest" });
}

function tick() {
  if (!pause) return;
  const left = Math.max(0, clock.end - performance.now());
  document.getElementById("left").textContent = `${Math.ceil(left / 1000)} s`;
  document.getElementById("bar").value = left / clock.all;
  document.getElementById("clock").classList.toggle("soon", left < LAST_SECONDS * 1000);
  if (left === 0) attempt(look);
}

// The message

function fill(found) {
  const kind = found.editable;
  const message = found[kind];
  document.getElementById("message-title").textContent = kind === "request" ? "Request, as it is now" : "Response, as it is now";
  for (const row of form.querySelectorAll(".of-request")) row.hidden = kind !== "request";
  for (const row of form.querySelectorAll(".of-response")) row.hidden = kind !== "response";
  const own = message.headers.filter(([name]) => !FRAMING.includes(name.toLowerCase()));
  document.getElementById("framing").textContent =
    own.length < message.headers.length ? "· its length is written by the gateway" : "";
  const values = {
    ...Object.fromEntries(FIELDS[kind].map((name) => [name, String(message[name] ?? "")])),
    headers: lines(own),
    body: message.body ?? "",
  };
  original = {};
  for (const [name, value] of Object.entries(values)) {
    const field = form.elements[name];
    field.value = value;
    // As the field gives it back: it has its own ends of lines.
    original[name] = field.value;
  }
  form.elements.headers.rows = Math.min(14, Math.max(3, own.length + 1));
  const binary = message.body_base64 !== undefined;
  const held = message.body !== undefined;
  form.elements.body.disabled = !held;
  form.elements.body.hidden = !held;
  const rows = original.body.split("\n").reduce((sum, line) => sum + 1 + Math.floor(line.length / 80), 1);
  form.elements.body.rows = Math.min(24, Math.max(4, rows));
  const size = message.body_size === undefined ? "" : `${message.body_size.toLocaleString("en")} bytes`;
  const coded = message.body_encoding ? `, shown without ${message.body_encoding}` : "";
  const note = binary ? "no text: it cannot be edited here" : (message.body_note ?? "");
  document.getElementById("body-note").textContent = [size + coded, note].filter(Boolean).join(" · ");
  document.getElementById("pretty").hidden = !held || pretty(values.body) === values.body;
  const noted = document.getElementById("noted");
  const rewritten = kind === "request" && (message.rewritten || message.to_method);
  noted.hidden = !rewritten;
  if (rewritten) {
    const parts = [message.rewritten && `the URL ${message.rewritten}`, message.to_method && `the method ${message.to_method}`];
    noted.replaceChildren("Links noted for the upstream: ", ...shown(parts.filter(Boolean).join(", ")), ". A change here counts instead.");
  }
  refuse(form, "");
  mark();
}

const edited = () => Object.keys(original).filter((name) => form.elements[name].value !== original[name]);

function mark() {
  const names = edited();
  for (const name of Object.keys(original)) form.elements[name].classList.toggle("edited", names.includes(name));
  document.getElementById("undo").disabled = !names.length;
  document.getElementById("changed").textContent = names.length ? `changed: ${names.join(", ")}` : "";
}

/** What was changed, as the gateway takes it. */
function edit() {
  const made = {};
  for (const name of edited()) made[name] = given(name, form.elements[name].value, pause[pause.editable].body);
  return made;
}

class FieldError extends Error {
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

function given(name, text, before = "") {
  if (name === "status") {
    if (!/^\d{3}$/.test(text.trim())) throw new FieldError("status", `expected three digits, found ${JSON.stringify(text)}`);
    return Number(text);
  }
  if (name === "headers") return headers(text);
  // A text field has "\n" for every end of a line.
  if (name === "body" && before.includes("\r\n") && !/(^|[^\r])\n/.test(before)) return text.replaceAll("\n", "\r\n");
  return text;
}

const lines = (fields) => fields.map(([name, value]) => `${name}: ${value}`).join("\n");

function headers(text) {
  return text.split("\n").flatMap((line, index) => {
    if (!line.trim()) return [];
    const colon = line.indexOf(":");
    if (colon < 1) throw new FieldError("headers", `line ${index + 1}: expected "Name: value", found ${JSON.stringify(line)}`);
    return [[line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")]];
  });
}

/** Says beside a field why it was refused; "" takes it away. */
function refuse(of, text, field = "") {
  for (const place of of.querySelectorAll(".refusal")) {
    place.hidden = !text || place.dataset.for !== field;
    place.textContent = place.hidden ? "" : text;
  }
  for (const one of of.elements) one.setAttribute("aria-invalid", String(Boolean(text) && one.name === field && field !== ""));
  if (text && field) of.elements[field]?.focus();
}

/** Which field a refusal of the gateway is about. */
function fieldOf(text, names) {
  const about = [
    ["headers", /header/i], ["body", /body|base64|encoding/i], ["host", /\bhost\b/i], ["status", /status/i],
    ["method", /a method/i], ["url", /path|target|query|url|escape|'#'/i],
  ];
  return about.find(([name, pattern]) => names.includes(name) && pattern.test(text))?.[0] ?? "";
}

// Decisions

async function decide(action, of, make) {
  if (!pause) return;
  let body;
  try {
    body = { action, ...make() };
    refuse(of, "");
    // Before it is sent: the next stop may be shown before the answer is here.
    decided = action;
    setBusy(true);
    await post(`/lockgate/api/pauses/${id}`, body);
  } catch (error) {
    decided = "";
    setBusy(false);
    if (error instanceof FieldError) return refuse(of, error.message, error.field);
    if (error instanceof Refused && error.status === 400) {
      const names = [...of.elements].map((one) => one.name).filter(Boolean);
      return refuse(of, error.message, fieldOf(error.message, names));
    }
    if (error instanceof Refused && error.status === 404) return attempt(look);
    throw error;
  }
  for (const wait of SOON_AGAIN) {
    await new Promise((done) => setTimeout(done, wait));
    await attempt(look);
    if (!decided || over) break;
  }
  setBusy(false);
}

function setBusy(busy) {
  for (const button of actions.querySelectorAll("button")) button.disabled = busy;
}

const withEdit = () => {
  const made = edit();
  return Object.keys(made).length ? { edit: made } : {};
};

const ACTIONS = {
  step: () => decide("step", form, withEdit),
  resume: () => decide("resume", form, withEdit),
  answer: () => (answer.hidden ? openAnswer() : closeAnswer()),
  drop: () => decide("drop", form, () => ({})),
};

function openAnswer() {
  const response = pause.response;
  if (response && !answer.dataset.filled) {
    answer.elements.status.value = String(response.status);
    answer.elements.headers.value = lines(response.headers.filter(([name]) => !FRAMING.includes(name.toLowerCase())));
    answer.elements.body.value = response.body ?? "";
    answer.dataset.filled = "yes";
  }
  answer.hidden = false;
  actions.querySelector("[data-action=answer]").setAttribute("aria-expanded", "true");
  answer.elements.status.select();
}

function closeAnswer() {
  answer.hidden = true;
  delete answer.dataset.filled;
  actions.querySelector("[data-action=answer]").setAttribute("aria-expanded", "false");
}

function sendAnswer() {
  return decide("answer", answer, () => ({
    response: {
      status: given("status", answer.elements.status.value),
      headers: headers(answer.elements.headers.value),
      body: answer.elements.body.value,
    },
  }));
}

for (const button of actions.querySelectorAll("button"))
  button.addEventListener("click", () => attempt(ACTIONS[button.dataset.action]));
answer.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(sendAnswer);
});
document.getElementById("no-answer").addEventListener("click", closeAnswer);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", mark);
document.getElementById("undo").addEventListener("click", () => {
  for (const [name, value] of Object.entries(original)) form.elements[name].value = value;
  refuse(form, "");
  mark();
});
document.getElementById("pretty").addEventListener("click", () => {
  form.elements.body.value = pretty(form.elements.body.value);
  mark();
});

const press = (action) => (event) => {
  const button = actions.querySelector(`[data-action=${action}]`);
  if (!pause || event.repeat || button.disabled) return false;
  return void attempt(ACTIONS[action]);
};
keys([
  { keys: ["s"], says: "step: go on to the next link", act: press("step") },
  { keys: ["r"], says: "resume", act: press("resume") },
  { keys: ["a"], says: "answer the client now", act: press("answer") },
  { keys: ["d"], says: "drop it", act: press("drop") },
  { keys: ["b"], says: "breakpoints, and what else is paused", act: () => void location.assign("/lockgate/breakpoints") },
  {
    keys: ["Escape"],
    says: "leave the field",
    typing: true,
    act: (event) => {
      if (!answer.hidden) closeAnswer();
      event.target.blur();
    },
  },
]);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !pause) return;
  event.preventDefault();
  attempt(answer.contains(event.target) ? sendAnswer : ACTIONS.step);
});

await attempt(look);
// Whoever listens counts as somebody who looks.
const close = listen(`/lockgate/api/live/${id}`, () => {
  if (over) close();
  else look().catch(() => {});
}, (there, why) => (over ? close() : say(why, there ? "" : "bad")));
setInterval(tick, 250);
poll(look, () => !over, LOOK_AGAIN);
window.addEventListener("beforeunload", (event) => {
  if (pause && edited().length) event.preventDefault();
});
