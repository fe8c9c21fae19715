/** A problem with the request: becomes `{"error": {"code", "message"}}` with this status. */
export class RequestError extends Error {
  constructor(
    readonly status: 400 | 413 | 415 | 422,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}
