/** Requests a path of the REST API by GET; rejects with {code, detail} as the sockets do. */
export async function get(path, parameters = {}) {
  const url = new URL(path, location.origin)
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of [value].flat()) url.searchParams.append(name, one)
  }
  let response
  try {
    response = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin", cache: "no-store" })
  } catch {
    throw { code: "offline", detail: "There is no connection." }
  }
  const answer = await response.json().catch(() => ({ code: "unavailable", detail: "The server gave no answer." }))
  if (!response.ok) throw answer
  return answer
}
