"""Bundles: the site's ES modules joined into one file, and its style sheets into a few.

Templates name an entry: a module that imports others (`static/js/*.js`), or a sheet that imports its neighbours
(`static/css/*.css`). A browser can load the sources as they are, file by file, and does while DEBUG is set. `collectstatic`
puts the joined file in the entry's place, under the same name. No list of files exists but the imports themselves. What is
imported by `import()` alone comes in a second file.
docs/decisions/001-joined-modules.md has the reasons and the figures.

The joiner reads the part of JavaScript that the sources use: imports and exports by name, each at the start of a line, and
`import()` of a literal address, or of a template literal with one gap for a file's path below a folder, of which all come at
once. It refuses the rest.
"""

import hashlib
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from whitenoise.storage import CompressedStaticFilesStorage

IMPORT = re.compile(r'^import (?P<names>\{[^}]*\}) from "(?P<path>\.[^"\n]*)";?$', re.MULTILINE)
EXPORT = re.compile(
    r"^export (?=(?:(?:async )?function\*? |class |const )(?P<name>\w+)(?: =|[ (]))", re.MULTILINE
)
# The exports at the end of a file as minifiers write them: `export{a as one,b as two};`
EXPORT_LIST = re.compile(r"\bexport ?(?P<names>\{[^{}]*\});?\s*\Z")
IMPORT_LATER = re.compile(r'\bimport\("(?P<path>\.[^"\n]*)"\)')
IMPORT_ANY_OF = re.compile(r"\bimport\(`(?P<folder>\.[^`$]*/)(?P<path>\$\{[^`]*\}\.js)`\)")
UNREADABLE = re.compile(r"^(?:import|export)\b.*|(?<![\w$.])import ?[(.].*", re.MULTILINE)
# A comment on lines of its own. Strings and templates are matched first, so that their contents are never taken for one.
STRING_OR_COMMENT = re.compile(
    r""""(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`"""
    r"""|(?P<comment>^[ \t]*(?://[^\n]*|/\*\*(?s:.*?)\*/)\n)""",
    re.MULTILINE,
)
# A comment of a sheet, on lines of its own or behind something.
SHEET_COMMENT = re.compile(r"(?:^[ \t]*)?/\*(?!!)(?s:.*?)\*/\n?", re.MULTILINE)
SHEET_IMPORT = re.compile(r'^@import url\("(?P<name>[\w/-]+\.css)"\);$', re.MULTILINE)

# The loader of a joined file: it runs a module when it is first imported, and once, as browsers do.
LOADER = """\
const $made = new Map()
const $load = (name) => {
  if (!$made.has(name)) $made.set(name, $modules[name]())
  return $made.get(name)
}
"""
IMPORTER = """\
const $import = async (name) => $load(name)
export { $load }
"""
# The loader of one that has a second file. Browsers remember that an address failed, so it is asked for by another one
# again. A server that was upgraded since has the file of another version, of which the page's modules can't be sure. It is
# fetched as soon as somebody is there, before they ask for anything in it.
LATE_IMPORTER = """\
let $late, $tries = 0
const $fetch = () => $late ??= import(`./$file${$tries ? `?${$tries}` : ""}`).then(({ version, modules }) => {
  if (version !== "$version") throw new Error("The server has other scripts by now.")
  Object.assign($modules, modules($load, $import))
}).catch((error) => {
  $tries += 1
  $late = undefined
  throw error
})
const $import = async (name) => {
  if (!(name in $modules)) await $fetch()
  return $load(name)
}
export { $load, $import }
const $prepare = () => $fetch().catch(() => {})
for (const type of ["pointerdown", "keydown"]) {
  globalThis.addEventListener?.(type, $prepare, { once: true, passive: true })
}
"""


