"""EXIF: reading the orientation, and writing an EXIF that has nothing else."""

ORIENTATION_TAG = 0x0112
SHORT_TYPE = 3
ENTRY_BYTES = 12
# The header of TIFF in both orders of bytes.
ORDERS = {b"II*\x00": "little", b"MM\x00*": "big"}


def orientation(tiff: bytes) -> int:
    """Read the orientation, 1 to 8, from the TIFF that an EXIF is; 1 if there is none or it makes no sense."""
    order = ORDERS.get(tiff[:4])
    if order is None:
        return 1

    def number(start: int, count: int) -> int:
        return int.from_bytes(tiff[start : start + count], "little" if order == "little" else "big")

    begun = number(4, 4)
    # A number of two bytes, and what is beyond the end reads as nothing: at most 65,535 steps.
    entries = min(number(begun, 2), max(0, len(tiff) - begun) // ENTRY_BYTES)
    for entry in range(begun + 2, begun + 2 + entries * ENTRY_BYTES, ENTRY_BYTES):
        if number(entry, 2) == ORIENTATION_TAG and number(entry + 2, 2) == SHORT_TYPE:
            value = number(entry + 8, 2)
            return value if 1 <= value <= 8 else 1
    return 1


def minimal(value: int) -> bytes:
    """Make the TIFF of an EXIF with an orientation alone."""
    entry = b"\x01\x12\x00\x03\x00\x00\x00\x01" + value.to_bytes(2, "big") + b"\x00\x00"
    return b"MM\x00*\x00\x00\x00\x08\x00\x01" + entry + b"\x00\x00\x00\x00"
