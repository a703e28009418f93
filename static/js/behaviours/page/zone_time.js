const MINUTE_MS = 60_000

/** Shows what time it is in the zone of `data-zone`, as the reader's clocks do. */
export function mount(element) {
  const format = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit", timeZone: element.dataset.zone })
  const show = () => (element.textContent = format.format(new Date()))
  show()
  setInterval(show, MINUTE_MS / 4)
}
