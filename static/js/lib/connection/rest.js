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

/** Sends an object to a path of the REST API by POST; rejects as `get` does. */
export function send(path, data) {
  return change(path, { method: "POST", body: JSON.stringify(data) })
}

/** Deletes what a path of the REST API names; rejects as `get` does. */
export function remove(path) {
  return change(path, { method: "DELETE" })
}

async function change(path, options) {
  const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? ""
  const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token }
  let response
  try {
    response = await fetch(path, { ...options, headers, credentials: "same-origin" })
  } catch {
    throw { code: "offline", detail: "There is no connection." }
  }
  const answer = response.status === 204 ? null : await response.json().catch(() => ({ code: "unavailable", detail: "The server gave no answer." }))
  if (!response.ok) throw answer
  return answer
}
