"""Work of the child process "store": files in a bucket of an S3-compatible store, by django-storages and boto3.

A job `{"act", "url", …}` comes with the end of a pipe to write to. It is answered at once, and done by a thread, as others
mustn't wait for it. Into the pipe go the four bytes of a length, and so many of JSON: `{}`, or `{"error": reason}`, where
`missing` is of a file that isn't there; after it what the act yields. That of `get` has the `length` of what follows: less
than was asked for where the file is shorter.

| act | besides | yields |
|---|---|---|
| `put` | `name`, an open file | |
| `get` | `name`, `start`, `end` | bytes from `start` up to `end` |
| `delete` | `names` | |
| `list` | | a line of JSON for each file: name, bytes, time of change |
"""

import json
import os
import struct
import threading
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, BinaryIO

from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError
from django.conf import settings

if not settings.configured:
    settings.configure()

from django.core.files import File
from storages.backends.s3 import S3Storage

from files.storage.address import address_of

MB = 1024 * 1024
PIECE_BYTES = 256 * 1024
# Requests at once: each is a thread, and a connection to the store.
MAX_REQUESTS = 256
MISSING = {"404", "NoSuchKey", "NotFound"}
BEHIND_THE_END = {"416", "InvalidRange"}
HEAD = struct.Struct(">I")


class Store:
    """A bucket, or a folder in it."""

    def __init__(self, url: str) -> None:
        address = address_of(url)
        self._bucket, self._prefix = address.bucket, address.prefix
        self._storage = S3Storage(
            access_key=address.key,
            secret_key=address.secret,
            endpoint_url=address.endpoint,
            bucket_name=address.bucket,
            location=address.prefix,
            region_name=address.region,
            file_overwrite=True,
            # In pieces of 8 MB, by this thread.
            transfer_config=TransferConfig(
                multipart_threshold=8 * MB, multipart_chunksize=8 * MB, use_threads=False
            ),
            client_config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                # Checksums in trailers are what only Amazon's own store is sure to take.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                connect_timeout=5,
                read_timeout=30,
                retries={"mode": "standard", "max_attempts": 3},
                max_pool_connections=MAX_REQUESTS,
            ),
        )
        # Of all threads: making one takes longer than most requests.
        self._client = self._storage.connection.meta.client

    def put(self, name: str, file: BinaryIO) -> None:
        self._storage.save(name, File(file, name))

    def get(self, name: str, start: int, end: int) -> tuple[int, Iterator[bytes]]:
        """Return how many bytes there are of those that are asked for, and them in pieces."""
        # An empty range is none.
        span = {"Range": f"bytes={start}-{end - 1}"} if end > start else {}
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name, **span)
        except ClientError as error:
            if code_of(error) not in BEHIND_THE_END:
                raise
            return 0, iter(())
        return found["ContentLength"], iter(lambda: found["Body"].read(PIECE_BYTES), b"")

    def delete(self, names: list[str]) -> None:
        for name in names:
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + name)

    def list(self) -> Iterator[bytes]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix
        )
        return (page_lines(page, len(self._prefix)) for page in pages)


def page_lines(page: Any, prefix_length: int) -> bytes:
    lines = (
        json.dumps([found["Key"][prefix_length:], found["Size"], found["LastModified"].timestamp()]) + "\n"
        for found in page.get("Contents", [])
    )
    return "".join(lines).encode()


making = threading.Lock()


@cache
def made(url: str) -> Store:
    return Store(url)


def store_of(url: str) -> Store:
    with making:
        return made(url)


# What an answer begins with, and what it yields.
Done = tuple[dict[str, Any], Iterator[bytes]]
Act = Callable[[Store, dict[str, Any], list[BinaryIO]], Done]


def put(store: Store, job: dict[str, Any], files: list[BinaryIO]) -> Done:
    store.put(job["name"], files[0])
    return {}, iter(())


def get(store: Store, job: dict[str, Any], files: list[BinaryIO]) -> Done:
    length, pieces = store.get(job["name"], job["start"], job["end"])
    return {"length": length}, pieces


def delete(store: Store, job: dict[str, Any], files: list[BinaryIO]) -> Done:
    store.delete(job["names"])
    return {}, iter(())


def listed(store: Store, job: dict[str, Any], files: list[BinaryIO]) -> Done:
    return {}, store.list()


ACTS: dict[str, Act] = {"put": put, "get": get, "delete": delete, "list": listed}
requests: set[threading.Thread] = set()


def busy() -> bool:
    """Return whether requests are under way: `child.py` stays as long."""
    requests.difference_update([thread for thread in list(requests) if not thread.is_alive()])
    return bool(requests)


def handle(job: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
    """Begin a job."""
    busy()
    if len(requests) >= MAX_REQUESTS:
        return {"error": "too many requests"}
    writer, *rest = [os.dup(descriptor) for descriptor in descriptors]
    files = [os.fdopen(descriptor, "rb", buffering=0) for descriptor in rest]
    answer = os.fdopen(writer, "wb", buffering=0)
    thread = threading.Thread(target=run, args=(job, answer, files))
    requests.add(thread)
    thread.start()
    return {}


def run(job: dict[str, Any], answer: BinaryIO, files: list[BinaryIO]) -> None:
    """Do a job and write its answer. A reader who went away ends it."""
    try:
        with answer:
            try:
                head, pieces = ACTS[job["act"]](store_of(job["url"]), job, files)
                first = next(pieces, b"")
            except Exception as error:
                answer.write(headed({"error": reason_of(error)}))
                return
            write(answer, headed(head) + first)
            for piece in pieces:
                write(answer, piece)
    except Exception:
        # The pipe ends too early, which its reader sees: the store or the reader went away.
        return
    finally:
        for file in files:
            file.close()


def headed(head: dict[str, Any]) -> bytes:
    data = json.dumps(head).encode()
    return HEAD.pack(len(data)) + data


def write(answer: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[answer.write(view) :]


def reason_of(error: Exception) -> str:
    """Return the store's code for an error, `missing`, or the error's type: never a message, which may have a secret."""
    if not isinstance(error, ClientError):
        return type(error).__name__
    code = code_of(error)
    return "missing" if code in MISSING else code[:100]


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "error"))
