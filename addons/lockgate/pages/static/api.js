import { attempt, element, get, poll, say } from "./base.js";
import { keys } from "./keys.js";

const api = document.getElementById("api");
const details = document.getElementById("details");
const answer = document.getElementById("answer");
const method = document.getElementById("method");
const url = document.getElementById("url");

// What one cell holds.

function open(number) {
  const wanted = document.getElementById(`cell-${number}`);
  if (!wanted) return;
  for (const section of details.children) section.hidden = section !== wanted;
  details.hidden = false;
  for (const button of document.querySelectorAll("button.cell")) {
    button.setAttribute("aria-pressed", button.dataset.cell === String(number));
  }
  details.scrollIntoView({ block: "nearest" });
}

function close() {
  details.hidden = true;
  for (const button of document.querySelectorAll("button.cell[aria-pressed=true]")) {
    button.setAttribute("aria-pressed", "false");
    button.focus();
  }
}

document.addEventListener("click", (event) => {
  const target = event.target.closest("button");
  if (!target) return;
  if (target.dataset.cell) {
    open(target.dataset.cell);
    history.replaceState(null, "", `#cell-${target.dataset.cell}`);
  } else if (target.classList.contains("close")) close();
  else if (target.dataset.method) {
    method.value = target.dataset.method;
    if (target.dataset.url) url.value = target.dataset.url;
    ask();
    document.getElementById("chain").scrollIntoView({ block: "start" });
  }
});
if (location.hash.startsWith("#cell-")) open(location.hash.slice(6));

const filter = document.getElementById("filter");

function narrow() {
  let shown = 0;
  for (const row of document.querySelectorAll("#matrix tr.endpoint")) {
    row.hidden = !row.firstElementChild.textContent.toLowerCase().includes(filter.value.toLowerCase());
    shown += !row.hidden;
  }
  document.getElementById("shown").textContent = shown;
}

if (filter) {
  // In the address, so that the way back keeps it.
  filter.value = new URLSearchParams(location.search).get("filter") ?? "";
  filter.addEventListener("input", () => {
    const url = new URL(location.href);
    url.search = filter.value ? new URLSearchParams({ filter: filter.value }) : "";
    history.replaceState(null, "", url);
    narrow();
  });
  narrow();
}

keys([
  ...(filter ? [{ keys: ["/"], says: "filter endpoints", act: () => filter.select() }] : []),
  { keys: ["u"], says: "ask what a request passes", act: () => url.select() },
  { keys: ["Escape"], says: "leave the field, or close what is open", typing: true, act: () => {
    if (document.activeElement.closest("input")) document.activeElement.blur();
    else close();
  } },
]);

// What one request passes.

const name = (text) => element("a", { class: "name", href: `/lockgate/middlewares/${text}` }, text);

function phase(one) {
  const links = one.links.map((link) =>
    element(
      "li",
      {},
      name(link.middleware),
      " ",
      element("span", { class: "faint" }, link.reason),
      link.address && [" ", element("a", { href: link.address, title: link.pointer }, "source")],
    ),
  );
  const out = one.left_out.filter((left) => left.reason !== "not configured");
  const never = one.left_out.filter((left) => left.reason === "not configured").map((left) => left.middleware);
  return element(
    "section",
    { class: `panel ${one.reached ? "" : "unreached"}` },
    element("h2", {}, one.phase),
    element(
      "p",
      { class: "faint" },
      one.reached ? "" : "It does not get here. ",
      "Entries are matched with ",
      element("code", {}, `${one.method} ${one.path}`),
    ),
    element("ol", {}, links),
    out.length > 0 && element("h2", {}, "Left out"),
    out.length > 0 &&
      element(
        "ul",
        {},
        out.map((left) => element("li", {}, name(left.middleware), " ", element("span", { class: "warn" }, left.reason))),
      ),
    never.length > 0 &&
      element(
        "details",
        { class: "faint" },
        element("summary", {}, `${never.length} more are not configured`),
        never.join(", "),
      ),
  );
}

async function ask() {
  await attempt(async () => {
    const query = new URLSearchParams({ method: method.value.trim(), url: url.value.trim() });
    const shown = await get(`/lockgate/api/apis/${encodeURIComponent(api.dataset.id)}/chain?${query}`);
    const elsewhere = shown.api_id !== api.dataset.id;
    answer.replaceChildren(
      element(
        "p",
        { class: elsewhere ? "warn" : "" },
        element("code", {}, `${shown.method} ${shown.target}`),
        shown.api_id ? ` is for ${shown.api} on ${shown.listen_path}` : " is for no API",
        elsewhere && shown.api_id ? ", not for this API" : "",
        shown.version ? `, version ${shown.version}` : "",
      ),
      element("p", { class: "ending" }, shown.ending),
      element("div", { class: "phases" }, shown.phases.map(phase)),
    );
    answer.hidden = false;
  });
}

document.getElementById("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});

const known = api.dataset;
const question = () => get(`/lockgate/api/reload?generation=${known.generation}&run=${known.run}`);
poll(question, ({ generation, run }) => {
  if (String(generation) === known.generation && run === known.run) return true;
  say("");
  document.getElementById("status").append(
    element("button", { type: "button", onclick: () => location.reload() }, "Definitions were loaded again: show"),
  );
  return false;
}, 2000);
