// The list of exchanges: never more rows than one page of them, the newest first, kept up to date.

import { Refused, element, get, say } from "/lockgate/static/base.js";
import { keys, moveFocus } from "/lockgate/static/keys.js";
import { listen } from "/lockgate/static/live.js";
import { shown } from "/lockgate/static/texts.js";
import { duration } from "/lockgate/static/timeline.js";

const ROWS = 100;
/** Until rows that could not be had are asked for again, in milliseconds. */
const AGAIN_AFTER = 2000;
const KINDS = { error: "bad", failed: "bad", reject: "bad", respond: "good", loop: "", edited: "warn", passed: "faint",
  paused: "warn", "under way": "faint" };
const field = document.getElementById("filter");
const wrong = document.getElementById("wrong");
const table = document.querySelector("#exchanges tbody");
const counts = document.getElementById("counts");
const none = document.getElementById("none");
const older = document.getElementById("older");
const newest = document.getElementById("newest");
const hold = document.getElementById("hold");
const controls = [...document.querySelectorAll("[data-word]")];

/** Rows on the page, by id. */
const rows = new Map();
/** The number before which the page begins; null on the first one. */
let before = null;
let next = null;
let asked = 0;
let held = false;
let stop = () => {};
let known = { kept: 0, dropped: 0, paused: [] };
/** The exchange that another one is to be compared with. */
let marked = "";
/** What is told while a button of the mouse is down waits, so that a row is not changed between its halves of a click. */
let pressed = false;
const untold = [];

const address = (path, values) => {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== "" && value != null));
  return query.size ? `${path}?${query}` : path;
};

// Rows

function rowElement(row) {
  const time = new Date(row.at);
  const clock = `${time.toLocaleTimeString([], { hour12: false })}.${String(time.getMilliseconds()).padStart(3, "0")}`;
  const link = element("a", { href: `/lockgate/exchanges/${row.id}`, title: row.host }, shown(row.target));
  const state = row.status >= 500 ? "bad" : row.status >= 400 ? "warn" : row.status ? "good" : "faint";
  const classes = [row.state === "paused" && "paused", row.id === marked && "marked"].filter(Boolean).join(" ");
  const made = element("tr", { class: classes || null, data: { id: row.id, number: row.number } },
    element("td", {}, String(row.number)), element("td", { title: row.at }, clock), element("td", {}, shown(row.method)),
    element("td", {}, link), element("td", {}, shown(row.api), row.passes > 1 && element("span", { class: "faint" }, ` (pass ${row.passes})`)),
    element("td", { title: row.endpoint }, shown(row.endpoint)),
    element("td", { class: state }, row.status === null ? "" : String(row.status)),
    element("td", { title: row.what }, row.outcomes.map((word) => element("span", { class: `tag ${KINDS[word] ?? ""}` }, word)),
      element("span", { class: "faint" }, shown(row.what))),
    element("td", {}, row.state === "over" ? duration(row.us) : ""));
  made.addEventListener("click", (event) => {
    if (!event.target.closest("a") && !getSelection().toString()) link.click();
  });
  return made;
}

function put(row) {
  const made = rowElement(row);
  const present = rows.get(row.id);
  rows.set(row.id, made);
  if (present) {
    const focused = present.contains(document.activeElement);
    if (present.dataset.number === made.dataset.number) {
      present.replaceWith(made);
      if (focused) made.querySelector("a").focus({ preventScroll: true });
      return;
    }
    present.remove();
  }
  const below = [...table.children].find((one) => Number(one.dataset.number) < row.number);
  table.insertBefore(made, below ?? null);
}

/** Takes the oldest rows away that no longer fit; they are asked for again by "older". */
function trim() {
  while (table.children.length > ROWS) {
    const last = table.lastElementChild;
    rows.delete(last.dataset.id);
    last.remove();
    next = Number(table.lastElementChild.dataset.number);
  }
}

