// The page "Try": what is tried, with what, and what came of it. Texts of others go into the page as text nodes only.

import { attempt, element, get, post, Refused, say } from "/lockgate/static/base.js";
import { shown } from "/lockgate/static/texts.js";
import { renderMessage, renderTrace } from "/lockgate/static/timeline.js";

const by = (id) => document.getElementById(id);
const PASTED = "pasted";
const SECTION = "section";

/** What is open: `source` of a file as it was opened, `embedded` base64 in it, the recorded `exchange`. */
const state = { source: null, embedded: [], exchange: null, picks: [], canSave: false, folds: new Map(), texts: new Map() };

// ── what is tried ──

const chosen = () => by("what").value;
const file = () => (chosen().startsWith("file:") ? chosen().slice(5) : "");
const pick = () => state.picks.find((one) => one.name === by("pick").value) ?? state.picks[0];
const edited = () => state.source !== null && by("text").value !== state.source.text;

function showChoice() {
  const isSection = chosen() === SECTION;
  by("of-section").hidden = !isSection;
  by("save").hidden = !(file() && state.canSave);
  by("text-name").textContent = isSection && pick().is_text ? "Text of the section" : isSection ? "Configuration, JSON" : "Text";
  by("text").rows = isSection ? 10 : 18;
  showEdited();
}

function showEdited() {
  by("changed").hidden = !(file() && edited());
  by("save").disabled = !edited();
}

function open(source) {
  state.source = source;
  by("text").value = source.text;
  // A text area has line feeds alone, and no NUL: what it holds is what nobody edited.
  source.text = by("text").value;
  showEmbedded(source.embedded);
  if (source.line) goTo(source.line);
  if (source.pointer) chooseEmbedded((one) => one.pointer.startsWith(source.pointer));
  showChoice();
}

async function change() {
  const before = by("what").dataset.before;
  if (before === PASTED || edited()) state.texts.set(before, { text: by("text").value, digest: state.source?.digest });
  by("what").dataset.before = chosen();
  state.source = null;
  showEmbedded([]);
  if (file()) {
    const answer = await attempt(() => get(`/lockgate/api/try/start?file=${encodeURIComponent(file())}`));
    if (answer) open(answer.source);
    const kept = state.texts.get(chosen());
    if (kept && kept.digest === state.source?.digest) {
      // What was edited before somebody looked at something else.
      by("text").value = kept.text;
      showEmbedded([]);
      showEdited();
    }
    return;
  }
  if (chosen() === SECTION) begin();
  else by("text").value = state.texts.get(PASTED)?.text ?? "";
  showChoice();
}

function begin() {
  by("text").value = pick().begin;
  by("method").value = pick().method;
  showChoice();
}

/** Puts the caret on a line of the text, and shows it. */
function goTo(line) {
  const text = by("text");
  const lines = text.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  text.focus();
  text.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
  text.scrollTop = Math.max(0, (line - 4) * (text.scrollHeight / Math.max(lines.length, 1)));
}

// Templates and scripts that stand in the text as base64

function showEmbedded(embedded) {
  const before = by("embedded").value;
  state.embedded = embedded;
  by("of-embedded").hidden = embedded.length === 0;
  by("embedded").replaceChildren(
    ...embedded.map((one, index) => element("option", { value: String(index) }, titleOf(one.pointer))),
  );
  if (embedded[before]) by("embedded").value = before;
  showInner();
}

const titleOf = (pointer) => pointer.replace(/^\/x-tyk-api-gateway\/middleware\//, "").replace(/~1/g, "/");
const inner = () => state.embedded[Number(by("embedded").value)];

function showInner() {
  by("inner").value = inner()?.text ?? "";
}

function chooseEmbedded(matches) {
  const index = state.embedded.findIndex(matches);
  if (index < 0) return;
  by("embedded").value = String(index);
  showInner();
}

function encoded(text) {
  let bytes = "";
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte);
  return btoa(bytes);
}

/** Writes the template that was edited into the text. */
function putInner() {
  const one = inner();
  const text = by("text");
  if (!one) return;
  const at = text.value.startsWith(one.encoded, one.offset) ? one.offset : text.value.indexOf(one.encoded);
  if (at < 0) {
    say("the template is no longer in the text as it was: open the file again", "bad");
    return;
  }
  const made = encoded(by("inner").value);
  text.value = text.value.slice(0, at) + made + text.value.slice(at + one.encoded.length);
  for (const other of state.embedded) {
    if (other !== one && other.offset > at) other.offset += made.length - one.encoded.length;
  }
  Object.assign(one, { text: by("inner").value, encoded: made, offset: at });
  showEdited();
}

