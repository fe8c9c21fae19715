import { send } from "./send.mjs";

// A service worker that isn't at work yet takes messages.
async function start() {
  const { installing } = await navigator.serviceWorker.register("/apps/browser/service-worker.mjs", {
    type: "module",
  });
  installing.postMessage("probe");
}
start().catch((error) => send(Promise.reject(error)));