function showCounts() {
  const { kept, dropped, paused } = known;
  const parts = [`${kept.toLocaleString()} kept`];
  if (dropped) parts.push(` · ${dropped.toLocaleString()} older ${dropped === 1 ? "one" : "ones"} forgotten`);
  if (paused.length) parts.push(" · ", element("a", { href: "/lockgate/breakpoints" }, `${paused.length} paused`));
  if (held) parts.push(" · held");
  if (before !== null) parts.push(" · an older page, which stands still");
  // Only what changed is put there: a link keeps its focus, and nothing is read out again.
  const told = element("span", {}, parts);
  if (told.textContent !== counts.textContent) counts.replaceChildren(...told.childNodes);
  older.disabled = next === null;
  newest.disabled = before === null;
  none.hidden = rows.size > 0;
  none.textContent = field.value.trim() ? "No exchange is as the filter says." : "Nothing came yet. Send a request through the gateway.";
}

// Questions

/** Asks for a page of rows; an answer that another question overtook is not shown. */
async function load({ focus = "" } = {}) {
  const mine = ++asked;
  const filter = field.value.trim();
  const found = [];
  let from = before;
  let looked = 0;
  let since = null;
  try {
    do {
      const answer = await get(address("/lockgate/api/exchanges", { filter, before: from, limit: ROWS - found.length }));
      if (mine !== asked) return;
      found.push(...answer.rows);
      from = answer.next;
      looked += answer.looked_at;
      since ??= answer.changes;
      known = answer;
      if (from !== null && found.length < ROWS) say(`looked at ${looked.toLocaleString()} exchanges …`);
    } while (from !== null && found.length < ROWS);
  } catch (error) {
    if (mine !== asked || !(error instanceof Refused)) throw error;
    if (error.status === 400) complain(error.message);
    else {
      say(error.message, "bad");
      setTimeout(() => mine === asked && load({ focus }), AGAIN_AFTER);
    }
    return;
  }
  complain("");
  say("");
  sessionStorage.setItem("list", here());
  next = from;
  const focused = document.activeElement?.closest?.("#exchanges tbody tr")?.dataset.id;
  rows.clear();
  table.replaceChildren(...found.map((row) => {
    const made = rowElement(row);
    rows.set(row.id, made);
    return made;
  }));
  if (focus === "first") table.querySelector("a")?.focus();
  else if (focus) focusOn(rows.get(focus));
  else rows.get(focused)?.querySelector("a").focus({ preventScroll: true });
  showCounts();
  follow(since);
}

function focusOn(row) {
  row?.querySelector("a").focus({ preventScroll: true });
  row?.scrollIntoView({ block: "nearest" });
}

function complain(message) {
  wrong.textContent = message ? `${message}.` : "";
  wrong.hidden = !message;
  field.setAttribute("aria-invalid", String(Boolean(message)));
  if (message) stop();
}

/**
 * Keeps the first page up to date, from the changes that it was made with on. The others stand still, but the connection
 * stays: it is what pauses wait for.
 */
function follow(since) {
  stop();
  untold.length = 0;
  stop = listen(
    address("/lockgate/api/live", { filter: field.value.trim(), since }),
    (event) => (pressed ? void untold.push(event) : take(event)),
    (connected, why) => say(why, connected ? "" : "bad"),
  );
}

function take(event) {
  // Another gateway than before: whatever is here was that one's.
  if (event.run !== known.run) return void load();
  known = event;
  if (before === null && !held) {
    if (event.more) return void load();
    for (const id of event.gone) {
      rows.get(id)?.remove();
      rows.delete(id);
    }
    const newestFirst = event.rows.toReversed();
    const oldest = Number(table.lastElementChild?.dataset.number ?? 0);
    for (const row of newestFirst) if (rows.has(row.id) || next === null || row.number > oldest) put(row);
    trim();
  } else for (const row of event.rows) if (rows.has(row.id)) put(row);
  showCounts();
}

table.addEventListener("pointerdown", () => {
  pressed = true;
});
for (const name of ["pointerup", "pointercancel", "dragend"]) {
  addEventListener(name, () => setTimeout(() => {
    pressed = false;
    for (const event of untold.splice(0)) take(event);
  }));
}

const here = () => address("/lockgate/", { filter: field.value.trim(), before });

/** Shows another page of the list; the way back leads to this one. */
function turn(number, focus = "") {
  before = number;
  history.pushState(null, "", here());
  return load({ focus });
}

