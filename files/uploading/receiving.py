"""Receive uploads: one file by POST /file, and a form with several.

The body is received in turns of threads (`chatsite.realtime.http.transfers`); what is refused is refused before it is read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast
from uuid import UUID, uuid4, uuid5

from django.db import connections
from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict
from rest_framework.authentication import CSRFCheck

from accounts.authentication import credentials
from accounts.models import User
from chatsite.contract.errors import ChatError, Forbidden, Invalid, TooLarge
from chatsite.observability.metrics import counters
from chatsite.realtime.delivery import revocation
from chatsite.realtime.http import transfers
from files.models import MAX_FILES, File
from files.serializers import UploadSerializer
from files.storage import local
from files.uploading import doors, storing
from files.uploading.forms import Form
from files.uploading.storing import Seen, Upload, Writer
from rooms import access

FIELDS = UploadSerializer()
FIRST = "Send it before the file, or in the address."


@contextmanager
def counted() -> Iterator[None]:
    """Count an upload that fails in the block."""
    try:
        yield
    except ChatError as error:
        counters.uploads[error.code,] += 1
        raise


def receive_file(request: HttpRequest, user: User) -> tuple[File, bool]:
    """Receive the file of a POST /file; return it and whether it is new. Raises the contract's errors."""
    with counted(), credentials.still_authorised(user):
        length = doors.length_of(request.META)
        if "room" in request.GET:
            access.posting_membership(user, request.GET["room"])
        with doors.admitted(user, length):
            doors.count(user)
            file, new = received(form_of(request, user, length), user, request.GET)
    counters.uploads["stored" if new else "repeated",] += 1
    return file, new


def received(form: Form, user: User, query: QueryDict) -> tuple[File, bool]:
    there = form.next_file()
    poster = poster_of(form) if there and form.name == "poster" else b""
    if not there or (poster and not form.next_file()):
        raise Invalid.about("file", "Send a file.")
    if form.name != "file":
        raise Invalid.about(form.name[:64], "There is no such field.")
    upload = replace(upload_of(form, query), poster=poster)
    before = revocation.revocations()
    access.posting_membership(user, upload.room)
    first = storing.first_of(user, upload)
    if first is not None:
        # To its end: a client that is still sending doesn't read the answer.
        form.copy_to(len)
        return first, False
    with local.incoming() as file:
        seen = copy(form, Writer(file))
        end(form)
        if revocation.revocations() != before:
            # Before the child process works for somebody who may not.
            access.posting_membership(user, upload.room)
        return storing.store(user, upload, file, seen)


def poster_of(form: Form) -> bytes:
    """Receive the poster of a film, which stands before it. Raises TooLarge, and Invalid for an empty one."""
    poster = bytearray()

    def take(piece: bytes) -> None:
        if len(poster) + len(piece) > doors.MAX_POSTER_BYTES:
            raise TooLarge.about("poster", "A poster has at most 1 MB.")
        poster.extend(piece)

    form.copy_to(take)
    if not poster:
        raise Invalid.about("poster", "This file is empty.")
    return bytes(poster)


def upload_of(form: Form, query: QueryDict) -> Upload:
    """Return what the fields before the file, and the address, say of it."""
    values: dict[str, Any] = {**query.dict(), **dict(form.fields)}
    if "room" not in values:
        raise Invalid.about("room", FIRST)
    fields = FIELDS.checked(values)
    return Upload(fields["room"], fields["client_id"], form.filename, fields["alt"])


def copy(form: Form, writer: Writer) -> Seen:
    """Receive the current file; return what was seen of it."""
    if form.streams:
        # Others may have the connection to the database: the file may take minutes.
        connections.close_all()
    form.copy_to(writer.write)
    return writer.end()


