"""A real mail server on loopback, which keeps what it takes."""

from contextlib import contextmanager
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller

from tests.support.servers.harness import free_port


class Taker:
    """Takes mail, and refuses that to addresses in `refused`."""

    def __init__(self):
        self.mails, self.refused = [], set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = message_from_bytes(envelope.content, policy=policy.default)
        self.mails.append((envelope.rcpt_tos, mail))
        return "250 taken"


def send_mail_to(taker, settings):
    """Have the site send its mail to a Taker that runs, which has none yet."""
    taker.mails.clear()
    taker.refused.clear()
    settings.MAIL = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", taker.port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.SITE_URL = "https://chat.example.org"
    settings.DEFAULT_FROM_EMAIL = "chat@example.org"


@contextmanager
def mail_server():
    """Run a mail server for the block; yield its Taker, with its `port`."""
    taker = Taker()
    taker.port = free_port()
    controller = Controller(taker, hostname="127.0.0.1", port=taker.port)
    controller.start()
    try:
        yield taker
    finally:
        controller.stop()
