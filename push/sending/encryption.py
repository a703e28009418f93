"""Encrypt a push for one device (RFC 8291, over the content coding aes128gcm of RFC 8188), and prove to the push service who
sends it (VAPID, RFC 8292).

py-vapid, http-ece and pywebpush were weighed: each brings more than these lines replace, the last one aiohttp.
"""

import json
import os
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()
SALT_BYTES, KEY_BYTES, NONCE_BYTES, TAG_BYTES = 16, 16, 12, 16
# Bytes of a point of the curve, and of each of the two numbers of a signature.
POINT_BYTES, NUMBER_BYTES = 65, 32
# Bytes of the one record: what push services have to take (RFC 8030, 7.2) as a whole.
RECORD_BYTES = 4096
# The octet behind the text in the last record.
LAST_RECORD = b"\x02"
# Texts are filled up to a multiple of this, so that a push service doesn't learn how long they are.
PADDING_BYTES = 1024
# For how long a push service may believe a proof. They refuse more than a day.
PROOF_SECONDS = 12 * 3600
HEAD: dict[str, object] = {"typ": "JWT", "alg": "ES256"}


def encrypt(
    text: bytes,
    device_key: bytes,
    secret: bytes,
    salt: bytes | None = None,
    own_key: ec.EllipticCurvePrivateKey | None = None,
    padding: int = PADDING_BYTES,
) -> bytes:
    """Return the body of a push. `device_key` (p256dh) and `secret` (auth) are the subscription's; salt and key are made
    for each push, but by tests. Raises ValueError for a key that is no point of the curve."""
    salt = os.urandom(SALT_BYTES) if salt is None else salt
    own_key = own_key or ec.generate_private_key(CURVE)
    own_point = point(own_key.public_key())
    key, nonce = derived(shared_key(own_key, own_point, device_key, secret), salt)
    head = salt + struct.pack(">IB", RECORD_BYTES, len(own_point)) + own_point
    return head + AESGCM(key).encrypt(nonce, padded(text, padding), None)


def shared_key(
    own_key: ec.EllipticCurvePrivateKey, own_point: bytes, device_key: bytes, secret: bytes
) -> bytes:
    """Return the key that both sides derive (RFC 8291, 3.4)."""
    device = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, device_key)
    info = b"WebPush: info\0" + device_key + own_point
    return HKDF(SHA256(), 32, secret, info).derive(own_key.exchange(ec.ECDH(), device))


def derived(key: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """Return the content's key and its nonce (RFC 8188, 2.2 and 2.3)."""
    return (
        HKDF(SHA256(), KEY_BYTES, salt, b"Content-Encoding: aes128gcm\0").derive(key),
        HKDF(SHA256(), NONCE_BYTES, salt, b"Content-Encoding: nonce\0").derive(key),
    )


def padded(text: bytes, multiple: int) -> bytes:
    """Return the text with its mark, filled up. Raises ValueError if it is too long for one record."""
    marked = text + LAST_RECORD
    filled = marked + bytes(-len(marked) % multiple)
    if len(filled) + TAG_BYTES > RECORD_BYTES:
        raise ValueError("too long for a push")
    return filled


def proof(origin: str, subject: str, private: bytes, expires: int) -> str:
    """Return the Authorization header by which a push service knows this site. `private` is the key's number, `subject`
    where its operator is reached, `expires` in seconds since the epoch."""
    key = private_key(private)
    claims: dict[str, object] = {"aud": origin, "exp": expires, "sub": subject}
    said = ".".join(encoded(compact(part)) for part in (HEAD, claims))
    r, s = utils.decode_dss_signature(key.sign(said.encode(), ec.ECDSA(SHA256())))
    signature = r.to_bytes(NUMBER_BYTES, "big") + s.to_bytes(NUMBER_BYTES, "big")
    return f"vapid t={said}.{encoded(signature)}, k={encoded(point(key.public_key()))}"


def private_key(number: bytes) -> ec.EllipticCurvePrivateKey:
    """Return the private key of this number."""
    return ec.derive_private_key(int.from_bytes(number, "big"), CURVE)


def new_key() -> tuple[bytes, bytes]:
    """Return the number of a new private key, and its public point."""
    key = ec.generate_private_key(CURVE)
    number = key.private_numbers().private_value
    return number.to_bytes(NUMBER_BYTES, "big"), point(key.public_key())


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def compact(part: dict[str, object]) -> bytes:
    return json.dumps(part, separators=(",", ":")).encode()


def encoded(data: bytes) -> str:
    """Return base64 as URLs have it, without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Return the bytes of `encoded`. Raises ValueError."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