def end(form: Form) -> None:
    """Read what is behind the file: nothing but the end of the form."""
    before = len(form.fields)
    if form.next_file():
        raise Invalid.about("file", "Send one file in a request.")
    if len(form.fields) > before:
        raise Invalid.about(form.fields[-1][0][:64], FIRST)


def form_of(request: HttpRequest, user: User, length: int) -> Form:
    visit = request.META.get("chatsite.visit")
    if visit is not None:
        # Who pays for the turns of a long body.
        visit.is_of(user.pk)
    return Form(transfers.body_of(request.META, length, user.pk), str(request.META.get("CONTENT_TYPE", "")))


# Forms of pages


class FormOutOfDate(Forbidden):
    """The form's CSRF token isn't that of the browser."""

    detail = "This form is out of date. Load the page again."


@dataclass
class ReceivedForm:
    """A form with what came of it: its fields, the files that were stored (loose, for `services.attach`), and the error at
    which it ended, if it did."""

    fields: QueryDict = field(default_factory=lambda: QueryDict(mutable=True))
    files: list[File] = field(default_factory=list)
    error: ChatError | None = None


def receive_form(request: HttpRequest, user: User, room: str) -> ReceivedForm:
    """Receive a form of a page without scripts, for a room: its fields, and behind them up to MAX_FILES files.

    The view is `takes_files` and `csrf_exempt`: Django's own check would read the whole body. Here the token is checked
    before the first file is stored. A refused file is the form's `error`, and its fields are there to be shown again.
    Raises FormOutOfDate, and Invalid for what is no form."""
    # As Django reads it, in any case of letters: its own parser would write files of any length to the disk.
    if request.content_type != "multipart/form-data":
        check_csrf(request)
        return ReceivedForm(request.POST)
    length = doors.length_of(request.META)
    result = ReceivedForm()
    form = form_of(request, user, length)
    there = form.next_file()
    result.fields = fields_of(form)
    # What reads the form behind us finds it read.
    cast(Any, request)._post, cast(Any, request)._files = result.fields, MultiValueDict()
    check_csrf(request)
    try:
        if there:
            with counted(), credentials.still_authorised(user), doors.admitted(user, length, MAX_FILES):
                receive_files(form, user, room, result)
    except ChatError as error:
        result.error = error
    return result


def receive_files(form: Form, user: User, room: str, result: ReceivedForm) -> None:
    access.posting_membership(user, room)
    there = True
    while there:
        if form.filename:
            if len(result.files) == MAX_FILES:
                raise TooLarge(f"A message has at most {MAX_FILES} files.")
            doors.count(user)
            result.files.append(received_of_form(form, user, room, result))
        else:
            # A browser's empty field.
            form.copy_to(nothing)
        there = form.next_file()


def received_of_form(form: Form, user: User, room: str, result: ReceivedForm) -> File:
    upload = Upload(room, client_id_of(result), form.filename)
    first = storing.first_of(user, upload)
    if first is not None:
        form.copy_to(len)
        return first
    with local.incoming() as file:
        seen = copy(form, Writer(file))
        access.posting_membership(user, room)
        stored, _ = storing.store(user, upload, file, seen)
    counters.uploads["stored",] += 1
    return stored


def client_id_of(result: ReceivedForm) -> UUID:
    """Return an id for the next file: the same one if the same form is sent again."""
    try:
        return uuid5(UUID(result.fields.get("client_id", "")), str(len(result.files)))
    except ValueError:
        return uuid4()


def nothing(piece: bytes) -> None:
    if piece:
        raise Invalid.about("file", "Give the file a name.")


def fields_of(form: Form) -> QueryDict:
    fields = QueryDict(mutable=True)
    for name, value in form.fields:
        fields.appendlist(name, value)
    return fields


def check_csrf(request: HttpRequest) -> None:
    check = CSRFCheck(lambda request: None)  # type: ignore[arg-type]
    check.process_request(request)
    if check.process_view(request, None, (), {}):  # type: ignore[arg-type]
        raise FormOutOfDate()