/** What the address says. */
function readAddress() {
  const asked = new URLSearchParams(location.search);
  field.value = asked.get("filter") ?? "";
  before = /^[1-9]\d{0,14}$/u.test(asked.get("before") ?? "") ? Number(asked.get("before")) : null;
  readControls();
}

addEventListener("popstate", () => {
  readAddress();
  load();
});

/** The first time marks an exchange, the second time compares it with another one. */
function compare() {
  const row = document.activeElement?.closest?.("#exchanges tbody tr");
  if (!row) return say("go to an exchange first", "bad");
  const { id } = row.dataset;
  if (marked && marked !== id) return location.assign(address("/lockgate/compare", { before: marked, after: id }));
  marked = marked ? "" : id;
  row.classList.toggle("marked", marked === id);
  return say(marked ? "marked: c on another one compares both" : "");
}

// The filter line and its controls say the same

const WORD = /(-?)([A-Za-z_]+:)?((?:"(?:[^"\\]|\\.)*"|[^\s"])+)/gu;
const quoted = (value) => (/[\s",]/u.test(value) ? `"${value.replace(/["\\]/gu, "\\$&")}"` : value);
const plain = (value) => (value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/gu, "$1") : value);

function readControls() {
  const words = [...field.value.matchAll(WORD)];
  for (const control of controls) {
    const name = `${control.dataset.word}:`;
    const mine = words.filter(([, not, word]) => !not && word === name);
    const value = mine.length === 1 ? plain(mine[0][3]) : "";
    control.value = value;
    if (control.value !== value) control.value = "";
  }
}

function writeControl(control) {
  const name = `${control.dataset.word}:`;
  const kept = [...field.value.matchAll(WORD)].filter(([, not, word]) => not || word !== name).map(([whole]) => whole);
  const value = control.value.trim();
  if (value) kept.push(`${name}${quoted(value)}`);
  field.value = kept.join(" ");
  changed();
}

let waiting = 0;
function changed(wait = 0) {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    before = null;
    history.replaceState(null, "", here());
    load();
  }, wait);
}

field.addEventListener("input", () => {
  readControls();
  changed(250);
});
for (const control of controls) control.addEventListener("change", () => writeControl(control));
document.getElementById("filters").addEventListener("submit", (event) => {
  event.preventDefault();
  changed();
});

function clear() {
  field.value = "";
  readControls();
  changed();
}

function toggleHold() {
  held = !held;
  hold.setAttribute("aria-pressed", String(held));
  if (held) showCounts();
  else load();
}

document.getElementById("clear").addEventListener("click", clear);
hold.addEventListener("click", toggleHold);
older.addEventListener("click", () => next !== null && turn(next));
newest.addEventListener("click", () => turn(null));

const links = () => [...table.querySelectorAll("a")];

keys([
  { keys: ["j", "ArrowDown"], says: "next exchange", act: () => {
    const all = links();
    if (all.length && document.activeElement === all.at(-1) && next !== null) turn(next, "first");
    else moveFocus(all, 1);
  } },
  { keys: ["k", "ArrowUp"], says: "exchange before", act: () => void moveFocus(links(), -1) },
  { keys: ["Enter"], says: "open it", act: () => false },
  { keys: ["/"], says: "filter", act: () => field.select() },
  { keys: ["Escape"], says: "leave the filter; then clear it", typing: true, act: () => {
    if (document.activeElement !== document.body && document.activeElement.closest("form")) document.activeElement.blur();
    else if (field.value) clear();
  } },
  { keys: ["n"], says: "older ones", act: () => void (next !== null && turn(next, "first")) },
  { keys: ["g"], says: "newest ones", act: () => void turn(null, "first") },
  { keys: ["p"], says: "hold the list, or let it go on", act: toggleHold },
  { keys: ["c"], says: "mark it; then compare another one with it", act: () => void compare() },
  { keys: ["b"], says: "breakpoints", act: () => void location.assign("/lockgate/breakpoints") },
]);

readAddress();
const opened = sessionStorage.getItem("opened") ?? "";
sessionStorage.removeItem("opened");
await load({ focus: opened });
