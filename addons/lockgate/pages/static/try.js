// The page "Try": what is tried, with what, and what came of it. Texts of others go into the page as text nodes only.

import { attempt, element, get, post, Refused, say } from "/lockgate/static/base.js";
import { chooseEmbedded, offered, showEmbedded, write } from "/lockgate/static/embedded.js";
import { shown } from "/lockgate/static/texts.js";
import { renderMessage, renderTrace } from "/lockgate/static/timeline.js";

const by = (id) => document.getElementById(id);
const PASTED = "pasted";
const SECTION = "section";

/** What is open: `source` of a file as it was opened, the recorded `exchange`. */
const state = { source: null, exchange: null, picks: [], canSave: false, folds: new Map(), texts: new Map() };
/** What was chosen, and the request that was put there. */
const before = { choice: "", request: "GET /" };

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
  write(source.text);
  // A text area has line feeds alone, and no NUL: what it holds is what nobody edited.
  source.text = by("text").value;
  showEmbedded(source.embedded);
  begin(source.request);
  if (source.line) goTo(source.line);
  if (source.pointer) chooseEmbedded((one) => `${one.pointer}/`.startsWith(`${source.pointer}/`));
  showChoice();
}

/** Of what is chosen: each section has a text of its own. */
const choice = () => (chosen() === SECTION ? `${SECTION}:${pick().name}` : chosen());

async function change() {
  const isFile = before.choice.startsWith("file:");
  if (!isFile || edited())
    state.texts.set(before.choice, { text: by("text").value, digest: state.source?.digest, embedded: offered() });
  else state.texts.delete(before.choice);
  before.choice = choice();
  state.source = null;
  showEmbedded([]);
  const kept = state.texts.get(choice());
  if (file()) {
    const asked = file();
    const answer = await attempt(() => get(`/lockgate/api/try/start?file=${encodeURIComponent(asked)}`));
    if (asked !== file()) return; // another choice overtook it
    if (!answer) write("");
    else open(answer.source);
    if (kept && kept.digest === state.source?.digest) {
      // What was edited before somebody looked at something else.
      write(kept.text);
      showEmbedded(kept.embedded);
    } else if (kept) say("the file changed meanwhile: what you edited in it is not shown", "warn");
    showChoice();
    return;
  }
  if (chosen() === SECTION) {
    write(kept?.text ?? pick().begin);
    begin({ method: pick().method, path: "/" });
  } else write(kept?.text ?? "");
  showChoice();
}

/** A request to begin with, as long as nobody wrote another one. */
function begin(request) {
  if (!request || state.exchange) return;
  const line = () => `${by("method").value} ${by("path").value}`;
  if (line() !== before.request) {
    if (chosen() === SECTION) by("method").value = request.method;
    return;
  }
  by("method").value = request.method;
  by("path").value = request.path;
  before.request = line();
}

/** Puts the caret on a line of a text, and shows it. */
function goTo(line, text = by("text")) {
  const lines = text.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  text.focus();
  text.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
  text.scrollTop = Math.max(0, (line - 4) * (text.scrollHeight / Math.max(lines.length, 1)));
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
    } else by("result").replaceChildren(element("p", { class: "outcome-line bad" }, by("status").textContent));
  } finally {
    by("run").disabled = false;
  }
}

/** Where it stands below the form, what came of it is shown to whoever ran it. */
function showResult() {
  const box = by("result");
  box.scrollTop = 0;
  if (box.getBoundingClientRect().top > innerHeight / 2) box.scrollIntoView({ block: "start" });
}

function show(answer, report = null) {
  const { trace } = answer;
  by("result").replaceChildren(
    ...[
      report && reported(report),
      outcome(answer),
      ...answer.remarks.map((one) => element("p", { class: "faint" }, shown(one))),
      ...answer.faults.map((one) => fault(one, trace)),
      ...answer.problems.map(problem),
      trace && element("h2", {}, "Messages"),
      trace && ends(trace),
      trace && element("h2", {}, "Steps"),
      trace && renderTrace(trace, { folds: state.folds, sources: trace.steps.map((step) => place(step.why.pointer, answer.lines)) }),
    ].filter(Boolean),
  );
  showResult();
}

/** Shows what made a step, in the text; null: it is none of this text. */
function place(pointer, lines) {
  const line = pointer && lines[pointer];
  if (!line) return null;
  const go = () => {
    goTo(line);
    chooseEmbedded((one) => one.pointer.startsWith(`${pointer}/`));
  };
  return { text: `line ${line}`, go };
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

function fault(one, trace) {
  const place = one.line ? ` · line ${one.line}${one.column ? `, column ${one.column}` : ""}` : "";
  const pointer = trace?.steps[one.step]?.why.pointer ?? "";
  const matches = (other) => pointer !== "" && other.pointer.startsWith(`${pointer}/`);
  const go = () => {
    chooseEmbedded(matches);
    goTo(one.line || 1, by("inner"));
  };
  return element("div", { class: "fault" },
    element("strong", {}, `${one.link || "exchange"}${place} `), shown(one.text), " ",
    offered().some(matches) && element("button", { type: "button", onclick: go }, "show"));
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
      ? element("button", { type: "button", onclick: () => {
        if (by("saving").open) by("saving").close();
        goTo(one.line);
      } }, `line ${one.line}`)
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
  const isHead = /^(---|\+\+\+) .* \((now|edited)\)$/u.test(line) || line.startsWith("@@ ");
  const kind = isHead ? "faint" : line.startsWith("+") ? "added" : line.startsWith("-") ? "removed" : "";
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
  let answer = await attempt(() => get(`/lockgate/api/try/start${location.search}`));
  const wrong = by("status").textContent;
  if (!answer && location.search) {
    // What the address asks for is not there: the rest is.
    answer = await attempt(() => get("/lockgate/api/try/start"));
    say(wrong, "bad");
  }
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
    before.choice = choice();
    open(answer.source);
  } else {
    before.choice = choice();
    await change();
    if (wrong) say(wrong, "bad");
  }
  document.body.dataset.ready = "yes";
}

by("form").addEventListener("submit", (event) => {
  event.preventDefault();
  void run();
});
by("what").addEventListener("change", () => void change());
by("pick").addEventListener("change", () => void change());
for (const id of ["text", "inner"]) by(id).addEventListener("input", showEdited);
by("save").addEventListener("click", () => void plan());
by("save-now").addEventListener("click", () => void saveNow());
by("save-not").addEventListener("click", () => by("saving").close());
document.addEventListener("keydown", keys);
window.addEventListener("beforeunload", (event) => {
  const isWritten = file() ? edited() : chosen() === SECTION ? by("text").value !== pick().begin : by("text").value.trim() !== "";
  if (isWritten) event.preventDefault();
});
void start();
