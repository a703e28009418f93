/** The address that a notification opens: of this site, whatever it says. */
export function addressOf(data, origin) {
  try {
    const url = new URL(data?.url ?? "/", origin)
    return url.origin === origin ? url.href : `${origin}/`
  } catch {
    return `${origin}/`
  }
}
