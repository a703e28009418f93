/**
 * The name of a room in the sidebar: several people of a direct room go by their first names, so that they fit; one whose
 * name looks like another's has the username behind it. `sidebar_name` in `rooms/templatetags/sidebar.py` follows the same
 * rule; `tests/js/sidebar_names.json` holds both to it.
 */
export function sidebarName({ name, people = [] }, isLookalike) {
  if (people.length > 1) return people.map((person) => person.display_name.split(/\s+/)[0]).join(", ")
  const [person] = people
  const distinct = !person || person.display_name === person.username || !isLookalike(person.username)
  return distinct ? name : `${name} @${person.username}`
}
