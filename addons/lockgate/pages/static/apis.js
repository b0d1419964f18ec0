import { get, poll } from "./base.js";
import { keys } from "./keys.js";

const filter = document.getElementById("filter");
const wrong = document.getElementById("wrong");
const rows = [...document.querySelectorAll("#apis tbody tr")];
const texts = rows.map((row) => row.textContent.toLowerCase());

// In the address, so that the way back and a reload keep it.
const asked = new URLSearchParams(location.search);
filter.value = asked.get("filter") ?? "";
wrong.checked = asked.has("wrong");

function narrow() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  rows.forEach((row, index) => {
    const fits = words.every((word) => texts[index].includes(word)) && (!wrong.checked || row.dataset.wrong === "1");
    row.hidden = !fits;
    shown += fits;
  });
  document.getElementById("shown").textContent = shown;
  document.getElementById("none").hidden = shown > 0 || !rows.length;
}

function changed() {
  const url = new URL(location.href);
  url.search = "";
  if (filter.value) url.searchParams.set("filter", filter.value);
  if (wrong.checked) url.searchParams.set("wrong", "");
  history.replaceState(null, "", url);
  narrow();
}

filter.addEventListener("input", changed);
wrong.addEventListener("change", changed);
narrow();

keys([
  { keys: ["/"], says: "filter", act: () => filter.select() },
  { keys: ["Escape"], says: "leave the filter", typing: true, act: () => document.activeElement.blur() },
]);

const known = document.querySelector("script[data-generation]").dataset;
const typing = () => document.activeElement === filter;
const question = () => get(`/lockgate/api/reload?generation=${known.generation}&run=${known.run}`);
poll(question, ({ generation, run }) => {
  // Nobody is interrupted in the middle of a word.
  if (!typing() && (String(generation) !== known.generation || run !== known.run)) location.reload();
}, 2000);
