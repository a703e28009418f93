"""Multipart bodies, part by part: fields into memory, files to wherever their reader wants them."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import unquote

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from chatsite.contract.errors import Invalid, TooLarge, UnsupportedMediaType
from chatsite.realtime.http.transfers import Interrupted, Read, RequestBody

# Fields of a form, and bytes of all of them together.
MAX_FIELDS, MAX_FIELDS_BYTES = 32, 64 * 1024
# Parts of a form: its fields and files.
MAX_PARTS = 64
# Bytes of a body beside its fields and files: heads of parts, and what may stand before the first part and behind the last.
MAX_BESIDE_BYTES = 128 * 1024
MAX_BOUNDARY_LENGTH = 200
# A name that isn't ASCII, as some libraries write it (RFC 5987).
EXTENDED_NAME = re.compile(r";\s*filename\*\s*=\s*utf-8'[^']*'([^\s;]+)", re.IGNORECASE)
INTERRUPTED = "The body ended early. Send it again."
# Takes a piece of a file, in a thread.
Sink = Callable[[bytes], object]
# What a turn ends with, beside a part's head: nothing further, the end of a part, the end of the body.
NOTHING, END_OF_PART, END = object(), object(), object()


class Form:
    """A form that is being received. `fields` are those that have come so far, `name` and `filename` the current file's.

    All raise Invalid for what is no form, or ends early, and TooLarge for too many fields."""

    def __init__(self, body: RequestBody, content_type: str) -> None:
        self._body = body
        # Whether it comes while it is read.
        self.streams = body.streams
        self._parser = PushMultipartParser(boundary_of(content_type), max_segment_count=MAX_PARTS)
        # Events of the last piece that haven't been looked at.
        self._events: Iterable[Any] = iter(())
        self._field_bytes = self._beside_bytes = 0
        self._value = bytearray()
        self.fields: list[tuple[str, str]] = []
        self.name, self.filename = "", ""

    def next_file(self) -> bool:
        """Read fields, up to the head of the next file. False at the end of the form."""
        while (event := self._next_event()) is not END:
            if not isinstance(event, MultipartSegment):
                continue
            name = filename_of(event)
            if name is not None:
                self.name, self.filename = str(event.name), name
                return True
            self._read_field(str(event.name))
        return False

    def copy_to(self, sink: Sink) -> None:
        """Read the current file to its end."""
        while self._advance(sink) is not END_OF_PART:
            pass

    def _read_field(self, name: str) -> None:
        if len(self.fields) >= MAX_FIELDS:
            raise TooLarge(f"A form has at most {MAX_FIELDS} fields.")
        self._value = bytearray()
        while self._next_event() is not END_OF_PART:
            pass
        try:
            self.fields.append((name, self._value.decode()))
        except UnicodeDecodeError:
            raise Invalid.about(name[:64], "Write it in UTF-8.") from None

    def _collect(self, piece: bytes) -> None:
        self._field_bytes += len(piece)
        if self._field_bytes > MAX_FIELDS_BYTES:
            raise TooLarge("The fields of a form are too long.")
        self._value += piece

    def _next_event(self) -> Any:
        """Read on until something happens that isn't a file's. What has come of it takes no turn of a thread: that takes
        more than a field does."""
        with self._errors():
            event = self._looked_at(self._collect)
            if event is NOTHING and not self._body.left:
                event = self._end()
        return self._advance(self._collect) if event is NOTHING else event

    def _advance(self, sink: Sink) -> Any:
        """Read on until something happens; pieces of the current part go to `sink`, in a thread."""
        with self._errors():
            while (event := self._body.turn(partial(self._run, sink))) is NOTHING:
                pass
        return event

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except MultipartError as error:
            raise Invalid(f"That is no proper form (multipart/form-data): {error.args[0]}.") from None
        except Interrupted:
            raise Invalid(INTERRUPTED) from None

    def _run(self, sink: Sink, read: Read) -> Any:
        while (event := self._looked_at(sink)) is NOTHING:
            piece = read()
            if piece:
                self._beside_bytes += len(piece)
                self._events = self._parser.parse(piece)
            else:
                return NOTHING if self._body.left else self._end()
        return event

    def _looked_at(self, sink: Sink) -> Any:
        """Return the next event of the piece that came last, NOTHING if there is none."""
        for event in self._events:
            if event is None:
                return END_OF_PART
            if isinstance(event, MultipartSegment):
                return event
            self._beside_bytes -= len(event)
            sink(bytes(event))
        # The events of all pieces are looked at: what they had beside fields and files is known.
        if self._beside_bytes > MAX_BESIDE_BYTES:
            raise TooLarge("The form has too much beside its fields and files.")
        return NOTHING

    def _end(self) -> Any:
        self._events = iter(())
        self._parser.close()
        return END


def boundary_of(content_type: str) -> str:
    """Return what separates the parts. Raises UnsupportedMediaType for another type of body."""
    kind, options = parse_options_header(content_type)
    boundary: str = options.get("boundary", "")
    if kind != "multipart/form-data" or not 0 < len(boundary) <= MAX_BOUNDARY_LENGTH or "\n" in boundary:
        raise UnsupportedMediaType("Send a form with the file in it: multipart/form-data.")
    return boundary


def filename_of(part: MultipartSegment) -> str | None:
    """Return the name of a file, None for a field."""
    if part.filename is not None:
        return str(part.filename)
    extended = EXTENDED_NAME.search(part.header("Content-Disposition", ""))
    return unquote(extended[1], errors="replace") if extended else None
