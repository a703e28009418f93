"""Languages that are highlighted: patterns of their comments and strings, and their words.

Each part obeys the rule of `messaging.rendering.highlighting`: after `*+` or `++` nothing can fail.
"""

from dataclasses import dataclass, field

# Strings. An unfinished one ends with its line, or with the code if it may have several lines.
DOUBLE = r'"(?:[^"\\\n]++|\\.)*+"?+'
SINGLE = r"'(?:[^'\\\n]++|\\.)*+'?+"
BACKTICKS = r"`(?:[^`\\]++|\\.)*+`?+"
# One character: the `'a` of Rust's lifetimes begins no string.
CHARACTER = r"'(?:[^'\\\n]|\\.[0-9A-Fa-f{}]{0,10}+)'"
LONG_DOUBLE = r'"""(?:[^"\\]++|\\.|"(?!""))*+(?:""")?+'
LONG_SINGLE = r"'''(?:[^'\\]++|\\.|'(?!''))*+(?:''')?+"
RAW_SINGLE = r"'[^']*+'?+"
# Comments.
SLASHES = r"//[^\n]*+"
BLOCK = r"/\*(?:[^*]++|\*(?!/))*+(?:\*/)?+"
HASH = r"\#[^\n]*+"
DASHES = r"--[^\n]*+"
# Only at a line's beginning or after a blank: not in `a#b` and `http://x;y`.
SHELL_HASH = r"(?:^|(?<=[\s;(|&]))\#[^\n]*+"
SEMICOLON = r"^[ \t]{0,20}+;[^\n]*+"
MARKUP = r"<!--(?:[^-]++|-(?!->))*+(?:-->)?+"

NUMBER = r"\d\w*+(?:\.\d\w*+)?+"
WORD = r"[^\W\d]\w*+"


@dataclass(frozen=True, eq=False)
class Language:
    """A language. `parts` are (class, pattern), tried in order; matches of the class `word` are looked up in `words`,
    which maps them to classes. `any_case` ignores case. `calls`: a word before `(` is a call."""

    parts: tuple[tuple[str, str], ...]
    words: dict[str, str] = field(default_factory=dict)
    any_case: bool = False
    calls: bool = True

    @property
    def pattern(self) -> str:
        """All parts as one pattern, with one group a class."""
        kinds = list(dict.fromkeys(kind for kind, _ in self.parts))
        grouped = ["|".join(part for kind, part in self.parts if kind == wanted) for wanted in kinds]
        return "|".join(f"(?P<{kind}>{parts})" for kind, parts in zip(kinds, grouped, strict=True))


def words(**by_class: str) -> dict[str, str]:
    """Return the class of each word, from the words of each class: keywords `k`, types `kt`, constants `kc`,
    built-ins `nb`."""
    return {word: kind for kind, text in by_class.items() for word in text.split()}


def curly(keywords: str, types: str = "", constants: str = "true false null", **more: str) -> Language:
    """Return a language like C. `more` are parts that are tried first."""
    return Language(
        (
            *more.items(),
            ("c", SLASHES), ("c", BLOCK),
            ("s", DOUBLE), ("s", SINGLE),
            ("m", NUMBER),
            ("word", WORD),
        ),
        words(k=keywords, kt=types, kc=constants),
    )  # fmt: skip


def hashed(keywords: str, builtins: str = "", constants: str = "", **more: str) -> Language:
    """Return a language whose comments begin with `#`."""
    return Language(
        (*more.items(), ("c", HASH), ("s", DOUBLE), ("s", SINGLE), ("m", NUMBER), ("word", WORD)),
        words(k=keywords, nb=builtins, kc=constants),
    )


PREPROCESSOR = r"^[ \t]{0,20}+\#[^\S\n]{0,20}+[a-z]{1,20}+"
ANNOTATION = r"@[^\W\d]\w*+"

