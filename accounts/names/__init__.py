"""Names of people: rules, reserved names, look-alikes, and folding for search."""

from accounts.names.folding import fold
from accounts.names.offices import is_office
from accounts.names.rules import USERNAME, tidy, validate_display_name, validate_username, validate_visible
from accounts.names.skeletons import SKELETON_LENGTH, skeletons

__all__ = [
    "SKELETON_LENGTH",
    "USERNAME",
    "fold",
    "is_office",
    "skeletons",
    "tidy",
    "validate_display_name",
    "validate_username",
    "validate_visible",
]
