"""Names of people: rules, reserved names, look-alikes, folding for search, and avatars."""

from accounts.names.avatars import COLORS, color, initials
from accounts.names.folding import fold
from accounts.names.offices import is_office
from accounts.names.rules import USERNAME, tidy, validate_display_name, validate_username, validate_visible
from accounts.names.skeletons import SKELETON_LENGTH, skeletons

__all__ = [
    "COLORS",
    "SKELETON_LENGTH",
    "USERNAME",
    "color",
    "fold",
    "initials",
    "is_office",
    "skeletons",
    "tidy",
    "validate_display_name",
    "validate_username",
    "validate_visible",
]
