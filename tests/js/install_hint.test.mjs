import assert from "node:assert/strict"
import { test } from "node:test"
import { installHint } from "../../static/js/models/install_hint.js"

const CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
const IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1"
const MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15"
const FENIX = "Mozilla/5.0 (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"
const SOMEBODY = { userAgent: CHROME, touch: false, canPrompt: false, standalone: false, dismissed: false, visits: 2 }

test("each browser is asked, or says where it has it", () => {
  for (const [about, words] of [
    [{ canPrompt: true }, /^prompt$/],
    [{ userAgent: IPHONE }, /Add to Home Screen/],
    [{ userAgent: MAC, touch: true }, /Add to Home Screen/],
    [{ userAgent: MAC }, /Add to Dock/],
    [{ userAgent: FENIX }, /Add app to Home screen/],
  ]) assert.match(installHint({ ...SOMEBODY, ...about }), words)
  assert.equal(installHint(SOMEBODY), null)
})

test("nobody is asked at the first visit, once it is put away, or within the app", () => {
  for (const about of [{ visits: 1 }, { dismissed: true }, { standalone: true }]) {
    for (const browser of [{ canPrompt: true }, { userAgent: IPHONE }]) assert.equal(installHint({ ...SOMEBODY, ...browser, ...about }), null)
  }
})
