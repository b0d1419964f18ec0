// Templates and scripts that stand in a definition as base64: shown as text beside it, and written back where they stand.

import { element, say } from "/lockgate/static/base.js";

const by = (id) => document.getElementById(id);

/** `{pointer, text, encoded, offset}` of each. */
let embedded = [];
/** The text as it was before the last key. */
let before = "";

/** Puts a text into the field; what stands in it is told by `showEmbedded`. */
export function write(text) {
  by("text").value = text;
  before = by("text").value;
}

/** What is offered now. */
export const offered = () => embedded;

/** Offers what stands in a text as base64. */
export function showEmbedded(found) {
  const shown = by("embedded").value;
  embedded = found;
  by("of-embedded").hidden = embedded.length === 0;
  by("embedded").replaceChildren(
    ...embedded.map((one, index) => element("option", { value: String(index) }, titleOf(one.pointer))),
  );
  if (embedded[shown]) by("embedded").value = shown;
  showInner();
}

const titleOf = (pointer) => pointer.replace(/^\/x-tyk-api-gateway\/middleware\//, "").replace(/~1/g, "/");
const inner = () => embedded[Number(by("embedded").value)];

function showInner() {
  by("inner").value = inner()?.text ?? "";
}

/** Shows the first one that fits. */
export function chooseEmbedded(matches) {
  const index = embedded.findIndex(matches);
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
  const at = one.offset;
  if (!text.value.startsWith(one.encoded, at)) {
    say("the template is no longer in the text as it was: open the file again", "bad");
    return;
  }
  const made = encoded(by("inner").value);
  write(text.value.slice(0, at) + made + text.value.slice(at + one.encoded.length));
  for (const other of embedded) {
    if (other !== one && other.offset > at) other.offset += made.length - one.encoded.length;
  }
  Object.assign(one, { text: by("inner").value, encoded: made, offset: at });
}

/** Moves what stands behind an edit of the text, so that a template is written where it stands now. */
function follow() {
  const [was, is] = [before, by("text").value];
  before = is;
  let head = 0;
  const most = Math.min(was.length, is.length);
  while (head < most && was[head] === is[head]) head += 1;
  for (const one of embedded) if (one.offset >= head) one.offset += is.length - was.length;
}

by("embedded").addEventListener("change", showInner);
by("inner").addEventListener("input", putInner);
by("text").addEventListener("input", follow);
