// Two exchanges beside each other. What is compared, and what does not count, is decided by the gateway.

import { attempt, element, get, post, say } from "/lockgate/static/base.js";
import { keys } from "/lockgate/static/keys.js";
import { shown } from "/lockgate/static/texts.js";
import { duration } from "/lockgate/static/timeline.js";

/** Until the later exchange is asked for again, in milliseconds, while it is under way. */
const AGAIN_AFTER = 500;
/** Exchanges to choose from. */
const OFFERED = 50;

const form = document.getElementById("pick");
const place = document.getElementById("comparison");
const asked = new URLSearchParams(location.search);
const off = new Set((asked.get("off") ?? "").split(",").filter(Boolean));
const ignored = new Set(asked.getAll("ignore"));
const open = new Set();
let later = 0;
let last = "";

form.before.value = asked.get("before") ?? "";
form.after.value = asked.get("after") ?? "";
form.addEventListener("submit", (event) => {
  event.preventDefault();
  go(form.before.value.trim(), form.after.value.trim());
});
document.getElementById("swap").addEventListener("click", () => go(form.after.value.trim(), form.before.value.trim()));
const again = document.getElementById("again");
again.addEventListener("click", () => attempt(runAgain));

keys([
  { keys: ["n", "j"], says: "next difference", act: () => step(1) },
  { keys: ["p", "k"], says: "difference before", act: () => step(-1) },
  { keys: ["r"], says: "run the earlier request again, and compare with that", act: () => (again.disabled ? false : void attempt(runAgain)) },
]);

function go(before, after) {
  const url = new URL(location.href);
  url.search = query(before, after);
  form.before.value = before;
  form.after.value = after;
  if (url.href === location.href) return attempt(load);
  history.pushState(null, "", url);
  open.clear();
  return attempt(load);
}

function query(before, after) {
  const made = new URLSearchParams({ before, after });
  if (off.size) made.set("off", [...off].join(","));
  for (const rule of ignored) made.append("ignore", rule);
  return made;
}
addEventListener("popstate", () => location.reload());

async function runAgain() {
  again.disabled = true;
  say("running again …");
  try {
    const made = await post(`/lockgate/api/exchanges/${encodeURIComponent(form.before.value)}/again`);
    await go(made.before, made.after);
  } finally {
    again.disabled = false;
  }
}

async function load() {
  clearTimeout(later);
  const [before, after] = [form.before.value, form.after.value];
  if (!before || !after) return offer();
  let found;
  try {
    found = await get(`/lockgate/api/compare?${query(before, after)}`);
  } catch (error) {
    if (error.status === 404) {
      // What stands there is of other exchanges.
      last = "";
      again.disabled = true;
      document.title = "Comparison · Lockgate";
      place.replaceChildren(element("p", { class: "bad" }, error.message));
    }
    throw error;
  }
  if (before !== form.before.value || after !== form.after.value) return undefined; // another question overtook it
  again.disabled = false;
  if (!found.after.over || !found.before.over) later = setTimeout(() => attempt(load), AGAIN_AFTER);
  const text = JSON.stringify(found);
  if (text === last) return undefined;
  last = text;
  return show(found);
}

/** Exchanges to choose the missing one from. */
async function offer() {
  const { rows } = await get(`/lockgate/api/exchanges?limit=${OFFERED}`);
  const [before, after] = [form.before.value, form.after.value];
  if (before && after) return;
  const chosen = before || after;
  const missing = before ? "after" : "before";
  const others = rows.filter((row) => row.id !== chosen);
  const line = (row) => {
    const href = `?${before ? query(before, row.id) : query(row.id, after)}`;
    const pick = (event) => {
      event.preventDefault();
      if (before) go(before, row.id);
      else go(row.id, after);
    };
    return element("tr", {},
      element("td", {}, element("a", { href, onclick: pick }, element("code", {}, shown(`${row.method} ${row.target}`)))),
      element("td", {}, row.status === null ? "" : String(row.status)),
      element("td", {}, shown(row.api)),
      element("td", { class: "faint" }, time(row.at)));
  };
  place.replaceChildren(...(others.length
    ? [element("p", { class: "faint" }, `Choose the exchange that is to be "${missing}", or give its id. The newest are:`),
        element("table", { class: "offered" }, element("tbody", {}, others.map(line)))]
    : [element("p", { class: "faint" }, "There is no other exchange yet. Send a request through the gateway.")]));
}

