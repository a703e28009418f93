"""Forms of the notification pages. They check shapes; the services decide what is allowed."""

from functools import cache
from typing import Any

from django import forms

from chatsite.contract.zones import places
from chatsite.web.forms import TextField
from notifications.keywords import MAX_KEYWORDS
from notifications.models import MailWish
from notifications.schedule import DAYS, Hours
from rooms.models import Room
from rooms.serializers import LEVELS

USUAL_HOURS = ("09:00", "18:00")
TIME = forms.TimeInput({"type": "time", "class": "input"}, format="%H:%M")


@cache
def zones() -> list[tuple[str, str]]:
    """Return the time zones to choose from."""
    return [("", "UTC"), *((name, name.replace("_", " ")) for name in places())]


class PreferencesForm(forms.Form):
    """What somebody is told of: the level where they chose none, and their keywords, one on each line."""

    level = forms.ChoiceField(
        label="In rooms tell me of", choices=[("default", "What this site chose"), *LEVELS[1:]]
    )
    keywords = TextField(
        label="My words",
        required=False,
        max_length=5000,
        help_text=f"One on each line, at most {MAX_KEYWORDS}. Whoever says one tells you, in any case and any script.",
        widget=forms.Textarea({"rows": 4, "autocomplete": "off"}),
    )

    mail = forms.ChoiceField(
        label="By mail",
        required=False,
        choices=MailWish.choices,
        help_text="When a mention or direct message isn't read after some minutes; to the address in your profile.",
    )

    def __init__(self, *args: Any, mails: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not mails:
            del self.fields["mail"]

    def changes(self) -> dict[str, Any]:
        """Return what the service takes."""
        data = self.cleaned_data
        wish = {"mail": data["mail"]} if data.get("mail") else {}
        return {"level": data["level"], "words": data["keywords"].splitlines(), **wish}


class ScheduleForm(forms.Form):
    """The hours of each day in which somebody wants to be disturbed, and their zone. No day ticked means all hours."""

    zone = forms.ChoiceField(label="My time zone", required=False)

    def __init__(self, *args: Any, schedule: list[Hours], zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = zones() if zone in dict(zones()) else [*zones(), (zone, zone)]
        field: Any = self.fields["zone"]
        field.choices, field.initial = known, zone
        by_day = {each["day"]: each for each in schedule}
        for day in DAYS:
            hours = by_day.get(day)
            self.fields[day] = forms.BooleanField(
                label=day.capitalize(), required=False, initial=hours is not None
            )
            begin, end = (hours["from"], hours["to"]) if hours else USUAL_HOURS
            for name, initial in (("from", begin), ("to", end)):
                # A screen reader reads the day with each time.
                words = f"{day.capitalize()} {name}"
                self.fields[f"{day}_{name}"] = forms.TimeField(
                    label=words, required=False, initial=initial, widget=TIME
                )

    def days(self) -> list[tuple[forms.BoundField, forms.BoundField, forms.BoundField]]:
        """Return the three fields of each day."""
        return [(self[day], self[f"{day}_from"], self[f"{day}_to"]) for day in DAYS]

    def changes(self) -> dict[str, Any]:
        """Return what the service takes."""
        data = self.cleaned_data
        hours = [
            {"day": day, **{name: said(data[f"{day}_{name}"]) for name in ("from", "to")}}
            for day in DAYS
            if data[day]
        ]
        return {"hours": hours, "zone": data["zone"]}


def said(time: Any) -> str:
    """Return a time as a schedule has it; "" for none, which the service refuses."""
    return f"{time:%H:%M}" if time else ""


class QuietForm(forms.Form):
    """How long somebody doesn't want to be disturbed, in minutes from now on; 0 ends it."""

    minutes = forms.IntegerField(min_value=0, max_value=7 * 24 * 60)


class LevelForm(forms.Form):
    """What somebody is told of in a room."""

    level = forms.ChoiceField(label="Tell me of", choices=LEVELS, widget=forms.RadioSelect)


class CallersForm(forms.Form):
    """Who may call everybody in a room."""

    callers = forms.ChoiceField(
        label="Who may call everybody by @room and @here",
        choices=[(value or "by_size", words) for value, words in Room.Callers.choices],
        widget=forms.RadioSelect,
    )
