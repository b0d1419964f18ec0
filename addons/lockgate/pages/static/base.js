// What scripts of all pages share. Text goes into pages as text nodes only.

const cookie = (name) =>
  document.cookie.split("; ").find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function ask(method, url, value) {
  const headers = { "X-XSRFToken": cookie("_mitmproxy_xsrf") };
  if (value !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(url, { method, headers, body: value === undefined ? undefined : JSON.stringify(value) });
  } catch {
    throw new Refused(0, "the gateway does not answer");
  }
  const text = await answer.text();
  let data = null;
  try {
    data = text ? JSON.parse(text) : null;
  } catch {
    throw new Refused(answer.status, `expected JSON, found ${text.slice(0, 200)}`);
  }
  if (!answer.ok) throw new Refused(answer.status, data?.error ?? answer.statusText);
  return data;
}

/** The data at an address; throws Refused with the gateway's own words. */
export const get = (url) => ask("GET", url);
export const post = (url, value = {}) => ask("POST", url, value);
export const patch = (url, value) => ask("PATCH", url, value);
export const remove = (url) => ask("DELETE", url);

/**
 * An element. Properties: `class`, `title`, …; `on…` are listeners; `data` an object of data attributes.
 * Children are elements or texts; null and false are left out.
 */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "data") Object.assign(made.dataset, value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** Says something in the bar; "" takes it away. */
export function say(text, kind = "") {
  const status = document.getElementById("status");
  status.textContent = text;
  status.className = kind;
}

/**
 * Asks again and again, while the page is seen. What is wrong is said in the bar, until it is right again.
 *
 * @param question Asks.
 * @param answered Called with what came; gives back false to have nothing asked any longer.
 */
export function poll(question, answered, milliseconds) {
  let wrong = false;
  const timer = setInterval(async () => {
    if (document.hidden) return;
    try {
      const answer = await question();
      if (wrong) say("");
      wrong = false;
      if (answered(answer) === false) clearInterval(timer);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      wrong = true;
      say(error.message, "bad");
    }
  }, milliseconds);
}

/** Runs what a person asked for; a refusal is said in the bar. */
export async function attempt(action) {
  try {
    say("");
    return await action();
  } catch (error) {
    say(error.message, "bad");
    if (!(error instanceof Refused)) throw error;
    return undefined;
  }
}
