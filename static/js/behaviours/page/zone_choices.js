/** Offers the time zones that the browser knows, its own first, below the text field inside. */
export function mount(element) {
  const field = element.querySelector("input")
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
  const list = document.createElement("datalist")
  list.id = `${field.id}-choices`
  for (const zone of new Set([timeZone, ...(Intl.supportedValuesOf?.("timeZone") ?? [])])) list.append(new Option(zone, zone))
  field.after(list)
  field.setAttribute("list", list.id)
  field.placeholder = timeZone
}