class Unreadable(Exception):
    """A source file that the joiner can't join."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"static/{name} can't be joined with others: {problem}")


class Module:
    """An ES module, `name` being its path in the folder of sources.

    `imports` lists (module, {exported name: local name}), `exports` maps exported names to local ones, `later` has the
    modules that `import()` may ask for, `at_once` those of a folder of which it may ask for any, and `body` is the text
    without its import and export words.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.imports: list[tuple[str, dict[str, str]]] = []
        self.exports: dict[str, str] = {}
        self.later: set[str] = set()
        self.at_once: set[str] = set()
        try:
            self.body = self._read((folder / name).read_text())
        except FileNotFoundError:
            raise Unreadable(name, "there is no such file") from None

    def _read(self, text: str) -> str:
        for pattern, replace in (
            (IMPORT, self._take_import),
            (EXPORT, self._take_export),
            (EXPORT_LIST, self._take_export_list),
            (IMPORT_LATER, self._take_import_later),
            (IMPORT_ANY_OF, self._take_import_any_of),
        ):
            text = pattern.sub(replace, text)
        if found := UNREADABLE.search(text):
            line = text.count("\n", 0, found.start()) + 1
            raise Unreadable(self.name, f"line {line}: {found[0][:80]}")
        return text

    def _take_import(self, found: re.Match[str]) -> str:
        self.imports.append((self._neighbour(found["path"]), dict(renamed(found["names"]))))
        # Lines keep their numbers, for the message of Unreadable.
        return "\n" * found[0].count("\n")

    def _take_export(self, found: re.Match[str]) -> str:
        self.exports[found["name"]] = found["name"]
        return ""

    def _take_export_list(self, found: re.Match[str]) -> str:
        self.exports |= {exported: local for local, exported in renamed(found["names"])}
        return ""

    def _take_import_later(self, found: re.Match[str]) -> str:
        name = self._neighbour(found["path"])
        self.later.add(name)
        return f'$import("{name}")'

    def _take_import_any_of(self, found: re.Match[str]) -> str:
        folder = self._neighbour(found["folder"])
        paths = (self.folder / folder).rglob("*.js")
        self.at_once |= {path.relative_to(self.folder).as_posix() for path in paths}
        return f"$import(`{folder}/{found['path']}`)"

    def _neighbour(self, path: str) -> str:
        return posixpath.normpath(posixpath.join(posixpath.dirname(self.name), path))

    def program(self) -> str:
        """The body behind its imports; `import` is hoisted too."""
        imports = "".join(f'const {object_of(names)} = $load("{other}");\n' for other, names in self.imports)
        return f"{imports}{without_comments(self.body).strip()}\n"

    def function(self) -> str:
        """An entry of `$modules`: runs the module and returns its exports."""
        return f'"{self.name}"() {{\n{self.program()}return {object_of(self.exports)}\n}},\n'

    def stand_in(self, entry: str, is_late: bool) -> str:
        """The file at the module's own address: it exports the module of the joined file, so that a page never has two."""
        path = posixpath.relpath(entry, posixpath.dirname(self.name))
        exports = (
            "export default $module.default" if name == "default" else f"export const {name} = $module.{name}"
            for name in self.exports
        )
        load, call = ("$import", "await $import") if is_late else ("$load", "$load")
        lines = (f'import {{ {load} }} from "{path}"', f'const $module = {call}("{self.name}")', *exports)
        return "\n".join(lines) + "\n"


def renamed(clause: str) -> Iterator[tuple[str, str]]:
    """Pairs of a clause such as `{ a, b as c }`: (a, a) and (b, c)."""
    for part in filter(None, (part.strip() for part in clause.strip("{}").split(","))):
        first, _, second = part.partition(" as ")
        yield first.strip(), (second or first).strip()


def object_of(names: dict[str, str]) -> str:
    """`{ a, b: c }`, which JavaScript reads as an object and as a pattern that takes one apart."""
    pairs = (outer if outer == inner else f"{outer}: {inner}" for outer, inner in names.items())
    return f"{{ {', '.join(pairs)} }}"


def without_comments(text: str) -> str:
    """The text without comments on lines of their own: a sixth of what a browser would be sent."""
    return STRING_OR_COMMENT.sub(lambda found: "" if found["comment"] else found[0], text)


def modules_of(folder: Path, entry: str) -> dict[str, Module]:
    """All modules that the entry imports, directly or not, now or later, by name. The entry itself is the first."""
    found: dict[str, Module] = {}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name not in found:
            module = found[name] = Module(folder, name)
            waiting += sorted({other for other, _ in module.imports} | module.later | module.at_once)
    check_imports(found)
    return found


