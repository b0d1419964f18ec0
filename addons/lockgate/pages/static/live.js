// What changes in the gateway, as it happens.

/**
 * Listens to an address of server-sent events.
 *
 * @param address Whose events are JSON.
 * @param tell Called with each value.
 * @param connected Called with true and false as the connection comes and goes.
 * @returns A function that ends it.
 */
export function listen(address, tell, connected = () => {}) {
  const source = new EventSource(address);
  source.addEventListener("message", (event) => tell(JSON.parse(event.data)));
  source.addEventListener("open", () => connected(true));
  source.addEventListener("error", () => connected(false));
  const close = () => source.close();
  window.addEventListener("pagehide", close);
  return () => {
    window.removeEventListener("pagehide", close);
    close();
  };
}
