// Texts of messages on a page: control characters visible, JSON one value a line, differences line by line.

import { element } from "/lockgate/static/base.js";

const CONTROLS =
  /[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+/gu;
/** Tabs and ends of lines are not among them. */
const CONTROLS_IN_LINES =
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+/gu;
/** Lines around a difference that are shown. */
const AROUND = 3;
/** Rows of a comparison that are drawn at once; a button draws the next ones. */
const MOST_ROWS = 400;
/** Steps of the comparison, in the length of the shortest edit; texts that differ more are shown as replaced. */
const MOST_EDITS = 1500;

const escaped = (text) =>
  Array.from(text, (one) => {
    const code = one.codePointAt(0);
    if (code === 9) return "\\t";
    if (code === 10) return "\\n";
    if (code === 13) return "\\r";
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  }).join("");

/**
 * A text as nodes in which every character is seen: escapes stand for those that are not, or that turn others around.
 * With `lines`, ends of lines stay what they are.
 */
export function shown(text, { lines = false } = {}) {
  const nodes = [];
  let last = 0;
  for (const found of text.matchAll(lines ? CONTROLS_IN_LINES : CONTROLS)) {
    if (found.index > last) nodes.push(text.slice(last, found.index));
    nodes.push(element("span", { class: "control", title: "not a character that can be seen" }, escaped(found[0])));
    last = found.index + found[0].length;
  }
  if (last < text.length || !nodes.length) nodes.push(text.slice(last));
  return nodes;
}

/** JSON with one value a line, each as it was spelled; any other text as it is. */
export function pretty(text) {
  const start = text.trimStart()[0];
  if (start !== "{" && start !== "[") return text;
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  const parts = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gu) ?? [];
  const made = [];
  let depth = 0;
  const line = () => made.push("\n", "  ".repeat(depth));
  parts.forEach((part, index) => {
    if (part === "{" || part === "[") {
      made.push(part);
      depth += 1;
      if (parts[index + 1] !== "}" && parts[index + 1] !== "]") line();
    } else if (part === "}" || part === "]") {
      depth -= 1;
      if (parts[index - 1] !== "{" && parts[index - 1] !== "[") line();
      made.push(part);
    } else if (part === ",") {
      made.push(part);
      line();
    } else made.push(part === ":" ? ": " : part);
  });
  return made.join("");
}

const linesOf = (text) => (text ? text.split("\n") : []);
const asItIs = (line) => line;
/** A line that `pretty` made, without what only says where it stands. */
const withoutPlace = (line) => line.trim().replace(/,$/u, "");

/**
 * What became of the lines of a text: `{kind, text, was, before, after}` with kind same, removed or added, the line as it
 * is and, where it is the same, as it was, and its number on each side, from 1. An empty text has no lines.
 *
 * @param key What of a line is compared.
 */
export function compareLines(before, after, key = asItIs) {
  const [left, right] = [linesOf(before), linesOf(after)];
  const [was, is] = [left.map(key), right.map(key)];
  let head = 0;
  while (head < was.length && head < is.length && was[head] === is[head]) head += 1;
  let tail = 0;
  const most = Math.min(was.length, is.length) - head;
  while (tail < most && was[was.length - 1 - tail] === is[is.length - 1 - tail]) tail += 1;
  const kinds = [
    ...Array(head).fill("same"),
    ...edits(was.slice(head, was.length - tail), is.slice(head, is.length - tail)),
    ...Array(tail).fill("same"),
  ];
  let one = 0;
  let other = 0;
  return kinds.map((kind) => {
    if (kind === "removed") return { kind, text: left[one], before: ++one, after: null };
    if (kind === "added") return { kind, text: right[other], before: null, after: ++other };
    return { kind, was: left[one], text: right[other], before: ++one, after: ++other };
  });
}

/** The shortest edit from one list to another (Myers, An O(ND) Difference Algorithm, 1986), as kinds in order. */
function edits(left, right) {
  const replaced = [...Array(left.length).fill("removed"), ...Array(right.length).fill("added")];
  if (!left.length || !right.length) return replaced;
  const most = Math.min(left.length + right.length, MOST_EDITS);
  let reach = new Int32Array(2 * most + 3);
  const kept = [];
  for (let depth = 0; depth <= most; depth += 1) {
    kept.push(reach.slice(most - depth, most + depth + 3));
    for (let way = -depth; way <= depth; way += 2) {
      const down = way === -depth || (way !== depth && reach[most + way] < reach[most + way + 2]);
      let x = down ? reach[most + way + 2] : reach[most + way] + 1;
      while (x < left.length && x - way < right.length && left[x] === right[x - way]) x += 1;
      reach[most + way + 1] = x;
      if (x >= left.length && x - way >= right.length) return walkedBack(kept, left.length, right.length);
    }
  }
  return replaced;
}

