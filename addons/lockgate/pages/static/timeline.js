// A trace as foldable steps, request side and response side. Its only input is a masked plain trace, so that a trace of
// a file, of a trial or of a live exchange looks the same.

import { element } from "/lockgate/static/base.js";
import { pretty, shown, sideBySide } from "/lockgate/static/texts.js";

const NOT_CONFIGURED = "not configured";
const NO_LINKS = new Set(["routing", "versioning", "breakpoint"]);
const LOUD = new Set(["failed", "error", "reject", "dropped"]);
const KINDS = { continue: "", forward: "good", failed: "bad", error: "bad", reject: "bad", dropped: "bad", edited: "warn" };

/**
 * A trace as an element.
 *
 * @param plain A plain trace, masked: what `trace_format.masked` made.
 * @param options All of them may be left out:
 *   `sources`: by number of the step, `{text, href}` of the line of the definition that made it, `{text, go}` where a
 *   function shows it, or null;
 *   `leftOut`: `{phase, pass, middleware, reason}` of links that did not run;
 *   `pause`: `{phase, link, when}` where the exchange is stopped, or null;
 *   `underWay`: more may come;
 *   `breakHere`: the definitions are in force, so that a breakpoint may be set at a step;
 *   `folds`: a Map that keeps what is open, so that a newer trace is shown as the older one was.
 */
export function renderTrace(plain, options = {}) {
  const folds = options.folds ?? new Map();
  const all = plain.steps.map((step, index) => ({ step, index }));
  const before = all.filter(({ step }) => step.phase !== "response");
  const after = all.filter(({ step }) => step.phase === "response");
  const pause = options.pause ?? null;
  const answered = after.length > 0 || plain.upstream_response !== null;
  return element(
    "div",
    { class: "trace" },
    side("request", "Request side", before, plain, { ...options, folds, pause, apis: plain.passes }, [
      ["client sent", plain.original],
      ["upstream gets", plain.upstream_request],
    ]),
    (answered || plain.answer !== null || pause?.phase === "response") &&
      side("response", "Response side", after, plain, { ...options, folds, pause, apis: plain.passes }, [
        ["upstream answered", plain.upstream_response],
        ["client gets", plain.answer],
      ]),
    plain.error && element("p", { class: "bad trouble" }, "error: ", shown(plain.error)),
    options.underWay && !pause && element("p", { class: "faint" }, "… under way"),
  );
}

/** Time for people, from microseconds. */
export function duration(microseconds) {
  if (microseconds >= 1e6) return `${(microseconds / 1e6).toFixed(2)} s`;
  if (microseconds >= 1e3) return `${(microseconds / 1e3).toFixed(1)} ms`;
  return `${Math.round(microseconds)} µs`;
}

/** Why a link ran, in one line; "" for one that always does. */
export function because(why) {
  if (why.level === "always") return why.rule && !why.text ? `${why.rule}: ${why.entry}` : why.rule;
  if (why.level === "api") return why.rule || "the API asks for it";
  const found = why.pattern ? `: '${why.pattern}' is found in '${why.text}'` : "";
  return `${why.entry}${found}${why.rule ? `, ${why.rule}` : ""}`;
}

/** One end of a timeline: a message with its headers and its body, folded. */
export function renderMessage(title, message, folds = new Map(), key = title) {
  const line = "status" in message ? String(message.status) : `${message.method} ${message.target}`;
  const { body } = message;
  const size = body.streamed ? "body streamed past" : `${body.size} ${body.size === 1 ? "byte" : "bytes"}`;
  const headers = message.host ? [["Host", message.host], ...message.headers] : message.headers;
  return foldable(
    folds,
    key,
    false,
    { class: "message" },
    [element("span", { class: "label" }, title), " ", element("code", {}, shown(line)), " ",
      element("span", { class: "faint" }, `${headers.length} ${headers.length === 1 ? "header" : "headers"}, ${size}`)],
    () => [
      headers.length > 0 && element("table", { class: "fields" }, element("tbody", {}, headers.map(([name, value]) =>
        element("tr", {}, element("th", { scope: "row" }, shown(name)), element("td", {}, valueElement(value)))))),
      ...bodyNodes(body),
    ],
  );
}

