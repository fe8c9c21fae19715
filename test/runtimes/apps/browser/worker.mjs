import { send } from "./send.mjs";

// A module worker runs the same script as a page.
const worker = new Worker("/apps/browser/main.mjs", { type: "module" });
worker.onerror = ({ message }) => send(Promise.reject(new Error(message)));
