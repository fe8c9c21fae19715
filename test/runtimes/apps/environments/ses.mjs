// Hardened JavaScript: the intrinsics are frozen before anything else is loaded.
import "ses";

lockdown();
await import("./run.mjs");
