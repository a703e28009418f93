// Rules that find faults; how the code looks is not theirs. `npx eslint .` runs them, and so does `./run test`.
import js from "@eslint/js"
import globals from "globals"

const SCRIPTS = "static/js"
const MARKUP = [
  "AssignmentExpression[left.property.name=/^(inner|outer)HTML$/]",
  "CallExpression[callee.property.name='insertAdjacentHTML']",
]
// From the top down: a folder imports from those below it alone, and models know no page. Imports are relative, so that a
// pattern has a folder's last name.
const LAYERS = ["behaviours", "lib", "lib/room", "lib/people", "lib/emoji", "lib/push", "lib/connection", "lib/page", "models"]
const layers = LAYERS.map((folder, place) => ({
  files: [`${SCRIPTS}/${folder}/**`],
  rules: { "no-restricted-imports": notFrom(LAYERS.slice(0, place)) },
}))

export default [
  { ignores: ["**/node_modules/", "static/vendor/", "data/", ".venv/"] },
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "array-callback-return": "error",
      "consistent-this": "error",
      eqeqeq: "error",
      "no-constant-binary-expression": "error",
      "no-duplicate-imports": "error",
      "no-implicit-coercion": "error",
      // Escaped code points are meant one by one.
      "no-misleading-character-class": ["error", { allowEscape: true }],
      "no-self-compare": "error",
      "no-shadow": "error",
      "no-template-curly-in-string": "error",
      "no-unmodified-loop-condition": "error",
      "no-unused-expressions": ["error", { allowShortCircuit: true, allowTernary: true }],
      "no-unused-vars": ["error", { varsIgnorePattern: "^_$", caughtErrors: "all" }],
      "no-use-before-define": ["error", { functions: false, classes: false, variables: false }],
      "no-useless-assignment": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
    },
  },
  // What people write reaches the page as text; the one exception is marked where it stands.
  {
    files: [`${SCRIPTS}/**`],
    languageOptions: { globals: globals.browser },
    rules: {
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-restricted-syntax": ["error", ...MARKUP.map((selector) => ({ selector, message: "Use textContent or elements." }))],
      "no-script-url": "error",
    },
  },
  {
    files: [`${SCRIPTS}/models/**`],
    languageOptions: { globals: { ...off(globals.browser), setTimeout: "readonly", performance: "readonly", AbortController: "readonly" } },
  },
  ...layers,
  { files: [`${SCRIPTS}/worker/**`], languageOptions: { globals: globals.serviceworker } },
  { files: ["tests/**", "docs/**", "benchmarks/**"], languageOptions: { globals: globals.node } },
]

function notFrom(folders) {
  const patterns = folders.map((folder) => ({
    group: [`**/${folder.split("/").at(-1)}/**`],
    message: `${folder}/ stands above this folder.`,
  }))
  return ["error", { patterns }]
}

function off(names) {
  return Object.fromEntries(Object.keys(names).map((name) => [name, "off"]))
}
