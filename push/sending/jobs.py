"""Jobs of the child process "push": some pushes at once.

`{"key", "subject", "seconds", "hosts", "networks", "certificates", "pushes": [{"endpoint", "p256dh", "auth", "payload",
"ttl", "urgency", "topic"}]}` is answered `{"answers": [{"status", "retry_after"} or {"refused": reason}]}`, in the same
order. `key`, `p256dh`, `auth` and `payload` are base64 as URLs have it.
"""

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from time import monotonic, time
from typing import Any

from chatsite.outbound import connecting
from chatsite.outbound.addresses import networks_of
from chatsite.outbound.connecting import Refused, Rules
from push.sending import encryption
from push.sending.encryption import decoded
from push.sending.posting import post

# Pushes that are under way at once.
THREADS = 8
# Proofs that are remembered, one for each push service.
MAX_PROOFS = 200
# glibc's bounds: without them a name server that is silent takes 10 s and more.
os.environ["RES_OPTIONS"] = "timeout:2 attempts:1"

# Proofs by origin, subject and key, with the time from which on another is made.
proofs: dict[tuple[str, str, str], tuple[float, str]] = {}
proofs_lock = threading.Lock()


def handle(job: dict[str, Any], descriptors: Sequence[int]) -> dict[str, Any]:
    """Send all pushes of a job."""
    if job["certificates"]:
        connecting.tls().load_verify_locations(job["certificates"])
    rules = Rules(monotonic() + job["seconds"], job["hosts"], networks_of(job["networks"]))
    answers = list(threads().map(lambda push: answered(push, job, rules), job["pushes"]))
    return {"answers": answers}


@cache
def threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, "push")


def answered(push: dict[str, Any], job: dict[str, Any], rules: Rules) -> dict[str, Any]:
    """Send one push; return what became of it."""
    try:
        rules.left()
        answer = post(push["endpoint"], body_of(push), headers_of(push, job), rules)
    except Refused as refused:
        return {"refused": refused.reason}
    return {"status": answer.status, "retry_after": answer.retry_after[:64]}


def body_of(push: dict[str, Any]) -> bytes:
    """Return the encrypted payload. Raises Refused for keys that are none."""
    try:
        return encryption.encrypt(decoded(push["payload"]), decoded(push["p256dh"]), decoded(push["auth"]))
    except ValueError:
        raise Refused("keys") from None


def headers_of(push: dict[str, Any], job: dict[str, Any]) -> dict[str, str]:
    """Return the headers of a push (RFC 8030, 5)."""
    target = connecting.target_of(push["endpoint"])
    origin = target._replace(path="").url
    return {
        "Authorization": proof_for(origin, job["subject"], job["key"]),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(push["ttl"]),
        "Urgency": push["urgency"],
        "Topic": push["topic"],
    }


def proof_for(origin: str, subject: str, key: str) -> str:
    """Return a proof for a push service, made anew when half its time has passed."""
    with proofs_lock:
        until, proof = proofs.get((origin, subject, key), (0.0, ""))
        if until < time():
            if len(proofs) >= MAX_PROOFS:
                proofs.clear()
            expires = int(time()) + encryption.PROOF_SECONDS
            proof = encryption.proof(origin, subject, decoded(key), expires)
            proofs[origin, subject, key] = time() + encryption.PROOF_SECONDS / 2, proof
    return proof
