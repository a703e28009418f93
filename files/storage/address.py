"""The address of a bucket, as the setting FILES_URL has it."""

from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

DEFAULT_REGION = "us-east-1"


class Address(NamedTuple):
    """`prefix` is a folder in the bucket that ends with a slash, or ""."""

    endpoint: str
    bucket: str
    prefix: str
    key: str
    secret: str
    region: str


def address_of(url: str) -> Address:
    """Take `s3+https://KEY:SECRET@host[:port]/bucket[/prefix][?region=…]` apart; `chatsite.conf` has checked it."""
    parts = urlsplit(url)
    bucket, _, prefix = unquote(parts.path.strip("/")).partition("/")
    return Address(
        endpoint=f"{parts.scheme.removeprefix('s3+')}://{parts.netloc.rpartition('@')[2]}",
        bucket=bucket,
        prefix=f"{prefix}/" if prefix else "",
        key=unquote(parts.username or ""),
        secret=unquote(parts.password or ""),
        region=dict(parse_qsl(parts.query)).get("region", DEFAULT_REGION),
    )
