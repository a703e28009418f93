// Rules that find faults; how the code looks is not theirs. `npx eslint .` runs them, and so does `./run test`.
import js from "@eslint/js"
import globals from "globals"

const SCRIPTS = "static/js"
const MARKUP = [
  "AssignmentExpression[left.property.name=/^(inner|outer)HTML$/]",
  "CallExpression[callee.property.name='insertAdjacentHTML']",
]
// Folders import downwards alone: behaviours → lib → models, which know no page.
const above = (...folders) => [
  "error",
  { patterns: folders.map((folder) => ({ group: [`**/${folder}/*`], message: `${folder}/ stands above this folder.` })) },
]

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
    languageOptions: { globals: { ...off(globals.browser), setTimeout: "readonly", performance: "readonly" } },
    rules: { "no-restricted-imports": above("lib", "behaviours") },
  },
  { files: [`${SCRIPTS}/lib/**`], rules: { "no-restricted-imports": above("behaviours") } },
  { files: ["tests/**", "docs/**", "benchmarks/**"], languageOptions: { globals: globals.node } },
]

function off(names) {
  return Object.fromEntries(Object.keys(names).map((name) => [name, "off"]))
}
