import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/** The SHA-256 of bytes, in hexadecimal digits. */
export const digest = (bytes: Uint8Array): string => bytesToHex(sha256(bytes));