function bodyNodes(body) {
  if (body.streamed) return [element("p", { class: "faint" }, "The body streamed past; no link needed it.")];
  if (!body.size) return [];
  if (body.text !== undefined) return [element("pre", { class: "body" }, shown(pretty(body.text), { lines: true }))];
  return [
    element("p", { class: "faint" }, `${body.size} bytes, sha256 ${body.sha256}; its beginning:`),
    element("pre", { class: "body" }, shown(body.head, { lines: true })),
  ];
}

/** A `details` whose state outlives it, and whose content is made when it is opened first. */
function foldable(folds, key, open, properties, summary, content) {
  const made = element("details", { ...properties, data: { key } }, element("summary", {}, summary));
  let filled = false;
  const fill = () => {
    if (!filled) made.append(element("div", { class: "content" }, content()));
    filled = true;
  };
  made.addEventListener("toggle", () => {
    folds.set(key, made.open);
    if (made.open) fill();
  });
  if (folds.get(key) ?? open) {
    fill();
    made.open = true;
  }
  return made;
}

function side(phase, title, steps, plain, options, [[firstTitle, first], [lastTitle, last]]) {
  const total = steps.reduce((sum, { step }) => sum + step.us, 0);
  const count = `${steps.length} ${steps.length === 1 ? "step" : "steps"}, ${duration(total)}`;
  const upstream = phase === "response" && plain.upstream_us ? `, upstream ${duration(plain.upstream_us)}` : "";
  return element(
    "section",
    { class: `side ${phase}`, "aria-label": title },
    element("h2", {}, title, " ", element("span", { class: "faint" }, count + upstream)),
    first && renderMessage(firstTitle, first, options.folds, `${phase} first`),
    ...passes(phase, steps, plain, options),
    last && renderMessage(lastTitle, last, options.folds, `${phase} last`),
  );
}

/** Steps of each pass; one that a loop led to stands within the one that looped. */
function passes(phase, steps, plain, options) {
  const numbers = new Set(steps.map(({ step }) => step.pass));
  for (const one of options.leftOut ?? []) if (sideOf(one.phase) === phase) numbers.add(one.pass);
  if (options.pause && sideOf(options.pause.phase) === phase) numbers.add(Math.max(0, plain.passes.length - 1));
  let inner = [];
  const ordered = [...numbers].sort((one, other) => one - other);
  for (const number of ordered.toReversed()) {
    const mine = steps.filter(({ step }) => step.pass === number);
    const out = (options.leftOut ?? []).filter((one) => one.pass === number && sideOf(one.phase) === phase);
    const stopped = options.pause && sideOf(options.pause.phase) === phase && number === ordered.at(-1);
    const content = [
      mine.length > 0 && element("ol", { class: "steps" }, mine.map(({ step, index }) => element("li", {}, stepElement(step, index, options)))),
      stopped && pauseElement(options.pause),
      out.length > 0 && leftOutElement(out, `${phase} out ${number}`, options.folds),
      ...inner,
    ];
    const named = phase === "request" && plain.passes.length > 1 ? plain.passes[number] : null;
    inner = named
      ? [element("section", { class: number ? "pass inner" : "pass" },
          element("h3", {}, `Pass ${number + 1}: `, shown(named.api), " ",
            element("code", { class: "faint" }, shown(`${named.method} ${named.path}`))), content)]
      : content;
  }
  return inner.filter(Boolean);
}

const sideOf = (phase) => (phase === "response" ? "response" : "request");

function pauseElement(pause) {
  return element("p", { class: "pause" }, `paused ${pause.when} ${pause.link}`);
}

function leftOutElement(out, key, folds) {
  const title = `${out.length} ${out.length === 1 ? "middleware" : "middlewares"} left out`;
  const idle = out.filter((one) => one.reason === NOT_CONFIGURED);
  const others = out.filter((one) => one.reason !== NOT_CONFIGURED);
  const told = others.length ? [title, ": ", element("span", { class: "mono" }, others.map((one) => one.middleware).join(", ")),
    idle.length > 0 && ` and ${idle.length} that ${idle.length === 1 ? "is" : "are"} not configured`] : [title];
  return foldable(folds, key, false, { class: "left-out" }, told.filter(Boolean), () => [
    others.length > 0 && element("table", { class: "fields" }, element("tbody", {}, others.map((one) =>
      element("tr", {}, element("th", { scope: "row" }, one.middleware), element("td", {}, shown(one.reason)))))),
    idle.length > 0 && element("p", {}, `${NOT_CONFIGURED}: `, element("span", { class: "mono" }, idle.map((one) => one.middleware).join(", "))),
  ]);
}