C_WORDS = (
    "break case const continue default do else enum extern for goto if inline register restrict return sizeof static"
    " struct switch typedef union volatile while _Alignas _Atomic _Generic _Noreturn _Static_assert _Thread_local"
)
C_TYPES = (
    "auto bool char double float int long short signed unsigned void size_t ssize_t ptrdiff_t wchar_t int8_t int16_t"
    " int32_t int64_t uint8_t uint16_t uint32_t uint64_t intptr_t uintptr_t FILE"
)
C = curly(C_WORDS, C_TYPES, "NULL true false nullptr", cp=PREPROCESSOR)
CPP = curly(
    f"{C_WORDS} alignas alignof and asm catch class co_await co_return co_yield concept consteval constexpr constinit"
    " const_cast decltype delete dynamic_cast explicit export final friend import module mutable namespace new noexcept"
    " not operator or override private protected public reinterpret_cast requires static_assert static_cast template"
    " this thread_local throw try typeid typename using virtual",
    f"{C_TYPES} char8_t char16_t char32_t string wstring",
    "NULL nullptr true false",
    cp=PREPROCESSOR,
)
CSHARP = curly(
    "abstract as async await base break case catch checked class const continue default delegate do else enum event"
    " explicit extern finally fixed for foreach get goto if implicit in init interface internal is lock nameof namespace"
    " new operator out override params partial private protected public readonly record ref required return sealed set"
    " sizeof stackalloc static struct switch this throw try typeof unchecked unsafe using virtual volatile when where"
    " while with yield",
    "bool byte char decimal double dynamic float int long nint object sbyte short string uint ulong ushort var void",
    cp=PREPROCESSOR,
)
JAVA = curly(
    "abstract assert break case catch class const continue default do else enum exports extends final finally for goto"
    " if implements import instanceof interface module native new package permits private protected public"
    " record requires return sealed static strictfp super switch synchronized this throw throws transient try volatile"
    " while yield",
    "boolean byte char double float int long short var void String Integer Long Object",
    s=LONG_DOUBLE,
    nd=ANNOTATION,
)
JS_WORDS = (
    "as async await break case catch class const continue debugger default delete do else export extends finally for"
    " from function get if import in instanceof let new of return set static super switch this throw try typeof var"
    " void while with yield"
)
JS_CONSTANTS = "true false null undefined NaN Infinity"
JAVASCRIPT = curly(JS_WORDS, "", JS_CONSTANTS, s=BACKTICKS, nd=ANNOTATION)
TYPESCRIPT = curly(
    f"{JS_WORDS} abstract asserts declare enum implements infer interface is keyof module namespace override private"
    " protected public readonly satisfies type",
    "any bigint boolean never number object string symbol unknown",
    JS_CONSTANTS,
    s=BACKTICKS,
    nd=ANNOTATION,
)
KOTLIN = curly(
    "abstract actual annotation as break by catch class companion const constructor continue crossinline data do else"
    " enum expect external final finally for fun get if import in infix init inline inner interface internal is lateinit"
    " noinline object open operator out override package private protected public reified return sealed set super"
    " suspend tailrec this throw try typealias val value var vararg when where while",
    "Any Boolean Byte Char Double Float Int Long Nothing Short String Unit",
    s=LONG_DOUBLE,
    nd=ANNOTATION,
)
SWIFT = curly(
    "actor any as associatedtype async await break case catch class continue default defer deinit do else enum extension"
    " fallthrough fileprivate final for func get guard if import in indirect init inout internal is lazy let mutating"
    " nonisolated open operator override private protocol public repeat required rethrows return self set some static"
    " struct subscript super switch throw throws try typealias unowned var weak where while",
    "Any Array Bool Character Dictionary Double Float Int Int64 Never Optional Set String UInt UInt8 Void",
    "true false nil",
    s=LONG_DOUBLE,
    nd=ANNOTATION,
)
GO = Language(
    (
        ("c", SLASHES), ("c", BLOCK),
        ("s", DOUBLE), ("s", r"`[^`]*+`?+"), ("s", CHARACTER),
        ("m", NUMBER),
        ("word", WORD),
    ),
    words(
        k="break case chan const continue default defer else fallthrough for func go goto if import interface map"
        " package range return select struct switch type var",
        kt="any bool byte comparable complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune string"
        " uint uint8 uint16 uint32 uint64 uintptr",
        kc="true false nil iota",
        nb="append cap clear close copy delete len make max min new panic print println recover",
    ),
)  # fmt: skip
RUST = Language(
    (
        ("c", SLASHES), ("c", BLOCK),
        ("s", r'b?r"[^"]*+"?+'), ("s", r'b?r\#{1,3}+"(?:[^"]++|"(?!\#))*+(?:"\#{0,3}+)?+'),
        ("s", r'b?"(?:[^"\\]++|\\.)*+"?+'), ("s", CHARACTER),
        ("nd", r"\#!?\[[^\]\n]*+\]?+"),
        ("nf", r"[^\W\d]\w{0,60}+!(?!=)"),
        ("m", NUMBER),
        ("word", WORD),
    ),
    words(
        k="as async await break const continue crate dyn else enum extern fn for if impl in let loop match mod move mut"
        " pub ref return self static struct super trait type union unsafe use where while",
        kt="Self bool char f32 f64 i8 i16 i32 i64 i128 isize str u8 u16 u32 u64 u128 usize String Vec Option Result Box",
        kc="true false None Some Ok Err",
    ),
)  # fmt: skip
PHP = Language(
    (
        ("c", SLASHES), ("c", BLOCK), ("nd", r"\#\[[^\]\n]*+\]?+"), ("c", HASH),
        ("cp", r"<\?(?:php|=)?|\?>"),
        ("s", r'"(?:[^"\\]++|\\.)*+"?+'), ("s", r"'(?:[^'\\]++|\\.)*+'?+"),
        ("na", r"\$[^\W\d]\w*+"),
        ("m", NUMBER),
        ("word", WORD),
    ),
    words(
        k="abstract and array as break callable case catch class clone const continue declare default do echo else elseif"
        " empty enum extends final finally fn for foreach function global goto if implements include include_once"
        " instanceof insteadof interface isset list match namespace new or print private protected public readonly"
        " require require_once return static switch throw trait try unset use var while xor yield",
        kt="bool float int iterable mixed never object self string void",
        kc="true false null TRUE FALSE NULL",
    ),
)  # fmt: skip