function walkedBack(kept, width, height) {
  const kinds = [];
  let [x, y] = [width, height];
  for (let depth = kept.length - 1; depth > 0; depth -= 1) {
    const reach = kept[depth];
    const at = (way) => reach[depth + 1 + way];
    const way = x - y;
    const down = way === -depth || (way !== depth && at(way - 1) < at(way + 1));
    const from = down ? way + 1 : way - 1;
    const fromX = at(from);
    const start = down ? fromX : fromX + 1;
    while (x > start) {
      kinds.push("same");
      x -= 1;
    }
    kinds.push(down ? "added" : "removed");
    [x, y] = [fromX, fromX - from];
  }
  while (x > 0) {
    kinds.push("same");
    x -= 1;
  }
  return kinds.reverse();
}

/** Two texts beside each other, line by line, without the lines that are far from any difference. */
export function sideBySide(before, after, titles = ["before", "after"]) {
  let [left, right] = [pretty(before), pretty(after)];
  let note = "";
  if (left === right) {
    [left, right] = [before, after];
    note = "only white space changed";
  }
  // Where JSON is put into other JSON, its values are the same, a level deeper.
  const isJson = !note && left !== before && right !== after;
  const rows = paired(compareLines(left, right, isJson ? withoutPlace : asItIs));
  const body = element("tbody");
  draw(body, rows);
  const cells = titles.map((title) => element("th", { colspan: "2", scope: "colgroup" }, title));
  return element(
    "div",
    { class: "difference" },
    note && element("p", { class: "faint" }, note),
    element("table", { class: "sides" }, widths(), element("thead", {}, element("tr", {}, cells)), body),
  );
}

function draw(body, rows) {
  for (const row of rows.slice(0, MOST_ROWS)) {
    if (row.gap) body.append(folded(`${row.gap} equal ${row.gap === 1 ? "line" : "lines"}`, (line) => line.replaceWith(...row.rows.map(pairRow))));
    else body.append(pairRow(row));
  }
  const rest = rows.slice(MOST_ROWS);
  if (rest.length) body.append(folded(`${rest.length.toLocaleString()} more ${rest.length === 1 ? "row" : "rows"}`, (line) => {
    line.remove();
    draw(body, rest);
  }));
}

/** A row that stands for others, until somebody asks. */
function folded(text, open) {
  const button = element("button", { type: "button", class: "gap" }, text);
  const line = element("tr", {}, element("td", { colspan: "4" }, button));
  button.addEventListener("click", () => open(line));
  return line;
}

/** Numbers of lines take little; the texts share the rest. */
function widths() {
  const columns = ["number", "text", "number", "text"].map((kind) => element("col", { class: kind }));
  return element("colgroup", {}, columns);
}

/** Removed and added lines beside each other; equal lines far from both folded into a gap. */
function paired(lines) {
  const rows = [];
  for (let index = 0; index < lines.length; ) {
    if (lines[index].kind === "same") {
      rows.push([lines[index], lines[index]]);
      index += 1;
      continue;
    }
    const removed = [];
    const added = [];
    for (; index < lines.length && lines[index].kind !== "same"; index += 1)
      (lines[index].kind === "removed" ? removed : added).push(lines[index]);
    for (let one = 0; one < Math.max(removed.length, added.length); one += 1)
      rows.push([removed[one] ?? null, added[one] ?? null]);
  }
  const near = new Uint8Array(rows.length);
  rows.forEach(([left], index) => {
    if (left?.kind === "same") return;
    near.fill(1, Math.max(0, index - AROUND), index + AROUND + 1);
  });
  const made = [];
  for (let index = 0; index < rows.length; ) {
    if (near[index]) {
      made.push(rows[index]);
      index += 1;
      continue;
    }
    const start = index;
    while (index < rows.length && !near[index]) index += 1;
    made.push({ gap: index - start, rows: rows.slice(start, index) });
  }
  return made;
}

function pairRow([left, right]) {
  const cells = [
    [left, "removed", left?.before, left?.was ?? left?.text],
    [right, "added", right?.after, right?.text],
  ].flatMap(([line, kind, number, text]) => {
    const changed = line && line.kind !== "same" ? kind : line ? null : "absent";
    return [
      element("td", { class: "number" }, line ? String(number) : ""),
      element("td", { class: changed }, line && element("pre", {}, shown(text, { lines: true }))),
    ];
  });
  return element("tr", {}, cells);
}