function stepElement(step, index, options) {
  const source = options.sources?.[index] ?? null;
  const summary = [
    element("span", { class: "time" }, duration(step.us)),
    element("span", { class: `outcome ${KINDS[step.outcome] ?? "accent"}` }, step.outcome),
    " ",
    element("span", { class: "link" }, step.link),
    step.phase === "upstream" && element("span", { class: "faint" }, " (between the chains)"),
    " ",
    element("span", { class: "detail" }, shown(step.detail || digest(step))),
  ];
  const kind = LOUD.has(step.outcome) ? "step loud" : step.changes.length ? "step" : "step quiet";
  return foldable(options.folds, `step ${index}`, LOUD.has(step.outcome), { class: kind }, summary, () =>
    [...stepContent(step, source, options.folds, `step ${index}`), options.breakHere && breakLink(step, options.apis[step.pass])],
  );
}

/** What a step changed, in a few words. */
function digest(step) {
  const marks = step.changes.map((change) => {
    const mark = change.before === null ? "+" : change.after === null ? "-" : "~";
    const name = change.part === "variable" ? `$${change.name}` : change.name || change.part;
    return mark + name;
  });
  return marks.length > 6 ? `${marks.slice(0, 6).join(" ")} and ${marks.length - 6} more` : marks.join(" ");
}

/** Where a breakpoint at this step is set; null: it is no link. */
function breakLink(step, api) {
  if (!api || NO_LINKS.has(step.link)) return null;
  const query = new URLSearchParams({ api: api.api_id, link: step.link, phase: step.phase });
  if (step.why.level === "rule" && step.why.entry) query.set("endpoint", step.why.entry);
  return element("p", { class: "break" }, element("a", { href: `/lockgate/breakpoints?${query}` }, "Break here"));
}

function stepContent(step, source, folds, key) {
  const why = because(step.why);
  const place = step.why.pointer;
  const bodies = step.changes.filter((change) => change.part === "body");
  const others = step.changes.filter((change) => change.part !== "body");
  return [
    why && element("p", { class: "why" }, element("span", { class: "label" }, "because "), shown(why)),
    (place || source) &&
      element("p", { class: "place" }, element("span", { class: "label" }, "set in "),
        source ? placeLink(source) : null, source && place ? " " : null,
        place ? element("code", { class: "faint" }, shown(place)) : null),
    others.length > 0 && changesTable(others),
    ...bodies.map((change) => bodyChange(change)),
    ...step.calls.map((call, number) => callElement(call, folds, `${key} call ${number}`)),
    !step.changes.length && !step.calls.length && element("p", { class: "faint" }, "It changed nothing."),
  ];
}

const placeLink = ({ text, href, go }) =>
  go ? element("button", { type: "button", class: "place", onclick: go }, text) : element("a", { href }, text);

function changesTable(changes) {
  const head = ["", "before", "after"].map((title) => element("th", { scope: "col" }, title));
  return element("table", { class: "changes" },
    element("thead", {}, element("tr", {}, head)),
    element("tbody", {}, changes.map((change) => {
      const name = change.part === "variable" ? `$${change.name}` : change.name || change.part;
      const of = change.message === "response" ? element("span", { class: "faint" }, "response ") : null;
      return element("tr", {}, element("th", { scope: "row" }, of, shown(name)),
        cell(change.before, "removed"), cell(change.after, "added"));
    })));
}

/** A value, with a word for one that is there and has nothing in it. */
const valueElement = (value) => (value === "" ? element("span", { class: "faint" }, "empty") : element("code", {}, shown(value)));

const cell = (value, kind) =>
  value === null ? element("td", { class: "absent", title: "not there" }) : element("td", { class: kind }, valueElement(value));

function bodyChange(change) {
  const title = change.message === "response" ? "response body" : "request body";
  return element("div", { class: "bodies" }, element("h4", {}, title), sideBySide(change.before ?? "", change.after ?? ""));
}

function callElement(call, folds, key) {
  if (call.service === "http") return httpElement(call, folds, key);
  if (call.service === "scripts" && call.operation === "run") return scriptElement(call, folds, key);
  return element("p", { class: "call" }, element("span", { class: "label" }, "asked "),
    element("code", {}, `${call.service}.${call.operation}`),
    call.arguments.length > 0 && element("code", { class: "faint" }, "(", shown(plainText(call.arguments).slice(1, -1)), ")"), " → ",
    element("code", {}, shown(plainText(call.answer))));
}