PYTHON = Language(
    (
        ("c", HASH),
        ("s", rf"[rRbBuUfFtT]{{0,2}}+(?:{LONG_DOUBLE}|{LONG_SINGLE}|{DOUBLE}|{SINGLE})"),
        ("nd", r"^[ \t]{0,40}+@[^\W\d][\w.]*+"),
        ("m", NUMBER),
        ("word", WORD),
    ),
    words(
        k="and as assert async await break case class continue def del elif else except finally for from global if import"
        " in is lambda match nonlocal not or pass raise return try while with yield",
        kc="True False None",
        nb="abs all any bool bytearray bytes callable classmethod dict dir enumerate filter float format frozenset getattr"
        " hasattr hash id input int isinstance issubclass iter len list map max min next object open ord print property"
        " range repr reversed round self cls set setattr sorted staticmethod str sum super tuple type vars zip",
    ),
)  # fmt: skip
RUBY = hashed(
    "BEGIN END alias and begin break case class def do else elsif end ensure for if in module next not or redo"
    " rescue retry return self super then undef unless until when while yield",
    "attr_accessor attr_reader attr_writer extend include lambda loop p prepend private proc protected public puts raise"
    " require require_relative",
    "true false nil",
    na=r"[@$]@?[^\W\d]\w*+",
    sy=r"(?<![\w:]):[^\W\d]\w*+",
)
R = hashed(
    "break else for function if in next repeat return while",
    "c cat factor lapply library list matrix mean names paste print rep require sapply seq sum vector",
    "FALSE Inf NA NULL NaN TRUE",
)
LUA = Language(
    (
        ("c", r"--\[\[(?:[^\]]++|\](?!\]))*+(?:\]\])?+"), ("c", DASHES),
        ("s", r"\[\[(?:[^\]]++|\](?!\]))*+(?:\]\])?+"), ("s", DOUBLE), ("s", SINGLE),
        ("m", NUMBER),
        ("word", WORD),
    ),
    words(
        k="and break do else elseif end for function goto if in local not or repeat return then until while",
        kc="true false nil",
        nb="assert error getmetatable ipairs next pairs pcall print rawget rawset require select self setmetatable"
        " tonumber tostring type",
    ),
)  # fmt: skip
SQL = Language(
    (
        ("c", DASHES), ("c", BLOCK),
        ("s", r"'(?:[^']++|'')*+'?+"), ("na", r'"[^"\n]*+"?+'),
        ("m", NUMBER),
        ("word", WORD),
    ),
    words(
        k="add after all alter analyze and any as asc before begin between by cascade case check column commit conflict"
        " constraint create cross database default delete desc distinct do drop each else end except execute exists"
        " explain fetch first following for foreign from full function grant group having if ilike in index inner insert"
        " intersect into is join key lateral left like limit lock materialized natural not nothing null nulls of offset"
        " on or order outer over partition preceding primary procedure recursive references rename replace returning"
        " returns revoke right rollback row rows schema select set table temporary then to transaction trigger truncate"
        " unbounded union unique update using vacuum values view when where window with",
        kt="bigint bigserial blob boolean bytea char date datetime decimal double float int integer interval json jsonb"
        " numeric precision real serial smallint text time timestamp timestamptz uuid varchar",
        kc="true false",
    ),
    any_case=True,
)  # fmt: skip

