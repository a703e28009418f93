"""Forms of the account pages. They check shapes; the services decide what is allowed."""

from collections.abc import Iterable
from typing import Any

from django import forms

from accounts.authentication.password_validators import MAX_PASSWORD_LENGTH
from accounts.models import MAX_STATUS_LENGTH, ApiToken
from accounts.services.invites import DEFAULT_USES, MAX_USES
from chatsite.contract.emoji import COMMON, MAX_EMOJI_LENGTH
from chatsite.contract.zones import MAX_ZONE_LENGTH
from chatsite.web.forms import EmailField, PartialForm, TextField, TickField

# For how long a status or an availability can last, and the choice that keeps the end it has.
LASTING = [
    ("", "When I change it"),
    ("30", "In 30 minutes"),
    ("60", "In an hour"),
    ("240", "In 4 hours"),
    ("day", "Tomorrow"),
    ("week", "On Monday"),
]
KEEP = "keep"
LENGTH_HELP = "At least 8 characters, and not only digits."


def username_field(**kwargs: Any) -> TextField:
    """Return a field for a username, focused when the page opens."""
    attrs = {"autocapitalize": "none", "autocomplete": "username", "spellcheck": "false", "autofocus": True}
    return TextField(label="Username", max_length=150, widget=forms.TextInput(attrs=attrs), **kwargs)


def password_field(label: str, autocomplete: str, **kwargs: Any) -> TextField:
    """Return a field for a password, whose blanks are kept."""
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return TextField(label=label, strip=False, max_length=MAX_PASSWORD_LENGTH, widget=widget, **kwargs)


def name_field(**kwargs: Any) -> TextField:
    """Return an optional field for a display name of at most 64 characters."""
    widget = forms.TextInput(attrs={"autocomplete": "name"})
    return TextField(label="Name", required=False, max_length=64, widget=widget, **kwargs)


class LoginForm(forms.Form):
    """Username and password."""

    username = username_field()
    password = password_field("Password", "current-password")


class SignUpForm(forms.Form):
    """A new account."""

    username = username_field(help_text="3 to 32 letters, digits, dots, dashes or underscores.")
    display_name = name_field(help_text="How others see you. You can change it later.")
    password = password_field("Password", "new-password", help_text=LENGTH_HELP)


class SetupForm(SignUpForm):
    """The first administrator's account and the site's name."""

    site_name = TextField(
        label="Name of this site",
        max_length=60,
        initial="Chatsite",
        help_text="People see it above the rooms.",
    )
    field_order = ["site_name", "username", "display_name", "password"]


class ProfileForm(PartialForm, forms.Form):
    """One's own display name, email address, reaction by a double click, whether links have previews and reads are shown,
    and time zone."""

    display_name = name_field(help_text="How others see you. Without one it is your username.")
    email = EmailField(
        label="Email",
        required=False,
        max_length=254,
        help_text="Shown to nobody but you and whoever runs this site.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    double_click_reaction = forms.ChoiceField(
        label="Double click on a message",
        required=False,
        help_text="It puts this reaction there, and a second one takes it back.",
    )
    show_previews = TickField(
        label="Show previews of links",
        required=False,
        help_text="Where this site makes some: what a page says of itself, under the message that links to it.",
    )
    show_receipts = TickField(
        label="Show what you have read",
        required=False,
        help_text="In direct conversations and rooms of at most 20 people others see how far you have read, and you see it "
        "of them. Without it, neither.",
    )
    single_keys = TickField(
        label="Single keys act",
        required=False,
        help_text="Such as J, K and E on the page to catch up, and ? for the list of keys. Switch it off if you write by "
        "voice, or hit keys by accident.",
    )
    time_zone = TextField(
        label="Time zone",
        required=False,
        max_length=MAX_ZONE_LENGTH,
        help_text="Such as Europe/Vienna.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    show_local_time = TickField(
        label="Show my local time",
        required=False,
        help_text="Others see on your page what time it is in your time zone, and so which one that is.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # One that was chosen by a program stays.
        chosen = self.initial.get("double_click_reaction")
        offered = dict.fromkeys([*COMMON, *([chosen] if chosen else [])])
        choices = [("", "Does nothing"), *((emoji, emoji) for emoji in offered)]
        self.fields["double_click_reaction"].choices = choices  # type: ignore[attr-defined]


class StatusForm(forms.Form):
    """One's own status and availability, and how long each lasts. `ends` are the present ends by the prefix of their
    fields, in words: they can be kept."""

    emoji = TextField(
        label="Emoji",
        required=False,
        max_length=MAX_EMOJI_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "status-emoji"}),
    )
    text = TextField(
        label="Status",
        required=False,
        max_length=MAX_STATUS_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "What are you up to?"}),
    )
    text_lasts = forms.ChoiceField(label="Clear it", required=False)
    availability = forms.ChoiceField(
        label="Availability",
        choices=[
            ("automatic", "Automatic: away after 10 minutes"),
            ("away", "Away"),
            ("dnd", "Do not disturb"),
            ("invisible", "Invisible: nobody but you sees that you are here"),
        ],
    )
    availability_lasts = forms.ChoiceField(label="Then automatic again", required=False)

    def __init__(self, *args: Any, ends: dict[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("text", "availability"):
            kept = [(KEEP, end)] if (end := (ends or {}).get(name)) else []
            self.fields[f"{name}_lasts"].choices = [*LASTING, *kept]  # type: ignore[attr-defined]


class TokenForm(forms.Form):
    """The label of a new API token."""

    name = TextField(
        label="What it is for", max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class PasswordForm(forms.Form):
    """A new password, proved by the current one. `tokens` are the person's; those that aren't kept are revoked."""

    current = password_field("Current password", "current-password")
    password = password_field("New password", "new-password", help_text=LENGTH_HELP)
    keep_tokens = forms.TypedMultipleChoiceField(
        label="Tokens that go on working",
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="All others are revoked. Keep one only if nobody else can have it.",
    )

    def __init__(self, *args: Any, tokens: Iterable[ApiToken], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(token.pk, str(token)) for token in tokens]
        self.fields["keep_tokens"].choices = choices  # type: ignore[attr-defined]
        if not choices:
            del self.fields["keep_tokens"]


class NewPasswordForm(forms.Form):
    """A new password, chosen by a reset link."""

    password = password_field("New password", "new-password", help_text=LENGTH_HELP)


class ResetForm(forms.Form):
    """The email address to which a reset link is sent."""

    email = EmailField(
        label="Email", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )


class InviteForm(forms.Form):
    """The lifetime of an invite link, and the number of people whom it admits."""

    days = forms.TypedChoiceField(
        label="Works for",
        coerce=int,
        initial="7",
        choices=[("1", "A day"), ("7", "A week"), ("30", "A month"), ("365", "A year")],
    )
    max_uses = forms.IntegerField(
        label="How many people",
        initial=DEFAULT_USES,
        min_value=1,
        max_value=MAX_USES,
        help_text="Who may come by it.",
    )