def needed_at_once(modules: dict[str, Module], entry: str) -> set[str]:
    """Names of the modules that a page needs to begin with: not those that are imported by `import()` alone."""
    found: set[str] = set()
    waiting = {entry}
    while waiting:
        module = modules[waiting.pop()]
        found.add(module.name)
        waiting |= {other for other, _ in module.imports} | module.at_once
        waiting -= found
    return found


def check_imports(modules: dict[str, Module]) -> None:
    """Refuse an import of a name that isn't exported, and of a module that imports the importer."""
    checked: set[str] = set()

    def check(module: Module, importers: tuple[str, ...]) -> None:
        if module.name in importers:
            raise Unreadable(module.name, f"it imports itself by way of {importers[-1]}")
        for other, names in () if module.name in checked else module.imports:
            if missing := names.keys() - modules[other].exports.keys():
                raise Unreadable(module.name, f"{other} has no {', '.join(sorted(missing))}")
            check(modules[other], (*importers, module.name))
        checked.add(module.name)

    for module in modules.values():
        check(module, ())


def joined_modules(folder: Path, entry: str) -> dict[str, str]:
    """The joined entry, its second file if there is one, and the stand-ins of the modules in both, by name; nothing for an
    entry without imports."""
    modules = modules_of(folder, entry)
    first = modules[entry]
    others = sorted((module for name, module in modules.items() if name != entry), key=lambda one: one.name)
    if not others:
        return {}
    if first.exports:
        raise Unreadable(entry, "an entry exports nothing")
    at_once = needed_at_once(modules, entry)
    table, late = (
        "".join(module.function() for module in others if (module.name in at_once) is early)
        for early in (True, False)
    )
    importer, files = with_late(entry, table, late) if late else (IMPORTER, {})
    stand_ins = {module.name: module.stand_in(entry, module.name not in at_once) for module in others}
    text = f"const $modules = {{\n{table}}}\n{LOADER}{importer}{first.program()}"
    return {entry: text} | files | stand_ins


def with_late(entry: str, table: str, late: str) -> tuple[str, dict[str, str]]:
    """The loader of an entry with a second file, and that file by its name."""
    name = f"{entry.removesuffix('.js')}.later.js"
    version = hashlib.sha256(f"{table}\0{late}".encode()).hexdigest()[:12]
    importer = LATE_IMPORTER.replace("$file", posixpath.basename(name)).replace("$version", version)
    text = f'export const version = "{version}"\nexport const modules = ($load, $import) => ({{\n{late}}})\n'
    return importer, {name: text}


def joined_sheet(folder: Path, name: str) -> str:
    """The sheet with each imported one in the place of its `@import`, without comments.

    Raises Unreadable for an `@import` of another form, and for a relative address in a sheet of another folder.
    """

    def imported(found: re.Match[str]) -> str:
        other = posixpath.join(posixpath.dirname(name), found["name"])
        text = joined_sheet(folder, other)
        if "/" in found["name"] and "url(" in text:
            raise Unreadable(other, "a relative address means another one in the sheet that imports it")
        return text

    text = SHEET_IMPORT.sub(imported, bare_sheet((folder / name).read_text()))
    if "@import" in text:
        raise Unreadable(name, 'an @import that is not of the form @import url("other.css");')
    return text


def bare_sheet(text: str) -> str:
    """The sheet without comments: a sixth of what a browser would be sent."""
    return SHEET_COMMENT.sub("", text)


def joined(folder: Path) -> dict[str, str]:
    """The texts that replace sources of this folder, by name."""
    texts: dict[str, str] = {}
    for path in sorted(folder.glob("js/*.js")):
        for name, text in joined_modules(folder, f"js/{path.name}").items():
            if name in texts:
                raise Unreadable(name, "two entries import it")
            texts[name] = text
    for path in sorted(folder.glob("css/*.css")):
        if SHEET_IMPORT.search(path.read_text()):
            texts[f"css/{path.name}"] = joined_sheet(folder, f"css/{path.name}")
    return texts


class JoinedStaticFilesStorage(CompressedStaticFilesStorage):
    """The storage of `collectstatic`: joins what it has copied, then compresses it."""

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        if not dry_run:
            # The sources are joined: files in the target may be joined already.
            texts = joined(settings.BASE_DIR / "static")
            for name, text in texts.items():
                Path(self.path(name)).write_text(text)
            paths = {**dict.fromkeys(texts), **paths}
        yield from super().post_process(paths, dry_run, **options)