SHELL_PARTS = (
    ("c", SHELL_HASH),
    ("s", r'"(?:[^"\\]++|\\.)*+"?+'), ("s", RAW_SINGLE),
    ("na", r"\$(?:\w++|[@#?$!*-]|\{[^}\n]*+\}?+)"), ("na", r"^[ \t]{0,40}+[^\W\d]\w{0,60}+="),
    ("m", r"(?<![\w./-])\d++"),
    ("word", WORD),
)  # fmt: skip
SHELL_WORDS = words(
    k="case coproc do done elif else esac fi for function if in select then time until while",
    nb="alias awk bg brew bunzip2 bzip2 cat cd chmod chown cp curl cut declare df docker du echo env eval exec exit"
    " export false fg find git grep gzip head jobs kill less ln local ls make mkdir mv node npm npx pip pip3 popd printf"
    " ps pushd pwd python python3 read readonly return rm rsync sed set shift shopt sleep sort source ssh sudo systemctl"
    " tail tar tee test touch tr trap true type ulimit umask unalias uniq unset wait wc wget which xargs",
)
BASH = Language(SHELL_PARTS, SHELL_WORDS, calls=False)
# A terminal session: commands after a prompt, and their output.
CONSOLE = Language(
    (("gp", r"^[^\n$#%>]{0,80}+[$#%>](?=[ \n])"), ("gp", r"^>>>|^\.\.\."), *SHELL_PARTS),
    SHELL_WORDS,
    calls=False,
)
INSTRUCTION = (
    r"^[ \t]{0,20}+(?i:ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN"
    r"|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR)\b"
)
DOCKER = Language(
    (
        ("c", SHELL_HASH),
        ("k", INSTRUCTION),
        *SHELL_PARTS[1:],
    ),
    SHELL_WORDS | words(k="AS"),
    calls=False,
)  # fmt: skip
MAKE = Language(
    (
        ("c", SHELL_HASH),
        ("na", r"\$(?:[@<^?*%+]|\([^()\n]*+\)?+|\{[^}\n]*+\}?+)"),
        ("nf", r"^[\w./%-]{1,80}+(?:[ \t][\w./%-]{1,80}+){0,4}+[ \t]{0,4}+:(?!=)"),
        ("na", r"^[\w.-]{1,80}+[ \t]{0,4}+[:?+!]?="),
        ("s", DOUBLE), ("s", SINGLE),
        ("word", WORD),
    ),
    words(k="define else endef endif export ifdef ifeq ifndef ifneq include override private undefine unexport vpath"),
    calls=False,
)  # fmt: skip
NGINX = Language(
    (
        ("c", SHELL_HASH),
        ("s", DOUBLE), ("s", SINGLE),
        ("na", r"\$\w++"),
        ("k", r"^[ \t]{0,40}+[a-z][a-z0-9_]*+"),
        ("m", r"(?<![\w./-])\d++[kmgshdwy]?+"),
        ("word", WORD),
    ),
    words(kc="on off"),
    calls=False,
)  # fmt: skip

