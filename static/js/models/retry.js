const FIRST_DELAY_MS = 1000
const LONGEST_DELAY_MS = 8000

/** Errors after which the same `client_id` is sent again: it finds out whether the server has it already. */
export const TRANSIENT_ERRORS = new Set(["timeout", "offline", "unavailable", "rate_limited"])

/** Milliseconds before a try that follows `tries` ones: as long as the server says, or growing. */
export function retryDelay(tries, error = {}) {
  return error.retry_after ? error.retry_after * 1000 : Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (tries - 1))
}
