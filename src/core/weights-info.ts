import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { WeightsFile } from "./container.ts";
import type { WeightsInfo } from "./types.ts";

/**
 * Gives what `info` says of a weights file. It is found when it is first asked for: the digest would double the time to the
 * first face.
 * @param bytes of the file; kept, so they must not change
 */
export function describeWeights({ metadata }: WeightsFile, bytes: Uint8Array): () => WeightsInfo {
  const { name, version, license } = metadata;
  let digest: string | undefined;
  return () => {
    digest ??= bytesToHex(sha256(bytes));
    return { name, version, license, sha256: digest };
  };
}
