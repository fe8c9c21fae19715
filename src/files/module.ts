/** What an import of `fivepoint/model.wasm` gives where the platform compiles it: Cloudflare Workers, edge functions. */
import type { WasmModule } from "../core/types.ts";

declare const module: WasmModule;
export default module;
