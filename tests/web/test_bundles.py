"""What is made of the site's modules and sheets before they are served: the same site in few files."""

import gzip
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.test import RequestFactory, override_settings
from whitenoise.middleware import WhiteNoiseMiddleware

from chatsite.conf import BASE_DIR
from chatsite.web import bundles, versioned_static
from chatsite.web_app import read_program

SOURCES = BASE_DIR / "static"
# A module of the table in a joined file, by its name.
JOINED = re.compile(r'^"((?:js|vendor)/[\w./]+)"\(\) \{$', re.MULTILINE)

# Each prints what it does; `node` runs the modules as they are, and joined.
PROGRAM = {
    "js/main.js": """\
/** Comes first, and runs last. */
import { log, lines } from "./lib/log.js"
import { Base, make as build, count } from "./lib/base.js"
import {
  later,
} from "./behaviours/some/two_words.js"

log("main")
const name = "some/two-words"
const found = await import(`./behaviours/${name.replaceAll("-", "_")}.js`)
log(found.later === later, new Base().say(), build(), count, found.mount())
const { unused } = await import("./lib/unused.js")
log(unused)
await import(`./behaviours/${"none"}.js`).catch(() => log("none"))
await import(`./behaviours/${"broken"}.js`).catch((error) => log(error.message))
console.log(lines.join("\\n"))
""",
    "js/lib/log.js": """\
export const lines = []
export function log(...words) {
  lines.push(words.join(" "))
}
""",
    "js/lib/base.js": """\
import { log } from "./log.js"
import { one } from "../../vendor/small.min.js"
// A line for readers.
log("base")
/** And another,
 * longer one. */
const own = 1 // with a word about it
const shown = `
// not a comment
`
export class Base {
  #words = `export ${own}`
  say() {
    return this.#words + shown.length
  }
}
export const make = () => one
export const count = (
  own + 1
)
""",
    "js/lib/unused.js": 'import { log } from "./log.js"\nlog("unused")\nexport const unused = "found"\n',
    "js/behaviours/some/two_words.js": """\
import { log } from "../../lib/log.js"
import { Base } from "../../lib/base.js"
log("two words")
const own = 2
export async function later() {}
export function mount() {
  return new Base().say() + own
}
""",
    "js/behaviours/broken.js": 'throw new Error("broken")\nexport function mount() {}\n',
    "vendor/small.min.js": 'const e="one";export{e as one,e as default};\n',
    "package.json": '{ "type": "module" }',
}


