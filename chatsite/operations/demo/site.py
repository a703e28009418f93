"""People, rooms and direct rooms of the demo site."""

import hashlib
from pathlib import Path

TALK = Path(__file__).parent / "talk"
NAME = "Northside Makers"
ME = "ada"

PEOPLE = {
    "ada": "Ada Kowalski",
    "mira": "Mira Okafor",
    "tomas": "Tomás Lima",
    "jun": "Jun Park",
    "wanda": "Wanda Novak",
    "bo_s": "Bo Sørensen",
    "priya": "Priya Raman",
    "luca": "Luca Ferri",
    "hanna": "Hanna Vogel",
    "samir": "Samir Haddad",
    "ines": "Inês Duarte",
    "oskar": "Oskar Lind",
}
EVERYONE = tuple(PEOPLE)

# Emoji, text, and days from now until it ends, of those who say something of themselves; and their availability.
STATUSES: dict[str, tuple[str, str, int | None, str]] = {
    "mira": ("🧵", "Sorting the yarn wall", None, "automatic"),
    "tomas": ("🎧", "Under the lathe, ring twice", 1, "dnd"),
    "wanda": ("🌴", "Back on Thursday", 5, "away"),
    "jun": (":cog:", "", None, "automatic"),
}
TIME_ZONES = {"ines": "Europe/Lisbon", "tomas": "Europe/Lisbon", "ada": "Europe/Warsaw"}

# slug: topic, kind, weight of its share of conversations, members with the owner first; MODERATORS are moderators.
ROOMS: dict[str, tuple[str, str, int, tuple[str, ...]]] = {
    "general": ("Everyone is here", "public", 22, EVERYONE),
    "workshop": ("Tools, bookings and what is broken this week", "public", 24, EVERYONE),
    "3d-printing": (
        "Layers, filament and spaghetti",
        "public",
        16,
        ("jun", "ada", "mira", "tomas", "bo_s", "priya", "hanna", "samir", "oskar", "luca", "wanda", "ines"),
    ),
    "electronics": (
        "It is always the ground",
        "public",
        14,
        ("samir", "jun", "ada", "mira", "tomas", "bo_s", "priya", "ines", "oskar", "luca", "hanna"),
    ),
    "events": ("What is on, and who brings the soup", "public", 12, EVERYONE),
    "lost-and-found": ("The box by the door", "public", 4, EVERYONE),
    "laser": (
        "Settings, bookings, and no PVC",
        "public",
        7,
        ("priya", "ada", "mira", "jun", "bo_s", "hanna", "samir", "ines", "wanda"),
    ),
    "textiles": (
        "Thread, cloth and mending",
        "public",
        5,
        ("hanna", "wanda", "priya", "ines", "luca", "oskar", "bo_s"),
    ),
    "board": ("For the five of us", "private", 3, ("ada", "mira", "tomas", "ines", "hanna")),
}
MODERATORS = {"mira"}

# Members of each direct room, and its last messages.
DIRECTS: list[tuple[tuple[str, ...], list[tuple[str, str]]]] = [
    (("ada", "mira"), [("mira", "Eighty people! I still can't believe it. Shall we tell the newspaper?")]),
    (("ada", "tomas"), [("tomas", "Lathe is done, see #workshop."), ("ada", "You're the best. Thank you.")]),
    (
        ("ada", "jun", "wanda"),
        [
            ("jun", "Chairs: I have the van until five."),
            ("wanda", "I carry."),
            ("ada", "Then it's settled 🙂"),
        ],
    ),
    (
        ("ada", "ines"),
        [("ada", "The programme looks wonderful."), ("ines", "It's only a page! But thank you.")],
    ),
    (("mira", "oskar"), []),
    (("jun", "samir"), []),
]


def direct_slug(people: tuple[str, ...]) -> str:
    return "d-" + hashlib.sha256(" ".join(people).encode()).hexdigest()[:16]


# Messages that somebody forwards at the very end: the last of a room goes to another.
FORWARDS = [("3d-printing", "general", "jun", "From next door, for those who aren't in #3d-printing:")]

# Of ME, how many of a room's last messages aren't read.
UNREAD = {"general": 7, "3d-printing": 4, "workshop": 3, "events": 2, direct_slug(("ada", "mira")): 1}

# Of ME: levels of rooms, and the hours in which they may be disturbed.
LEVELS = {"board": "all", "lost-and-found": "none"}
HOURS = {
    **dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), ("07:00", "23:00")),
    **dict.fromkeys(("saturday", "sunday"), ("09:00", "01:00")),
}

# What ME has begun to write; texts to be sent later, and of reminders, in how many days and at which hour.
DRAFTS = {
    "events": "I could bring the big clamps on Saturday, if",
    direct_slug(("ada", "ines")): "Shall we print it on the",
}
SCHEDULED = [
    ("general", "Good morning! The doors are open until ten tonight.", 1, 9),
    ("board", "Agenda for Thursday:\n1. rent\n2. the kiln\n3. anything else", 2, 18),
    (direct_slug(("ada", "mira")), "Happy birthday, dear Mira! 🎂", 5, 8),
]
REMINDERS = [("Order plywood", 1, 17), ("Fire extinguishers are due for inspection", 9, 10)]
