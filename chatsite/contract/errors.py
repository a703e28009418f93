"""Errors of docs/protocol.md: each has a code, a sentence for people and an HTTP status.

Services raise them; `chatsite.web.rest.api` answers them over HTTP, `chatsite.realtime` as acks.
"""

from typing import Any, ClassVar, Self

Fields = dict[str, list[str]]


class ChatError(Exception):
    """Base of all errors. `fields` maps a field's name to its sentences; `retry_after` is in seconds."""

    code: ClassVar[str] = "invalid"
    status: ClassVar[int] = 400
    detail: str = "That request is not valid."

    def __init__(
        self, detail: str | None = None, *, fields: Fields | None = None, retry_after: float | None = None
    ) -> None:
        self.detail = detail or type(self).detail
        self.fields = fields
        self.retry_after = retry_after
        super().__init__(self.detail)

    @classmethod
    def about(cls, field: str, sentence: str) -> Self:
        """Make an error about one field."""
        return cls(f"{field}: {sentence}", fields={field: [sentence]})

    def payload(self) -> dict[str, Any]:
        """Build what clients get: `{"code", "detail", "fields"?, "retry_after"?}`."""
        payload: dict[str, Any] = {"code": self.code, "detail": self.detail}
        if self.fields:
            payload["fields"] = self.fields
        if self.retry_after is not None:
            payload["retry_after"] = self.retry_after
        return payload


class Invalid(ChatError):
    code, status = "invalid", 400


class Unauthorized(ChatError):
    code, status = "unauthorized", 401
    detail = "Log in first."


class Forbidden(ChatError):
    code, status = "forbidden", 403
    detail = "You may not do that."


class Muted(ChatError):
    code, status = "muted", 403
    detail = "You are muted in this room."


class Banned(ChatError):
    code, status = "banned", 403
    detail = "You are banned from this room."


class NotFound(ChatError):
    code, status = "not_found", 404
    detail = "There is no such thing, or it is not yours to see."


class Archived(ChatError):
    code, status = "archived", 409
    detail = "This room is archived. It can be read, and nothing in it can change."


class Conflict(ChatError):
    code, status = "conflict", 409
    detail = "That is taken already."


class TooLarge(ChatError):
    code, status = "too_large", 413
    detail = "That is too large."


class RateLimited(ChatError):
    code, status = "rate_limited", 429
    detail = "Too many requests. Wait a moment."


class QuotaExceeded(ChatError):
    """A total is used up: waiting doesn't help, unlike with RateLimited."""

    code, status = "quota_exceeded", 403
    detail = "There is no room for more."


class UnknownEvent(ChatError):
    code, status = "unknown_event", 400
    detail = "There is no such event."


class MethodNotAllowed(ChatError):
    code, status = "method_not_allowed", 405
    detail = "That address takes other methods; the Allow header has them."


class NotAcceptable(ChatError):
    code, status = "not_acceptable", 406
    detail = "There is no answer of a kind that the Accept header names."


class UnsupportedMediaType(ChatError):
    code, status = "unsupported_media_type", 415
    detail = "A body of that Content-Type can't be read."


class UnsupportedType(ChatError):
    """A file whose kind isn't taken."""

    code, status = "unsupported_type", 415
    detail = "Files of that kind aren't taken."


class Unavailable(ChatError):
    code, status = "unavailable", 503
    detail = "The server could not do that now. Try again."


class Internal(ChatError):
    """An exception that no code expects: a bug."""

    code, status = "internal", 500
    detail = "A fault of the server's kept it from doing that. Its log says which."