JSON = Language(
    (
        ("nt", r'"(?:[^"\\\n]|\\.){0,200}+"(?=\s{0,20}+:)'),
        ("s", DOUBLE),
        ("c", SLASHES), ("c", BLOCK),
        ("m", r"-?\d[\w.]*+(?:[+-]\d++)?+"),
        ("word", WORD),
    ),
    words(kc="true false null"),
    calls=False,
)  # fmt: skip
YAML = Language(
    (
        ("c", SHELL_HASH),
        ("k", r"^(?:---|\.\.\.|%[A-Z]++)"),
        ("nt", r"(?:^|(?<=[\s{,-]))[^\W\d][\w./-]{0,80}+(?=:(?:\s|$))"),
        ("nt", r"""(?:"[^"\n]{0,80}+"|'[^'\n]{0,80}+')(?=:(?:\s|$))"""),
        ("s", DOUBLE), ("s", r"(?<!\w)'(?:[^'\n]++|'')*+'?+"),
        ("nd", r"(?<!\S)[&*!][\w!./:-]++"),
        ("m", r"(?<![\w./:-])-?\d[\d_]{0,30}+(?:\.\d{1,30}+)?+(?![\w./:-])"),
        ("word", WORD),
    ),
    words(kc="true false null yes no on off True False"),
    calls=False,
)  # fmt: skip
INI = Language(
    (
        ("c", SEMICOLON), ("c", SHELL_HASH),
        ("k", r"^[ \t]{0,20}+\[[^\]\n]*+\]?+"),
        ("na", r"^[ \t]{0,20}+[\w.-][^=:\n#;\[]{0,80}+(?=[=:])"),
        ("s", LONG_DOUBLE), ("s", LONG_SINGLE), ("s", DOUBLE), ("s", r"(?<!\w)'[^'\n]*+'?+"),
        ("m", r"(?<![\w.-])\d[\w:.-]*+"),
        ("word", WORD),
    ),
    words(kc="true false yes no on off True False"),
    calls=False,
)  # fmt: skip
XML = Language(
    (
        ("c", MARKUP),
        ("cp", r"<!\[CDATA\[(?:[^\]]++|\](?!\]>))*+(?:\]\]>)?+|<[!?][^>]*+>?+"),
        ("nt", r"</?[^\W\d][\w:.-]*+|/?>"),
        ("na", r"(?<=\s)[@:#*([]{0,2}+[^\W\d][\w:.-]{0,80}+[)\]]{0,2}+(?=\s{0,3}+=)"),
        ("s", r'(?<==)"[^"<]*+"?+'), ("s", r"(?<==)'[^'<]*+'?+"),
        ("ni", r"&\#?\w{1,30}+;"),
    ),
    calls=False,
)  # fmt: skip
CSS = Language(
    (
        ("c", BLOCK),
        ("s", DOUBLE), ("s", SINGLE),
        ("k", r"@[a-z-]++|![ \t]{0,4}+important"),
        ("m", r"\#[0-9a-fA-F]{3,8}+(?![\w-])|-?(?:\d++(?:\.\d++)?+|\.\d++)(?:%|[a-z]++)?+"),
        ("na", r"--[\w-]++|[a-z-]{1,40}+(?=[ \t]{0,4}+:[^:;{}\n]{0,120}+[;}\n])"),
        ("nc", r"[.#][^\W\d][\w-]*+"),
        ("nd", r"::?[a-z-]++"),
        ("nf", r"[a-z-]{1,40}+(?=\()"),
        ("word", r"[^\W\d][\w-]*+"),
    ),
    calls=False,
)  # fmt: skip
DIFF = Language(
    (
        ("gh", r"^(?:diff|index|---|\+\+\+|\\|new file|deleted file|rename|similarity)(?: [^\n]*+)?+"),
        ("gu", r"^@@[^\n]*+"),
        ("gi", r"^[+>][^\n]*+"),
        ("gd", r"^[-<][^\n]*+"),
    ),
    calls=False,
)  # fmt: skip

# By the names after the ``` of a code block, lower-case.
LANGUAGES: dict[str, Language] = {
    "bash": BASH, "sh": BASH, "shell": BASH, "zsh": BASH, "console": CONSOLE, "docker": DOCKER, "dockerfile": DOCKER,
    "make": MAKE, "makefile": MAKE, "nginx": NGINX,
    "c": C, "h": C, "c++": CPP, "cpp": CPP, "cs": CSHARP, "csharp": CSHARP, "c#": CSHARP, "go": GO, "golang": GO,
    "java": JAVA, "javascript": JAVASCRIPT, "js": JAVASCRIPT, "jsx": JAVASCRIPT, "kotlin": KOTLIN, "kt": KOTLIN,
    "php": PHP, "rs": RUST, "rust": RUST, "swift": SWIFT, "ts": TYPESCRIPT, "tsx": TYPESCRIPT,
    "typescript": TYPESCRIPT,
    "lua": LUA, "py": PYTHON, "python": PYTHON, "python3": PYTHON, "r": R, "rb": RUBY, "ruby": RUBY, "sql": SQL,
    "css": CSS, "scss": CSS, "diff": DIFF, "patch": DIFF, "html": XML, "ini": INI, "json": JSON, "jsonc": JSON,
    "svg": XML, "toml": INI, "xml": XML, "yaml": YAML, "yml": YAML,
}  # fmt: skip