def put(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def printed(program: Path) -> str:
    done = subprocess.run(["node", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_joined_modules_do_what_they_did(tmp_path):
    put(tmp_path / "sources", PROGRAM)
    target = put(tmp_path / "target", PROGRAM)
    put(target, bundles.joined(tmp_path / "sources"))
    assert "unused" not in re.sub(r"\$import.*", "", (target / "js/main.js").read_text().split("$made")[0])
    expected = "base\ntwo words\nmain\ntrue export 118 one 2 export 1182\nunused\nfound\nnone\nbroken\n"
    assert printed(tmp_path / "sources/js/main.js") == printed(target / "js/main.js") == expected
    text = (target / "js/main.js").read_text()
    assert "// not a comment" in text
    assert not re.search("for readers|longer one|Comes first", text)
    # Who asks for one of them at its own address gets the page's, and no second one.
    put(target, {"js/asks.js": """\
import { lines } from "./lib/log.js"
import named, { one } from "../vendor/small.min.js"
import { Base } from "./lib/base.js"
console.log(lines.filter((line) => line === "base").length, named === one, new Base().say())
"""})  # fmt: skip
    assert printed(target / "js/asks.js") == f"{expected}1 true export 118\n"


def test_what_comes_later_is_of_the_same_version_or_asked_for_again(tmp_path):
    target = put(tmp_path / "target", {"package.json": PROGRAM["package.json"]})
    sources = {
        "js/main.js": """\
import { say } from "./lib/say.js"
for (let step = 0; step < 3; step += 1) {
  await say(step)
}
""",
        "js/lib/say.js": """\
import { renameSync } from "../vendor/fs.js"
const here = process.argv[1].replace("main.js", "main.later.js")
export async function say(step) {
  await import("./late.js").then(({ late }) => console.log(late), () => console.log("not there"))
  if (step === 0) renameSync(`${here}.other`, here)
  if (step === 1) renameSync(`${here}.kept`, here)
}
""",
        "js/lib/late.js": 'export const late = "late"\n',
        "js/vendor/fs.js": "export const renameSync = process.getBuiltinModule('fs').renameSync\n",
    }
    put(target, bundles.joined(put(tmp_path / "sources", sources)))
    late = target / "js/main.later.js"
    other = late.read_text().replace('version = "', 'version = "other')
    late.rename(f"{late}.kept")
    Path(f"{late}.other").write_text(other)
    assert printed(target / "js/main.js") == "not there\nnot there\nlate\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('\nimport * as all from "./one.js"\n', "line 2: import *"),
        ('import all from "./one.js"\n', "line 1: import all"),
        ('import "./one.js"\n', "line 1: import"),
        ('import { two } from "./one.js"\n', "js/one.js has no two"),
        ('import { one } from "./two.js"\n', "js/two.js can't be joined with others: there is no such file"),
        ('import { own } from "./main.js"\nexport const own = 1\n', "it imports itself by way of"),
        ("await import(name)\n", "line 1: import(name)"),
        ("const here = import.meta.url\n", "line 1: import.meta"),
        ("export let changing = 1\n", "line 1: export let"),
        ("export default 1\n", "line 1: export default"),
        ("export const { one } = {}\n", "line 1: export const {"),
        ('export { one } from "./one.js"\n', "line 1: export {"),
        ('import { one } from "./one.js"\nexport const two = one\n', "an entry exports nothing"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_place(tmp_path, text, problem):
    put(tmp_path, {"js/main.js": text, "js/one.js": "export const one = 1\n"})
    with pytest.raises(bundles.Unreadable) as refused:
        bundles.joined(tmp_path)
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("text", "name", "problem"),
    [
        ('@import url("parts/one.css") print;\n@import url("two.css");\n', "css/main.css", "of the form"),
        ('@import url("parts/one.css");\n', "css/parts/one.css", "a relative address"),
    ],
)
def test_a_sheet_that_cannot_be_joined_is_refused_by_its_name(tmp_path, text, name, problem):
    put(
        tmp_path,
        {"css/main.css": text, "css/two.css": "", "css/parts/one.css": "a { background: url(a.png) }"},
    )
    with pytest.raises(bundles.Unreadable, match=problem) as refused:
        bundles.joined(tmp_path)
    assert name in str(refused.value)


def test_the_sites_modules_are_joined_each_once():
    names = {path.relative_to(SOURCES).as_posix() for path in SOURCES.rglob("*.js")}
    entries = {name for name in names if name.count("/") == 1 and name.startswith("js/")}
    assert "js/main.js" in entries
    texts = bundles.joined(SOURCES)
    early, late = (JOINED.findall(texts[f"js/main{part}.js"]) for part in ("", ".later"))
    joined = early + late
    assert len(joined) == len(set(joined)) > 50
    assert {"js/lib/emoji/picker.js", "js/models/zoom.js"} <= set(late)
    assert "js/lib/connection/connection.js" in early
    # The programs of the service worker are apart, with what they alone import.
    programs = [read_program(name) for name in ("worker", "offline")]
    apart = {name for text in programs for name in JOINED.findall(text)} - set(joined)
    entries |= {"js/worker/worker.js", "js/worker/offline.js"}
    assert set(joined) == names - entries - apart
    # All that is left to ask for is at the modules' own addresses, for whoever comes by these.
    asked_for = re.findall(r"^import .*|(?<![\w$])import\([^$]*", texts["js/main.js"], re.MULTILINE)
    assert asked_for == ["import(`./main.later.js"]
    assert texts.keys() >= set(joined)


def test_each_behaviour_is_mounted_by_a_template_and_each_that_a_template_names_is_there():
    pages = "".join(path.read_text() for path in (BASE_DIR / "templates").rglob("*.html"))
    named = {name for names in re.findall(r'data-behaviour="([^"]+)"', pages) for name in names.split()}
    folder = SOURCES / "js/behaviours"
    paths = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.js")}
    assert named == {path.replace("_", "-") for path in paths}


def test_the_sites_sheets_are_joined_in_their_order():
    texts = bundles.joined(SOURCES)
    for name, parts in {
        "site": ("tokens", "base"),
        "app": ("tokens", "base", "layout", "sidebar"),
        "room": ("tokens", "base", "layout", "sidebar", "room/log", "room/members"),
    }.items():
        text = texts[f"css/{name}.css"]
        assert "@import" not in text
        assert "/*" not in text
        places = [text.index(bundles.bare_sheet((SOURCES / f"css/{part}.css").read_text())) for part in parts]
        assert places == sorted(places)


def test_what_is_collected_is_joined_and_then_compressed(tmp_path):
    shutil.copytree(SOURCES / "js", tmp_path / "js")
    shutil.copytree(SOURCES / "vendor", tmp_path / "vendor")
    (tmp_path / "css").mkdir()
    storage = bundles.JoinedStaticFilesStorage(location=tmp_path)
    # Once more over what is joined already, as where nothing is removed before.
    for _ in range(2):
        assert list(storage.post_process({"js/main.js": None}))
    text = (tmp_path / "js/main.js").read_text()
    assert text == bundles.joined(SOURCES)["js/main.js"]
    assert gzip.decompress((tmp_path / "js/main.js.gz").read_bytes()).decode() == text
    assert (tmp_path / "js/main.later.js.gz").is_file()


def test_a_version_is_of_the_sources_and_of_what_joins_them(tmp_path):
    put(tmp_path, {"js/main.js": "1", "other": "1"})
    versions = {versioned_static.version(tmp_path / "js", tmp_path / "other")}
    for name in ("other", "js/main.js"):
        put(tmp_path, {name: "2"})
        versions.add(versioned_static.version(tmp_path / "js", tmp_path / "other"))
    assert len(versions) == 3
    assert versioned_static.JOINER.read_text() == Path(bundles.__file__).read_text()


def test_who_works_on_the_files_sees_an_edit_with_the_next_load(tmp_path):
    put(tmp_path, {"js/main.js": 'import { one } from "./one.js"\n', "js/one.js": "export const one = 1\n"})
    with override_settings(
        DEBUG=True, STATIC_VERSION="", STATIC_URL="/static/", STATIC_ROOT=None, STATICFILES_DIRS=[tmp_path]
    ):
        served = WhiteNoiseMiddleware(lambda request: None)
        for text in ("export const one = 1\n", "export const one = 22\n"):
            put(tmp_path, {"js/one.js": text})
            answer = served(RequestFactory().get("/static/js/one.js"))
            assert b"".join(answer).decode() == text
            assert "immutable" not in answer["Cache-Control"]
