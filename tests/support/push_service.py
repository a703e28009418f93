"""A push service on loopback, by the letter of RFC 8030, 8188, 8291 and 8292: it checks who sends and how, and decrypts what
it took, as a browser would. What breaks a rule is answered 4xx and noted."""

import json
import ssl
import struct
import threading
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

CURVE = ec.SECP256R1()
MAX_BODY_BYTES = 4096
URGENCIES = {"very-low", "low", "normal", "high"}
BASE64URL = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def encoded(data):
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text):
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point(key):
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


@dataclass
class Push:
    """What a device was told."""

    text: dict
    headers: dict
    at: float


@dataclass
class Device:
    """A browser's subscription: its keys, what the service answers for it, and what came."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(CURVE))
    secret: bytes = bytes(range(16))
    # Status and headers of the next answers, and seconds before each; then 201.
    answers: list = field(default_factory=list)
    delay: float = 0.0
    # The site's key, if the subscription is restricted to one (RFC 8292, 4).
    vapid: str = ""
    pushes: list = field(default_factory=list)
    faults: list = field(default_factory=list)

    @property
    def fields(self):
        """What a page sends to `/push`."""
        return {
            "endpoint": self.endpoint,
            "p256dh": encoded(point(self.key.public_key())),
            "auth": encoded(self.secret),
        }

    @property
    def texts(self):
        return [push.text for push in self.pushes]


class BadPush(Exception):
    """A request that breaks a rule."""


def decrypted(body, device):
    """Return the text of a push (RFC 8188, 2, and RFC 8291, 3)."""
    salt, (size, length), rest = body[:16], struct.unpack(">IB", body[16:21]), body[21:]
    sender, record = rest[:length], rest[length:]
    if length != 65 or size < 18 or len(record) > size:
        raise BadPush("head")
    shared = device.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, sender))
    info = b"WebPush: info\0" + point(device.key.public_key()) + sender
    key = HKDF(SHA256(), 32, device.secret, info).derive(shared)
    content_key = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(key)
    nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(key)
    padded = AESGCM(content_key).decrypt(nonce, record, None).rstrip(b"\0")
    if padded[-1:] != b"\x02":
        raise BadPush("last record")
    return padded[:-1]


def check_vapid(header, origin, expected):
    """Raise BadPush unless the header proves who sends (RFC 8292, 2 and 3)."""
    scheme, _, rest = header.partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    if scheme.lower() != "vapid" or set(parts) != {"t", "k"}:
        raise BadPush("authorization")
    if expected and parts["k"] != expected:
        raise BadPush("another key")
    said, _, signature = parts["t"].rpartition(".")
    key = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, decoded(parts["k"]))
    numbers = decoded(signature)
    der = utils.encode_dss_signature(int.from_bytes(numbers[:32], "big"), int.from_bytes(numbers[32:], "big"))
    key.verify(der, said.encode(), ec.ECDSA(SHA256()))
    head, claims = (json.loads(decoded(part)) for part in said.split("."))
    if head != {"typ": "JWT", "alg": "ES256"} or claims["aud"] != origin:
        raise BadPush("audience")
    if not time.time() < claims["exp"] <= time.time() + 24 * 3600:
        raise BadPush("expiry")
    if not claims["sub"].startswith(("mailto:", "https:")):
        raise BadPush("subject")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        service = self.server.service
        body = self.rfile.read(int(self.headers["Content-Length"]))
        device = service.devices.get(self.path)
        if device is None:
            self.answer(404)
            return
        time.sleep(device.delay)
        with service.lock:
            planned = device.answers.pop(0) if device.answers else None
        if planned:
            self.answer(*planned)
            return
        try:
            check_vapid(self.headers["Authorization"], service.origin, device.vapid)
            self.check_headers(body)
            text = json.loads(decrypted(body, device))
        except (BadPush, InvalidSignature, InvalidTag, ValueError, KeyError) as error:
            device.faults.append(f"{type(error).__name__}: {error}")
            self.answer(400)
            return
        device.pushes.append(Push(text, dict(self.headers), time.monotonic()))
        self.answer(201, {"Location": f"{service.origin}/message/{len(device.pushes)}"})

    def check_headers(self, body):
        topic = self.headers.get("Topic", "")
        if len(body) > MAX_BODY_BYTES or self.headers["Content-Encoding"] != "aes128gcm":
            raise BadPush("body")
        if not self.headers["TTL"].isdigit() or self.headers["Urgency"] not in URGENCIES:
            raise BadPush("ttl or urgency")
        if len(topic) > 32 or not set(topic) <= BASE64URL:
            raise BadPush("topic")

    def answer(self, status, headers=None):
        self.send_response(status)
        for name, value in {"Content-Length": "0", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *arguments):
        """Say nothing."""


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True

    def get_request(self):
        link, address = super().get_request()
        self.service.connections += 1
        return self.service.tls.wrap_socket(link, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request, client_address):
        """A client that left, or that doesn't believe the certificate, is none of ours."""


class PushService:
    """Subscriptions by their paths, and the server's address and certificate."""

    def __init__(self, folder):
        self.devices, self.lock, self.connections = {}, threading.Lock(), 0
        self.certificate = str(folder / "push-service.pem")
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        write_certificate(folder / "push-service.pem")
        self.tls.load_cert_chain(self.certificate)
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.service = self
        self.origin = f"https://127.0.0.1:{self.server.server_address[1]}"

    def device(self, **fields):
        """Return a new subscription."""
        path = f"/push/{len(self.devices)}-{encoded(bytes(30))}"
        made = self.devices[path] = Device(self.origin + path, **fields)
        return made


def write_certificate(path):
    """Write a key, and a certificate for 127.0.0.1 signed by itself."""
    key = ec.generate_private_key(CURVE)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "push service of the tests")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, SHA256())
    )
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM)
    )


@contextmanager
def running(folder):
    """Run a push service for the block; its certificate is written to the folder."""
    service = PushService(folder)
    thread = threading.Thread(target=service.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.server.shutdown()
        service.server.server_close()
        thread.join()