function show(found) {
  const focused = document.activeElement?.closest?.("#comparison .verdict input")?.name;
  const inside = place.contains(document.activeElement);
  document.title = `${found.different} different · Lockgate`;
  place.replaceChildren(
    element("div", { class: "heads" }, head("before", found, found.before), head("after", found, found.after)),
    verdict(found),
    ...found.messages.map(message),
    steps(found.steps),
  );
  if (focused) place.querySelector(`.verdict input[name="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  else if (inside) document.getElementById("verdict").focus({ preventScroll: true });
}

function head(label, found, exchange) {
  const request = found.messages.find((one) => one.name === "request");
  const line = (name) => request?.rows.find((row) => row.kind === "line" && row.name === name)?.[label] ?? "";
  const status = exchange.status ?? (exchange.over ? "no answer" : "no answer yet");
  const waits = exchange.paused
    ? ["stands at a breakpoint: ", element("a", { href: `/lockgate/pauses/${exchange.id}` }, "look at it")]
    : exchange.over ? [] : ["still under way …"];
  return element(
    "div",
    { class: "panel", id: waits.length ? "waits" : null },
    element("div", {},
      element("span", { class: "label" }, label),
      element("code", {}, shown(`${line("method")} ${line("target")}`)), " → ",
      element("strong", { class: exchange.status === null || exchange.status >= 400 ? "bad" : "good" }, String(status))),
    element("div", { class: "faint" },
      element("span", { class: "label" }),
      element("a", { href: `/lockgate/exchanges/${exchange.id}` }, exchange.id),
      ` · ${exchange.api || "no API"} · definitions generation ${exchange.generation} · ${time(exchange.received_at)}`,
      ` · ${duration(exchange.elapsed_us)}`),
    waits.length > 0 && element("div", { class: "warn" }, element("span", { class: "label" }), waits),
  );
}

const time = (text) => new Date(text).toLocaleTimeString([], { hour12: false });

function verdict(found) {
  const count = found.different;
  const says = count === 0 ? "Nothing is different" : count === 1 ? "1 difference" : `${count} differences`;
  const apart = found.ignored ? `, ${found.ignored} not counted` : "";
  const rules = found.rules.map((rule) =>
    element("label", {},
      element("input", {
        type: "checkbox",
        name: rule.name,
        checked: rule.on,
        onchange: (event) => {
          if (event.target.checked) off.delete(rule.name);
          else off.add(rule.name);
          go(form.before.value, form.after.value);
        },
      }),
      ` ignore ${rule.says}`));
  const own = [...ignored].map((rule) =>
    element("button", {
      type: "button",
      class: "chip",
      title: "count it again",
      onclick: () => {
        ignored.delete(rule);
        go(form.before.value, form.after.value);
      },
    }, "ignored: ", shown(rule), " ×"));
  return element(
    "div",
    { class: "verdict row" },
    element("strong", { class: count ? "warn" : "good", id: "verdict", tabindex: "-1" }, says + apart),
    count > 0 && element("span", { class: "faint" }, element("kbd", {}, "n"), " ", element("kbd", {}, "p"), " next, previous"),
    element("span", { class: "rules" }, own, rules),
  );
}

function message(one) {
  const counts = one.missing
    ? `${one.missing === "before" ? "only after" : "only before"}`
    : one.different ? `${one.different} different` : "equal";
  const kind = one.different ? "warn" : "faint";
  const heading = element("h2", {}, one.title, element("span", { class: `count ${kind}` }, counts),
    one.ignored > 0 && element("span", { class: "count faint" }, `${one.ignored} not counted`));
  const section = element("section", { class: "message", data: { message: one.name } }, heading);
  const key = `all of ${one.name}`;
  if (one.different || open.has(key)) {
    section.append(...table(one));
    return section;
  }
  const button = element("button", { type: "button", class: "gap" }, "show");
  button.addEventListener("click", () => {
    open.add(key);
    button.remove();
    section.append(...table(one));
  });
  heading.append(button);
  return section;
}

function table(one) {
  const body = element("tbody");
  let group = "";
  for (const run of runs(one.rows)) {
    const name = run.rows[0].kind === "text" || run.rows[0].kind === "body" || run.rows[0].kind === "value" ? "body" : "";
    if (name !== group && name) body.append(element("tr", { class: "group" }, element("td", { colspan: "3" }, name)));
    group = name;
    if (run.same && run.rows.length > 1) fold(body, `${one.name} ${run.start}`, run.rows, name);
    else body.append(...run.rows.map(pair));
  }
  const titles = ["before", "after"].map((title) => element("th", { scope: "col" }, title));
  return [
    element("table", { class: "pairs" },
      element("thead", {}, element("tr", {}, element("th", { class: "what" }), titles)), body),
    one.cut > 0 && element("p", { class: "faint" }, `${one.cut} more rows are not shown`),
  ].filter(Boolean);
}

/** Rows in runs of equal and of different ones; a run does not reach from the head into the body. */
function runs(rows) {
  const made = [];
  rows.forEach((row, index) => {
    const current = made.at(-1);
    const ofBody = ["text", "body", "value"].includes(row.kind);
    if (current && current.same === row.same && current.ofBody === ofBody) current.rows.push(row);
    else made.push({ same: row.same, ofBody, rows: [row], start: index });
  });
  return made;
}

function fold(body, key, rows, what) {
  if (open.has(key)) {
    body.append(...rows.map(pair));
    return;
  }
  const noun = what ? (rows[0].kind === "text" ? "line" : "value") : "field";
  const button = element("button", { type: "button", class: "gap" }, `${rows.length} equal ${noun}${rows.length === 1 ? "" : "s"}`);
  const line = element("tr", { class: "same" }, element("td", { colspan: "3" }, button));
  button.addEventListener("click", () => {
    open.add(key);
    line.replaceWith(...rows.map(pair));
  });
  body.append(line);
}

function pair(row) {
  const [before, after] = row.same ? [[row.before], [row.after]] : marked(row.before, row.after);
  const masked = !row.same && row.before === row.after;
  const cell = (parts, text, kind) => {
    if (text === null) return element("td", { class: "absent", title: "not there" });
    return element("td", { class: row.same || row.ignored ? null : kind },
      element("code", {}, parts.filter(Boolean).map((part) => (typeof part === "string" ? shown(part) : part)).flat()),
      masked && kind === "added" && element("span", { class: "faint" }, " another one"));
  };
  const name = row.kind === "text" ? "" : row.name || "(whole)";
  const classes = [row.kind, row.same ? "same" : row.ignored ? "ignored" : "different"].join(" ");
  return element(
    "tr",
    { class: classes, tabindex: row.same || row.ignored ? null : "-1", title: row.ignored ? `not counted: ${row.ignored}` : null },
    element("th", { scope: "row" }, shown(name), !row.same && !row.ignored && ignoring(row)),
    cell(before, row.before, "removed"),
    cell(after, row.after, "added"),
  );
}

/** A button that has a header or a JSON field not counted. */
function ignoring(row) {
  const rule = row.kind === "header" ? `header:${row.name}` : row.kind === "value" ? `json:${row.name}` : "";
  if (!rule) return null;
  return element("button", {
    type: "button",
    class: "ignore",
    title: "do not count it",
    onclick: () => {
      ignored.add(rule);
      go(form.before.value, form.after.value);
    },
  }, "ignore");
}

/** Both texts in parts, with what lies between their common beginning and end marked. */
function marked(before, after) {
  if (before === null || after === null) return [[before], [after]];
  const [one, other] = [Array.from(before), Array.from(after)];
  let head = 0;
  while (head < one.length && head < other.length && one[head] === other[head]) head += 1;
  let tail = 0;
  while (tail < Math.min(one.length, other.length) - head && one.at(-1 - tail) === other.at(-1 - tail)) tail += 1;
  if (head + tail < 3) return [[before], [after]];
  return [one, other].map((text) => {
    const middle = text.slice(head, text.length - tail).join("");
    return [
      text.slice(0, head).join(""),
      middle && element("mark", {}, shown(middle)),
      text.slice(text.length - tail).join(""),
    ];
  });
}

function steps(pairs) {
  const different = pairs.filter((one) => !one.same).length;
  const body = element("tbody");
  let equal = [];
  const flush = () => {
    if (!equal.length) return;
    const rows = equal;
    equal = [];
    const key = `steps ${rows[0].before.number}`;
    if (open.has(key)) {
      body.append(...rows.map(stepRow));
      return;
    }
    const links = rows.map((one) => one.before.link);
    const text = `${rows.length} equal: ${links.slice(0, 8).join(", ")}${links.length > 8 ? ", …" : ""}`;
    const button = element("button", { type: "button", class: "gap" }, text);
    const line = element("tr", { class: "same" }, element("td", { colspan: "2" }, button));
    button.addEventListener("click", () => {
      open.add(key);
      line.replaceWith(...rows.map(stepRow));
    });
    body.append(line);
  };
  for (const one of pairs) {
    if (one.same) equal.push(one);
    else {
      flush();
      body.append(stepRow(one));
    }
  }
  flush();
  return element(
    "section",
    { class: "message", data: { message: "steps" } },
    element("h2", {}, "Steps", element("span", { class: `count ${different ? "warn" : "faint"}` },
      different ? `${different} different` : "equal")),
    element("table", { class: "pairs steps" },
      element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "before"), element("th", { scope: "col" }, "after"))),
      body),
  );
}

const LOUD = new Set(["failed", "error", "reject"]);

function stepRow(one) {
  const cell = (step, kind) => {
    if (!step) return element("td", { class: "absent", title: "did not run" }, element("span", { class: "faint" }, "did not run"));
    return element("td", { class: one.same ? null : kind },
      element("span", { class: "faint" }, `${step.number} `),
      element("strong", {}, step.link),
      element("span", { class: `outcome ${LOUD.has(step.outcome) ? "bad" : "faint"}` }, step.outcome),
      step.entry && element("span", { class: "faint" }, " ", shown(step.entry)),
      step.detail && element("div", { class: "faint" }, shown(step.detail)),
      !one.same && changes(step, kind === "removed" ? one.after : one.before));
  };
  return element("tr", { class: one.same ? "same" : "different", tabindex: one.same ? null : "-1" },
    cell(one.before, "removed"), cell(one.after, "added"));
}

/** What a step changed; what the other one changed likewise is faint. */
function changes(step, other) {
  const named = (one) => `${one.message} ${one.part} ${one.name}`;
  const others = new Map((other?.changes ?? []).map((one) => [named(one), one]));
  return element("ul", {}, step.changes.map((one) => {
    const twin = others.get(named(one));
    const equal = twin && twin.before === one.before && twin.after === one.after;
    return element("li", { class: equal ? "faint" : null }, change(one, twin));
  }));
}

function change(one, twin) {
  const name = one.name ? `${one.part} ${one.name}` : one.part;
  if (one.before === null) return shown(`+ ${name}: ${near(one.after, twin?.after)}`);
  if (one.after === null) return shown(`− ${name}: ${near(one.before, twin?.before)}`);
  if (one.part === "body") return shown(`~ ${name}: → ${near(one.after, twin?.after)}`);
  return shown(`~ ${name}: ${near(one.before, twin?.before)} → ${near(one.after, twin?.after)}`);
}

/** A long text where it begins to differ from another one. */
function near(text, other) {
  const most = 120;
  if (text.length <= most) return text;
  let start = 0;
  if (typeof other === "string" && other !== text) {
    while (text[start] === other[start]) start += 1;
    start = Math.max(0, start - 40);
  }
  return `${start ? "…" : ""}${text.slice(start, start + most)}${start + most < text.length ? "…" : ""}`;
}

function step(way) {
  const rows = [...place.querySelectorAll("tr.different")];
  const at = rows.indexOf(document.activeElement);
  const next = rows[at < 0 ? (way > 0 ? 0 : rows.length - 1) : at + way];
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "center" });
}

if (!form.before.value) form.before.focus();
else if (!form.after.value) form.after.focus();
await attempt(load);
