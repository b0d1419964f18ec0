import { get, say } from "./base.js";

const filter = document.getElementById("filter");
const wrong = document.getElementById("wrong");
const rows = [...document.querySelectorAll("#apis tbody tr")];
const texts = rows.map((row) => row.textContent.toLowerCase());

function narrow() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  rows.forEach((row, index) => {
    const fits = words.every((word) => texts[index].includes(word)) && (!wrong.checked || row.dataset.wrong === "1");
    row.hidden = !fits;
    shown += fits;
  });
  document.getElementById("shown").textContent = shown;
}

filter.addEventListener("input", narrow);
wrong.addEventListener("change", narrow);
narrow();

const known = document.querySelector("script[data-generation]").dataset.generation;
setInterval(async () => {
  if (document.hidden) return;
  try {
    const { generation } = await get(`/lockgate/api/reload?generation=${known}`);
    if (String(generation) !== known) location.reload();
  } catch (error) {
    say(error.message, "bad");
  }
}, 2000);
