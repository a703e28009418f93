"""Forms of the pages. They check the shape; what is allowed is the services' word, put back by `refuse`."""

from typing import Any

from django import forms

from accounts.validators import LONGEST_PASSWORD
from chatsite.errors import ChatError
from chatsite.forms import EmailField, TextField


def refuse(form: forms.Form, error: ChatError) -> None:
    """Puts a service's refusal where it belongs: at its fields, or above the form."""
    named = {name: texts for name, texts in (error.fields or {}).items() if name in form.fields}
    for name, texts in named.items():
        form.add_error(name, texts)
    if not named:
        form.add_error(None, error.detail)


def username_field(**kwargs: Any) -> TextField:
    attrs = {"autocapitalize": "none", "autocomplete": "username", "spellcheck": "false", "autofocus": True}
    return TextField(label="Username", max_length=150, widget=forms.TextInput(attrs=attrs), **kwargs)


def password_field(label: str, autocomplete: str, **kwargs: Any) -> TextField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return TextField(label=label, strip=False, max_length=LONGEST_PASSWORD, widget=widget, **kwargs)


def name_field(**kwargs: Any) -> TextField:
    widget = forms.TextInput(attrs={"autocomplete": "name"})
    return TextField(label="Name", required=False, max_length=64, widget=widget, **kwargs)


class LoginForm(forms.Form):
    username = username_field()
    password = password_field("Password", "current-password")


class SignUpForm(forms.Form):
    username = username_field(help_text="3 to 32 letters, digits, dots, dashes or underscores.")
    display_name = name_field(help_text="How others see you. You can change it later.")
    password = password_field("Password", "new-password", help_text="At least 8 characters.")


class SetupForm(SignUpForm):
    site_name = TextField(
        label="Name of this site",
        max_length=60,
        initial="Chatsite",
        help_text="People see it above the rooms.",
    )
    field_order = ["site_name", "username", "display_name", "password"]


class ProfileForm(forms.Form):
    display_name = name_field(help_text="How others see you. Without one it is your username.")
    email = EmailField(
        label="Email",
        required=False,
        max_length=254,
        help_text="Only you see it.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class TokenForm(forms.Form):
    name = TextField(
        label="What it is for", max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class PasswordForm(forms.Form):
    current = password_field("Current password", "current-password")
    password = password_field("New password", "new-password", help_text="At least 8 characters.")


class NewPasswordForm(forms.Form):
    password = password_field("New password", "new-password", help_text="At least 8 characters.")


class ResetForm(forms.Form):
    email = EmailField(
        label="Email", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )


class InviteForm(forms.Form):
    days = forms.TypedChoiceField(
        label="Works for",
        coerce=int,
        initial="7",
        choices=[("1", "A day"), ("7", "A week"), ("30", "A month"), ("0", "As long as it isn't revoked")],
    )
    max_uses = forms.IntegerField(
        label="How many people",
        required=False,
        min_value=1,
        max_value=100_000,
        help_text="Empty: any number.",
    )
