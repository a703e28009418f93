"""What a password may be, at every door that Django's own validators stand at."""

from typing import Any

from django.contrib.auth.password_validation import MinimumLengthValidator
from django.core.exceptions import ValidationError

# Hashing more would be work for nothing.
MAX_PASSWORD_LENGTH = 1024
# As long as the settings have it, which give that validator no other length.
MIN_PASSWORD_LENGTH: int = MinimumLengthValidator().min_length


class BoundsValidator:
    def validate(self, password: str, user: Any = None) -> None:
        if len(password) > MAX_PASSWORD_LENGTH:
            raise ValidationError(f"Use at most {MAX_PASSWORD_LENGTH} characters.", code="password_too_long")
        if "\0" in password:
            raise ValidationError("Null characters are not allowed.", code="null_characters")

    def get_help_text(self) -> str:
        return f"At most {MAX_PASSWORD_LENGTH} characters."
