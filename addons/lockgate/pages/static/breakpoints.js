// Breakpoints: listed, set, switched and removed; and the exchanges that they hold.

import { attempt, element, get, patch, poll, post, remove, say } from "/lockgate/static/base.js";
import { keys } from "/lockgate/static/keys.js";
import { listen } from "/lockgate/static/live.js";
import { shown } from "/lockgate/static/texts.js";

/** In milliseconds: breakpoints may be set in mitmweb and by programs too. */
const LOOK_AGAIN = 5000;
const SOON = 10;

const form = document.getElementById("add");
const fields = form.elements;
const refusal = document.getElementById("refusal");
let ends = [];
/** What is shown, by place: it is drawn anew only where it changed. */
const drawn = new Map();

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  refusal.hidden = true;
  const value = Object.fromEntries(["api", "endpoint", "when", "link", "phase", "condition"].map((name) => [name, fields[name].value]));
  try {
    await post("/lockgate/api/breakpoints", { ...value, one_shot: fields.one_shot.checked });
  } catch (error) {
    refusal.textContent = error.message;
    refusal.hidden = false;
    return;
  }
  await attempt(showPoints);
  say("set", "good");
});

fields.link.addEventListener("change", () => {
  const phase = fields.link.selectedOptions[0]?.dataset.phase;
  if (phase) fields.phase.value = phase;
});
fields.phase.addEventListener("change", () => {
  const phase = fields.link.selectedOptions[0]?.dataset.phase;
  const wanted = fields.phase.value;
  if (!phase || wanted === "any" || wanted === phase) return;
  const twin = [...fields.link.options].find((one) => one.value === fields.link.value && one.dataset.phase === wanted);
  if (twin) twin.selected = true;
  else fields.link.value = "";
});

keys([
  { keys: ["n"], says: "add a breakpoint", act: () => fields.endpoint.focus() },
  { keys: ["o"], says: "open the exchange that has been paused longest", act: () => document.querySelector("#pauses a")?.click() },
  { keys: ["Escape"], says: "leave the field", typing: true, act: (event) => event.target.blur() },
]);

async function offer() {
  const { apis, links } = await get("/lockgate/api/choices");
  fields.api.append(...apis.map((api) => element("option", { value: api.id }, shown(api.name))));
  for (const [phase, names] of Object.entries(links)) {
    fields.link.append(element("optgroup", { label: phase }, names.map((name) =>
      element("option", { value: name, data: { phase } }, name))));
  }
  prefill(new URLSearchParams(location.search), apis);
}

/** From a link of another page: api, endpoint, link, phase, when. */
function prefill(asked, apis) {
  const named = asked.get("api");
  if (named) fields.api.value = apis.find((api) => api.id === named || api.name === named)?.id ?? "";
  for (const name of ["endpoint", "condition"]) fields[name].value = asked.get(name) ?? "";
  if (["before", "after"].includes(asked.get("when"))) fields.when.value = asked.get("when");
  const phase = asked.get("phase");
  if (phase && [...fields.phase.options].some((one) => one.value === phase)) fields.phase.value = phase;
  const options = [...fields.link.options].filter((one) => one.value && one.value === asked.get("link"));
  const option = options.find((one) => one.dataset.phase === phase) ?? options[0];
  if (option) option.selected = true;
  if (asked.get("api") || asked.get("link")) form.querySelector("button").focus();
}

/** Draws a table anew where what it shows changed; the focus stays in its row. */
function draw(place, shows, make) {
  const text = JSON.stringify(shows);
  if (drawn.get(place) === text) return;
  drawn.set(place, text);
  const focused = place.contains(document.activeElement) ? document.activeElement : null;
  const [row, name] = [focused?.closest("tr")?.dataset.id, focused?.localName];
  place.replaceChildren(make());
  if (!focused) return;
  const twin = row && place.querySelector(`tr[data-id="${CSS.escape(row)}"] ${name}`);
  // Never another row's button: whoever presses Enter twice would remove that one.
  (twin || place.querySelector("a, input"))?.focus();
}

