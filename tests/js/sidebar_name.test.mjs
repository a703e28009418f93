import "./support/browser_receivers.mjs"
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import { sidebarName } from "../../static/js/models/sidebar_name.js"

const cases = JSON.parse(readFileSync(new URL("./sidebar_names.json", import.meta.url)))

for (const { name, people, alike, shown } of cases) {
  test(`${name} of ${people.length}, ${alike.length} alike, is ${shown}`, () => {
    const named = people.map(([username, display_name]) => ({ username, display_name }))
    assert.equal(sidebarName({ name, people: named }, (username) => alike.includes(username)), shown)
  })
}
