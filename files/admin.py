"""Acts of files on the administration's lists of other apps, which don't know of files."""

from accounts.admin import AccountAdmin, refusal
from chatsite.web.administration.acts import Act
from files.avatars import services
from rooms.admin import RoomAdmin

GONE = "This can't be undone: the picture is gone."
AccountAdmin.acts = [
    *AccountAdmin.acts,
    Act(
        name="remove_avatar",
        label="Remove the picture of",
        done="without a picture now",
        effect="They are shown by their initials. They can choose another picture.",
        apply=lambda user, by: services.remove_from(user, by=by),
        refusal=refusal(lambda user: "" if user.avatar else "no picture"),
        no_undo=GONE,
        danger=True,
    ),
]
RoomAdmin.acts = [
    *RoomAdmin.acts,
    Act(
        name="remove_avatar",
        label="Remove the picture of",
        done="without a picture now",
        effect="They are shown by a sign. Their owners and moderators can choose another picture.",
        apply=services.clear_room,
        refusal=lambda room, by: "" if room.avatar else "no picture",
        no_undo=GONE,
        danger=True,
    ),
]
