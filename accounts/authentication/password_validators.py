"""Bounds of a password, checked wherever Django's own validators are."""

from typing import Any

from django.contrib.auth.password_validation import MinimumLengthValidator
from django.core.exceptions import ValidationError

# Characters of a password; hashing more would cost time and prove nothing more.
MAX_PASSWORD_LENGTH = 1024
# Taken from Django's validator, whose length the settings don't override.
MIN_PASSWORD_LENGTH: int = MinimumLengthValidator().min_length


class BoundsValidator:
    """Refuses passwords that are too long or contain a null character."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) > MAX_PASSWORD_LENGTH:
            raise ValidationError(f"Use at most {MAX_PASSWORD_LENGTH} characters.", code="password_too_long")
        if "\0" in password:
            raise ValidationError("Null characters are not allowed.", code="null_characters")

    def get_help_text(self) -> str:
        return f"At most {MAX_PASSWORD_LENGTH} characters."
