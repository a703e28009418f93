"""Check web push: its key, the child process that sends, and devices that aren't reached."""

from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from chatsite.contract.errors import Unavailable
from chatsite.operations.doctor.children import has_certificates
from chatsite.operations.doctor.findings import Findings, note, ok, wrong
from chatsite.subprocesses.supervisor import Child, ChildFailed

# How long a push may be due before something is wrong.
LATE = timedelta(minutes=10)


def push() -> Findings:
    """Check that pushes can be sent. Nothing outside is asked."""
    from push.models import PushSubscription, VapidKey

    if VapidKey._meta.db_table not in connection.introspection.table_names():
        return
    devices = PushSubscription.objects.count()
    if not VapidKey.objects.exists():
        if devices:
            yield wrong(
                "push",
                f"The key is missing: {devices} devices can't be told of anything.",
                "Restore the table from a backup. Or remove all devices in the administration (Devices): a new key is then"
                " made, and pages that are opened add their devices again.",
            )
        else:
            yield ok("push", "No key yet: ./run makes it.")
        return
    yield from sending(devices)


def sending(devices: int) -> Findings:
    """Check the child process, by a push to this machine, which it has to refuse."""
    from push.delivery.queue import KIND
    from push.models import PushNotice

    child = Child(KIND)
    try:
        answer = child.ask(refusable())
    except (Unavailable, ChildFailed) as error:
        yield wrong("push", f"No push can be sent: {error}", "The log says why the process doesn't start.")
        return
    finally:
        child.end()
    late = PushNotice.objects.filter(due_at__lt=timezone.now() - LATE).count()
    if answer != {"answers": [{"refused": "address"}]}:
        yield wrong("push", "This machine's own addresses would be pushed to.", "Tell us.")
    elif not has_certificates():
        yield wrong("push", "No certificates: no push service can be reached.", "Install ca-certificates.")
    elif late:
        yield note(
            "push", f"{late} pushes are late.", "Is the site running, and may it open https connections?"
        )
    elif not settings.SECURE:
        yield ok("push", "The key is there. Browsers take pushes from sites with https alone.")
    else:
        yield ok("push", f"The key is there, a process sends, and {devices} devices take pushes.")


def refusable() -> dict[str, object]:
    """Return a job with a push to this machine."""
    from push.devices import vapid
    from push.sending.encryption import encoded, new_key

    _, public = new_key()
    one = {"endpoint": "https://127.0.0.1/", "p256dh": encoded(public), "auth": encoded(bytes(16))}
    rest = {"payload": encoded(b"{}"), "ttl": 0, "urgency": "normal", "topic": "doctor"}
    return {
        "key": vapid.key().private,
        "subject": vapid.subject(),
        "seconds": 2,
        "hosts": [],
        "networks": [],
        "certificates": "",
        "pushes": [{**one, **rest}],
    }