// ── the sample ──

function json(id, name) {
  const text = by(id).value.trim();
  if (!text) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    by(id).focus();
    throw new Refused(0, `expected JSON as the ${name}: ${error.message}`);
  }
}

function headers() {
  const pairs = [];
  for (const line of by("headers").value.split("\n")) {
    if (!line.trim()) continue;
    const colon = line.indexOf(":");
    if (colon < 1) throw new Refused(0, `expected 'Name: value' as a header, found '${line.trim()}'`);
    pairs.push([line.slice(0, colon).trim(), line.slice(colon + 1).trim()]);
  }
  return pairs;
}

function sample() {
  const value = {
    request: { method: by("method").value.trim(), path: by("path").value.trim(), headers: headers(), body: by("body").value },
    answer: by("answer").value.trim() || "200",
    send: by("send").checked,
    calls: by("calls").checked,
  };
  const session = json("session", "session object");
  const context = json("context", "context variables");
  if (session !== undefined) value.session = session;
  if (context !== undefined) value.context = context;
  if (state.exchange) {
    value.exchange = state.exchange.id;
    // Fields show recorded messages masked, and long bodies not at all: what was not touched is as it was recorded.
    if (sameMessage()) delete value.request;
    if (by("answer").value === state.exchange.shownAnswer) delete value.answer;
  }
  return value;
}

const messageText = () => ["method", "path", "headers", "body"].map((id) => by(id).value).join("\n\n");
const sameMessage = () => messageText() === state.exchange.shownRequest;

function fill(exchange) {
  state.exchange = exchange;
  const { request, answer } = exchange;
  by("method").value = request.method;
  by("path").value = request.target;
  const host = request.host ? [`Host: ${request.host}`] : [];
  by("headers").value = [...host, ...request.headers.map(([name, value]) => `${name}: ${value}`)].join("\n");
  by("body").value = request.whole ? request.body : "";
  if (answer) {
    const lines = answer.headers.map(([name, value]) => `${name}: ${value}`);
    by("answer").value = [`HTTP/1.1 ${answer.status}`, ...lines, "", answer.whole ? answer.body : ""].join("\n");
  }
  exchange.shownRequest = messageText();
  exchange.shownAnswer = by("answer").value;
  by("recorded").hidden = false;
  by("recorded").textContent = [
    `Recorded exchange ${exchange.id}: what services answered then is answered again.`,
    ...exchange.missing.map((one) => `Not kept: ${one}.`),
  ].join(" ");
}

function tried() {
  const value = sample();
  if (chosen() === SECTION) {
    const section = { middleware: pick().name, method: by("pick-method").value.trim(), path: by("pick-path").value.trim() };
    if (pick().is_text) section.text = by("text").value;
    else section.config = json("text", "configuration");
    return { ...value, section };
  }
  if (!file()) return { ...value, text: by("text").value };
  return edited() ? { ...value, file: file(), text: by("text").value } : { ...value, file: file() };
}

// ── running ──

async function run() {
  by("run").disabled = true;
  try {
    const answer = await attempt(async () => {
      const value = tried();
      say("running …");
      return post("/lockgate/api/try/run", value);
    });
    if (answer) {
      say("");
      show(answer);
    }
  } finally {
    by("run").disabled = false;
  }
}

function show(answer, report = null) {
  const { trace } = answer;
  by("result").replaceChildren(
    ...[
      report && reported(report),
      outcome(answer),
      ...answer.remarks.map((one) => element("p", { class: "faint" }, shown(one))),
      ...answer.faults.map(fault),
      ...answer.problems.map(problem),
      trace && element("h2", {}, "Messages"),
      trace && ends(trace),
      trace && element("h2", {}, "Steps"),
      trace && renderTrace(trace, { folds: state.folds }),
    ].filter(Boolean),
  );
}

function outcome({ trace, sent }) {
  if (!trace) return element("p", { class: "outcome-line bad" }, "Nothing in it can be served.");
  const status = trace.answer?.status ?? "";
  const kind = status < 400 ? "good" : "bad";
  const what = trace.upstream_request ? (sent ? "sent upstream" : "would go upstream") : "answered by the gateway";
  return element("p", { class: `outcome-line ${kind}`, data: { status: String(status) } }, `${status} · ${what}`);
}

function ends(trace) {
  const folds = state.folds;
  return element(
    "div",
    { class: "ends trace" },
    trace.upstream_request && renderMessage("upstream gets", trace.upstream_request, folds, "try:up"),
    trace.answer && renderMessage("client gets", trace.answer, folds, "try:answer"),
  );
}

