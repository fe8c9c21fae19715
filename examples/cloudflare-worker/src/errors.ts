import type { ContentfulStatusCode } from "hono/utils/http-status";

/** A problem with the request: becomes `{"error": {"code", "message"}}` with this status. */
export class RequestError extends Error {
  constructor(
    readonly status: ContentfulStatusCode,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}
