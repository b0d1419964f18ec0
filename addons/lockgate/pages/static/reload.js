import { attempt, element, get, poll, post, say } from "./base.js";

const button = document.getElementById("reload");
const report = document.getElementById("report");
let known = { generation: "", run: "" };

const several = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

function problem(one) {
  const place = one.line ? `${one.file}:${one.line}` : one.file;
  return element(
    "li",
    { class: `problem ${one.severity}` },
    element("span", { class: "kind" }, one.severity),
    element("span", { class: "said" }, one.message, one.hint ? ` (${one.hint})` : ""),
    place &&
      (one.address
        ? element("a", { class: "place mono", href: one.address }, place)
        : element("span", { class: "place mono" }, place)),
    element(
      "details",
      { class: "why" },
      element("summary", {}, one.code),
      one.title && [
        element("p", {}, element("strong", {}, one.title)),
        element("p", {}, one.meaning),
        element("p", {}, `To mend it: ${one.remedy}`),
      ],
      one.pointer && element("p", { class: "mono faint" }, one.pointer),
    ),
  );
}

function row(data, id, said, kind) {
  const api = data.apis[id];
  return element(
    "tr",
    {},
    element("td", {}, element("span", { class: `badge ${kind}` }, said)),
    element("td", {}, api ? element("a", { href: api.address }, api.name) : id),
    element("td", { class: "mono" }, api?.listen_path ?? ""),
    element("td", { class: "mono" }, api?.file ?? ""),
    element("td", { class: "bad" }, api?.unavailable ? `answers 503: ${api.unavailable}` : ""),
  );
}

function show(data) {
  known = data;
  document.getElementById("when").textContent = data.is_first
    ? "as loaded at the start"
    : `as loaded by reload ${data.generation - 1}, seen ${new Date().toLocaleTimeString()}`;
  document.getElementById("from").textContent = data.paths.length
    ? `From ${data.paths.join(", ")}${data.watched ? "; files are watched, and load again by themselves" : ""}`
    : "No definitions are named; lockgate_definitions is the option for it";
  button.disabled = !data.can_reload;
  const errors = data.problems.filter((one) => one.severity === "error");
  const warnings = data.problems.filter((one) => one.severity !== "error");
  const rows = [
    ...data.kept.map((id) => row(data, id, "kept at its last good version", "warning")),
    ...data.removed.map((id) => row(data, id, "removed", "state-off")),
    ...data.loaded.map((id) => row(data, id, data.is_first ? "loaded" : "new or changed", "state-served")),
  ];
  const same = data.unchanged.map((id) => row(data, id, "unchanged", "state-off"));
  const head = () =>
    element("thead", {}, element("tr", {}, ["", "API", "listen path", "file", ""].map((text) => element("th", {}, text))));
  report.replaceChildren(
    element(
      "p",
      { class: "row" },
      element("span", { class: errors.length ? "bad" : "good" }, several(errors.length, "error")),
      element("span", { class: warnings.length ? "warn" : "faint" }, several(warnings.length, "warning")),
      element("span", {}, `${data.loaded.length} ${data.is_first ? "loaded" : "new or changed"}`),
      element("span", {}, `${data.unchanged.length} unchanged`),
      element("span", { class: data.kept.length ? "warn" : "" }, `${data.kept.length} kept`),
      element("span", {}, `${data.removed.length} removed`),
    ),
    ...(data.problems.length
      ? [
          element(
            "section",
            { class: `panel wrong ${errors.length ? "" : "mild"}` },
            element("h2", {}, "Problems"),
            element("ul", { class: "problems" }, [...errors, ...warnings].map(problem)),
          ),
        ]
      : []),
    ...(rows.length ? [element("table", {}, head(), element("tbody", {}, rows))] : []),
    ...(same.length
      ? [
          element(
            "details",
            { open: !rows.length },
            element("summary", {}, several(same.length, "API").replace(/$/, " unchanged")),
            element("table", {}, head(), element("tbody", {}, same)),
          ),
        ]
      : []),
  );
}

button.addEventListener("click", () =>
  attempt(async () => {
    button.disabled = true;
    try {
      show(await post("/lockgate/api/reload"));
      say("loaded again", "good");
    } finally {
      button.disabled = false;
    }
  }),
);

const question = () =>
  get(`/lockgate/api/reload${known.run ? `?generation=${known.generation}&run=${known.run}` : ""}`);
const answered = (data) => {
  if (data.problems) show(data);
};

await attempt(async () => answered(await question()));
poll(question, answered, 2000);
