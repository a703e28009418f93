"""Forms of the room pages. They check shapes; the services decide what is allowed."""

from django import forms

from chatsite.web.forms import TextField
from rooms.models import Membership, Room


class RoomForm(forms.Form):
    """Name and topic."""

    name = TextField(max_length=64, label="Name", widget=forms.TextInput({"autocomplete": "off"}))
    topic = TextField(
        max_length=250, required=False, label="Topic", help_text="One line on what the room is for."
    )


class NewRoomForm(RoomForm):
    """A new room."""

    kind = forms.ChoiceField(
        choices=[(Room.Kind.PUBLIC, "Public"), (Room.Kind.PRIVATE, "Private")],
        initial=Room.Kind.PUBLIC,
        widget=forms.RadioSelect,
    )


class DirectForm(forms.Form):
    """The people of a direct room."""

    members = forms.MultipleChoiceField(error_messages={"required": "Pick at least one person."})


class MemberForm(forms.Form):
    """A person to add to the room."""

    username = TextField(
        max_length=32,
        label="Add somebody",
        widget=forms.TextInput({"autocomplete": "off", "placeholder": "Username", "list": "people"}),
    )


class ChangeMemberForm(forms.Form):
    """One change of a member: a role, a mute, a removal or a ban."""

    role = forms.ChoiceField(choices=Membership.Role.choices, required=False)
    muted = forms.NullBooleanField(required=False)
    remove = forms.BooleanField(required=False)
    ban = forms.BooleanField(required=False)