async function showPoints() {
  const told = await get("/lockgate/api/breakpoints");
  const head = ["on", "API", "endpoint", "stops", "phase", "only if", "", "stopped", ""];
  draw(document.getElementById("points"), told.breakpoints, () => told.breakpoints.length
    ? element("table", {},
        element("thead", {}, element("tr", {}, head.map((title) => element("th", { scope: "col" }, title)))),
        element("tbody", {}, told.breakpoints.map(row)))
    : element("p", { class: "empty" }, "None is set. Exchanges pass."));
  const late = told.went_on_late ? `, ${told.went_on_late} went on by themselves` : "";
  const by = told.passed_by ? `, ${told.passed_by} passed because too many were paused` : "";
  document.getElementById("watchers").textContent =
    `Exchanges stop only while somebody looks at these pages or at mitmweb: ${told.watchers} now${late}${by}.`;
}

function row(point) {
  const api = [...fields.api.options].find((one) => one.value === point.api)?.textContent ?? point.api;
  const or = (text, otherwise) => (text ? element("code", {}, shown(text)) : element("span", { class: "faint" }, otherwise));
  const change = (event) => attempt(async () => {
    await patch(`/lockgate/api/breakpoints/${point.id}`, { enabled: event.target.checked });
    await showPoints();
  });
  const away = () => attempt(async () => {
    await remove(`/lockgate/api/breakpoints/${point.id}`);
    await showPoints();
  });
  return element("tr", { class: point.enabled ? null : "off", data: { id: point.id } },
    element("td", {}, element("input", { type: "checkbox", checked: point.enabled, onchange: change, "aria-label": `on: ${point.spec}` })),
    element("td", {}, point.api ? shown(api) : or("", "every API")),
    element("td", {}, or(point.endpoint, "every request")),
    element("td", {}, `${point.when} `, or(point.link, "every link")),
    element("td", {}, point.phase),
    element("td", {}, or(point.condition, "always")),
    element("td", { class: "faint" }, point.one_shot && "once"),
    element("td", { class: "hits" }, point.hits ? `${point.hits} ×` : "–"),
    element("td", {}, element("button", { type: "button", onclick: away, title: point.spec, "aria-label": `Remove ${point.spec}` }, "Remove")));
}

async function showPauses() {
  const { pauses } = await get("/lockgate/api/pauses");
  document.title = `${pauses.length ? `(${pauses.length}) ` : ""}Breakpoints · Lockgate`;
  ends = pauses.map((pause) => performance.now() + pause.seconds_left * 1000);
  const lasting = pauses.map((pause) => ({ ...pause, seconds_left: 0 }));
  draw(document.getElementById("pauses"), lasting, () => pauses.length
    ? element("table", { "aria-label": "Paused exchanges" }, element("tbody", {}, pauses.map(pauseRow)))
    : element("p", { class: "empty" }, "None now."));
  count();
}

function pauseRow(pause) {
  const href = `/lockgate/pauses/${pause.exchange}`;
  const opens = (event) => event.target.closest("a") || getSelection().toString() || location.assign(href);
  return element("tr", { onclick: opens, data: { id: pause.exchange } },
    element("td", {}, element("a", { href }, element("code", {}, shown(`${pause.method} ${pause.url}`)))),
    element("td", {}, shown(pause.api)),
    element("td", {}, `${pause.when} `, element("code", {}, pause.link), element("span", { class: "faint" }, ` ${pause.phase}`)),
    element("td", { class: "left", title: "until it goes on by itself" }));
}

function count() {
  document.querySelectorAll("#pauses td.left").forEach((cell, index) => {
    const left = Math.max(0, Math.ceil((ends[index] - performance.now()) / 1000));
    cell.textContent = `${left} s`;
    cell.classList.toggle("soon", left <= SOON);
  });
}

async function look() {
  await Promise.all([showPoints(), showPauses()]);
}

await attempt(offer);
await attempt(look);
// Whoever listens counts as somebody who looks.
listen("/lockgate/api/live?filter=outcome:paused", () => look().catch(() => {}), (there, why) => say(why, there ? "" : "bad"));
setInterval(count, 250);
poll(look, () => true, LOOK_AGAIN);
