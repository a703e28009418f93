"""Files as clients see them. A message's row has these payloads (`Message.files`), so that pages need no further query."""

from typing import Any
from urllib.parse import quote

from chatsite.contract.times import iso
from files.models import File

Payload = dict[str, Any]


def file_payload(file: File) -> Payload:
    """Return the contract's file; `blob` is loaded."""
    blob = file.blob
    return {
        "id": str(file.pk),
        "name": file.name,
        "type": blob.type,
        "kind": blob.kind,
        "size": blob.size,
        "width": blob.width,
        "height": blob.height,
        "duration": blob.duration,
        "inline": blob.inline,
        "animated": blob.animated,
        "alt": file.alt,
        "excerpt": blob.excerpt,
        "url": url_of(file),
        "preview": preview_payload(file),
        "created_at": iso(file.created_at),
    }


def url_of(file: File) -> str:
    """Return the address of the bytes."""
    return f"/file/{file.pk}/{quote(file.name, safe='')}"


def preview_payload(file: File) -> Payload | None:
    """Return the small picture of a file, with the larger one where there is one; None without."""
    small, large = file.blob.previews.get("small"), file.blob.previews.get("large")
    if small is None:
        return None
    return {
        **picture_payload(file, "small", small),
        "large": large and picture_payload(file, "large", large),
        "placeholder": file.blob.placeholder,
    }


def picture_payload(file: File, which: str, size: list[int]) -> Payload:
    width, height, _ = size
    return {"url": f"/file/{file.pk}/preview/{which}", "width": width, "height": height}
