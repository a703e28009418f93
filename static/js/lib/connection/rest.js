/** Requests a path of the REST API by GET; rejects with {code, detail} as the sockets do. */
export function get(path, parameters = {}) {
  return request("GET", path, { parameters })
}

/** Sends an object. With `keepalive`, also while the page is being left. */
export const post = (path, data) => request("POST", path, { data })
export const put = (path, data, options = {}) => request("PUT", path, { data, ...options })
export const remove = (path, parameters = {}, options = {}) => request("DELETE", path, { parameters, ...options })

async function request(method, path, { parameters = {}, data, keepalive = false }) {
  const url = new URL(path, location.origin)
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of [value].flat()) url.searchParams.append(name, one)
  }
  const headers = { Accept: "application/json" }
  if (method !== "GET") headers["X-CSRFToken"] = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? ""
  if (data !== undefined) headers["Content-Type"] = "application/json"
  const body = data === undefined ? undefined : JSON.stringify(data)
  let response
  try {
    response = await fetch(url, { method, headers, body, keepalive, credentials: "same-origin", cache: "no-store" })
  } catch {
    throw { code: "offline", detail: "There is no connection." }
  }
  if (response.status === 204) return null
  const answer = await response.json().catch(() => ({ code: "unavailable", detail: "The server gave no answer." }))
  if (!response.ok) throw answer
  return answer
}
