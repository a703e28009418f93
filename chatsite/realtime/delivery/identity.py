"""The person whom a connection belongs to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """A user's id, names and picture at the time of connecting, and the credential: a session's key or a token's id."""

    user_id: int
    username: str
    session_key: str | None = None
    token_id: int | None = None
    display_name: str = ""
    avatar: str = ""

    @property
    def name(self) -> str:
        """The name that others see."""
        return self.display_name or self.username
