const ANSWER_MS = 20_000

/** Fetches a page of the site and returns its document; null where it isn't to be had. */
export async function fetchDocument(url) {
  try {
    const response = await fetch(url, { credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) })
    return response.ok ? new DOMParser().parseFromString(await response.text(), "text/html") : null
  } catch {
    return null
  }
}