const plainText = (value) => (typeof value === "string" ? value : JSON.stringify(value));

function httpElement(call, folds, key) {
  const [method, url, headers, body] = call.arguments;
  const { answer } = call;
  const came = answer.failed !== undefined ? answer.failed : String(answer.status);
  return foldable(folds, key, false, { class: "call" },
    [element("span", { class: "time" }, duration(answer.seconds * 1e6)),
      element("span", { class: "label" }, "sent "), element("code", {}, shown(`${method} ${url}`)), " → ",
      element("code", { class: answer.failed === undefined ? null : "bad" }, shown(came))],
    () => [
      renderMessage("sent", { method, target: url, headers, body: body ?? { size: 0 } }, folds, `${key} sent`),
      answer.failed === undefined &&
        renderMessage("came", { status: answer.status, headers: answer.headers, body: answer.body }, folds, `${key} came`),
    ]);
}

function scriptElement(call, folds, key) {
  const [, kind, name, handed] = call.arguments;
  const { answer } = call;
  if (answer.error !== undefined)
    return element("p", { class: "call bad" }, `no script could be run (${name}): `, shown(String(answer.error)));
  const failed = answer.failed;
  return element("div", { class: "call" },
    element("p", {}, element("span", { class: "time" }, duration((answer.seconds ?? 0) * 1e6)),
      element("span", { class: "label" }, "script "), element("code", {}, shown(name)),
      element("span", { class: "faint" }, ` ${kind}`)),
    failed && element("pre", { class: "bad" }, shown(`${failed.kind}: ${failed.message}\n${failed.stack ?? ""}`, { lines: true })),
    answer.log.length > 0 && element("table", { class: "fields log" }, element("tbody", {}, answer.log.map(([level, text]) =>
      element("tr", {}, element("th", { scope: "row" }, level), element("td", {}, element("pre", {}, shown(text, { lines: true }))))))),
    ...(answer.calls ?? []).map((one, number) => hostCall(one, folds, `${key} ${number}`)),
    handedOver("was given", handed, folds, `${key} given`), handedOver("gave", answer.text, folds, `${key} gave`));
}

/** What a script asked the gateway for. */
function hostCall([what, given, got, seconds], folds, key) {
  const short = (value) => {
    const text = plainText(value ?? null);
    return text.length > 100 ? `${text.slice(0, 99)}…` : text;
  };
  const whole = (value) => element("pre", { class: "body" }, shown(pretty(plainText(value ?? null)), { lines: true }));
  const handed = parsed(given);
  const http = what === "TykMakeHttpRequest" ? httpLine(handed, parsed(got)) : null;
  return foldable(folds, key, false, { class: "call" },
    [element("span", { class: "time" }, duration((seconds ?? 0) * 1e6)),
      element("span", { class: "label" }, "called "),
      element("code", {}, shown(http ? `${what} ${http.asked}` : `${what}(${short(given).slice(1, -1)})`)),
      " → ", element("code", {}, shown(http ? http.came : short(got)))],
    () => [
      element("h4", {}, "given"), ...(Array.isArray(handed) ? handed : [given]).map(whole),
      element("h4", {}, "came back"), whole(got),
    ]);
}

/** What a text of JSON says; any other value as it is. */
function parsed(value) {
  try {
    return typeof value === "string" ? JSON.parse(value) : value;
  } catch {
    return value;
  }
}

/** A request that a script sent, and its answer, in a few words; null: it is none that can be read. */
function httpLine(handed, answer) {
  const request = parsed(handed?.[0]);
  const came = answer?.Code ?? answer?.code;
  if (typeof request?.Domain !== "string" || came === undefined) return null;
  return { asked: `${request.Method || "GET"} ${request.Domain}${request.Resource ?? ""}`, came: String(came) };
}

function handedOver(title, value, folds, key) {
  if (value === null || value === undefined || value === "") return null;
  const texts = (Array.isArray(value) ? value : [value]).map((one) => pretty(plainText(one)));
  return foldable(folds, key, false, { class: "handed" }, title, () => element("pre", { class: "body" }, shown(texts.join("\n"), { lines: true })));
}
