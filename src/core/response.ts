/** What fetching a file comes to: alike for weights, modules and images. */

/** Why a fetch failed; Node's own message is "fetch failed", and the cause tells. */
export function fetchFailure(error: unknown): string {
  const { message, cause } = error as Error & { cause?: Error };
  return cause?.message || message;
}

/**
 * @param name what errors call it
 * @throws Error for a request that failed, TypeError for a response that has been read
 */
export function checkResponse(name: string, response: Response): void {
  if (!response.ok) throw new Error(`${name}: the server answers ${response.status} for ${response.url}.`);
  if (response.bodyUsed) throw new TypeError(`${name}: this Response has been read before: give a new one.`);
}