function fault(one) {
  const place = one.line ? ` · line ${one.line}${one.column ? `, column ${one.column}` : ""}` : "";
  return element("div", { class: "fault", role: "alert" }, element("strong", {}, `${one.link || "exchange"}${place} `), shown(one.text));
}

function problem(one) {
  const place = [one.file, one.line || null].filter(Boolean).join(":");
  const canGo = one.line > 0 && (one.file === file() || !one.file) && chosen() !== SECTION;
  return element(
    "div",
    { class: `problem ${one.severity}` },
    element("strong", {}, `${one.severity} `),
    shown(one.message),
    one.hint && element("span", { class: "faint" }, " (", shown(one.hint), ")"),
    element("span", { class: "faint mono" }, ` ${one.code} ${one.pointer} `),
    canGo
      ? element("button", { type: "button", onclick: () => goTo(one.line) }, `line ${one.line}`)
      : place && element("span", { class: "faint" }, place),
  );
}

// ── saving ──

async function plan() {
  if (!file() || !state.canSave || !state.source) return;
  if (!edited()) {
    say("nothing was edited");
    return;
  }
  const value = { file: file(), text: by("text").value, digest: state.source.digest };
  const answer = await attempt(() => post("/lockgate/api/try/plan", value));
  if (!answer) return;
  by("diff").replaceChildren(...answer.problems.map(problem), element("pre", {}, answer.diff.split("\n").map(diffLine)));
  by("save-now").textContent = answer.loads ? "Save and reload" : "Save although it does not load";
  by("save-now").dataset.forced = answer.loads ? "" : "yes";
  by("saving").showModal();
  by("save-now").focus();
}

function diffLine(line) {
  const kind = line.startsWith("+") ? "added" : line.startsWith("-") ? "removed" : "";
  return element("span", { class: kind }, shown(line));
}

async function saveNow() {
  by("saving").close();
  const answer = await attempt(() =>
    post("/lockgate/api/try/save", {
      ...sample(),
      file: file(),
      text: by("text").value,
      digest: state.source.digest,
      forced: by("save-now").dataset.forced === "yes",
    }),
  );
  if (!answer) return;
  Object.assign(state.source, { text: by("text").value, digest: answer.digest });
  state.texts.delete(chosen());
  showEmbedded(answer.embedded);
  showEdited();
  say(`saved and loaded: generation ${answer.report.generation}`, "good");
  if (answer.tried) show(answer.tried, answer.report);
}

function reported(report) {
  const parts = [];
  for (const key of ["loaded", "kept", "removed"]) {
    if (report[key].length) parts.push(`${key}: ${report[key].join(", ")}`);
  }
  return element("p", { class: "panel" }, `Generation ${report.generation} is in force. ${parts.join("; ") || "No API changed"}.`);
}

// ── begin ──

function keys(event) {
  if (!(event.ctrlKey || event.metaKey) || by("saving").open) return;
  if (event.key === "Enter") {
    event.preventDefault();
    void run();
  } else if (event.key === "s") {
    event.preventDefault();
    void plan();
  }
}

async function start() {
  const answer = await attempt(() => get(`/lockgate/api/try/start${location.search}`));
  if (!answer) return;
  state.picks = answer.picks;
  state.canSave = answer.can_save;
  const files = answer.files.map((one) =>
    element("option", { value: `file:${one.file}` }, one.apis.length ? `${one.apis.join(", ")} — ${one.file}` : one.file),
  );
  by("what").append(
    ...files,
    element("option", { value: PASTED }, "a definition that I paste"),
    element("option", { value: SECTION }, "one section by itself"),
  );
  by("pick").append(...answer.picks.map((one) => element("option", { value: one.name }, one.title)));
  if (answer.exchange) fill(answer.exchange);
  if (answer.remark) say(answer.remark, "warn");
  if (answer.source) {
    by("what").value = `file:${answer.source.file}`;
    by("what").dataset.before = chosen();
    open(answer.source);
  } else {
    await change();
  }
  document.body.dataset.ready = "yes";
}

by("form").addEventListener("submit", (event) => {
  event.preventDefault();
  void run();
});
by("what").addEventListener("change", () => void change());
by("pick").addEventListener("change", begin);
by("embedded").addEventListener("change", showInner);
by("inner").addEventListener("input", putInner);
by("text").addEventListener("input", showEdited);
by("save").addEventListener("click", () => void plan());
by("save-now").addEventListener("click", () => void saveNow());
by("save-not").addEventListener("click", () => by("saving").close());
document.addEventListener("keydown", keys);
window.addEventListener("beforeunload", (event) => {
  if (file() && edited()) event.preventDefault();
});
void start();
