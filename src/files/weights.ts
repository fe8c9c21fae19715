/** What an import of `fivepoint/weights.safetensors` gives by a rule for data: Cloudflare Workers. */
declare const bytes: ArrayBuffer;
export default bytes;
