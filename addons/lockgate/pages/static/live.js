// What changes in the gateway, as it happens.

import { get } from "/lockgate/static/base.js";

/** Until a connection that the browser gave up is tried again, in milliseconds. */
const AGAIN_AFTER = 2000;

// A page that the browser kept as it was has no connection any longer.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

/**
 * Listens to an address of server-sent events. A browser connects again by itself when a connection breaks, and gives up
 * when it is refused, as by a gateway that was started anew and knows nobody: then this tries again.
 *
 * @param address Whose events are JSON.
 * @param tell Called with each value.
 * @param connected Called with true and "", or false and what is wrong, as the connection comes and goes.
 * @returns A function that ends it.
 */
export function listen(address, tell, connected = () => {}) {
  let source = null;
  let later = 0;
  let last = "";
  const url = new URL(address, location.href);
  const begin = () => {
    if (last) url.searchParams.set("since", last);
    source = new EventSource(url);
    source.addEventListener("message", (event) => {
      last = event.lastEventId || last;
      tell(JSON.parse(event.data));
    });
    source.addEventListener("open", () => connected(true, ""));
    source.addEventListener("error", async () => {
      const mine = source;
      if (mine.readyState !== EventSource.CLOSED) return connected(false, "the gateway does not answer; trying again …");
      const why = await refusal();
      if (source !== mine) return;
      connected(false, why);
      later = setTimeout(begin, AGAIN_AFTER);
    });
  };
  const close = () => {
    clearTimeout(later);
    source?.close();
    source = null;
  };
  begin();
  window.addEventListener("pagehide", close);
  return () => {
    window.removeEventListener("pagehide", close);
    close();
  };
}

/** Why nothing is told, in the gateway's words. */
async function refusal() {
  try {
    await get("/lockgate/api/pauses");
    return "the connection was refused; trying again …";
  } catch (error) {
    return error.message;
  }
}
