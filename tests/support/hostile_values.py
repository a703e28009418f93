"""Input nobody should send: JSON of every shape and size, with the characters that break things."""

from hypothesis import strategies as st

SLUGS = st.sampled_from(["board", "lobby", "general", "nowhere", "", "../x", "a\0b", "x" * 300])
TEXT = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["\0", "\ud800", "\u202e", "\u200b", "'; DROP TABLE rooms_room;--", "{{7*7}}", "%s%n", "x" * 11_000]
    ),
)
NUMBERS = st.one_of(
    st.integers(), st.sampled_from([2**31, 2**63, 2**64, -1, 10**400]), st.floats(allow_nan=False)
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXT, SLUGS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
NAMES = (
    "room body client_id reply_to after epoch limit typing seq id name slug topic kind members archived username "
    "role muted display_name password emoji __class__ pk"
)
KEYS = st.sampled_from(NAMES.split())
OBJECTS = st.dictionaries(KEYS | TEXT, VALUES, max_size=5)
CODES = {
    "unauthorized", "not_found", "forbidden", "invalid", "too_large", "rate_limited", "muted", "banned", "archived",
    "conflict", "unknown_event", "unavailable",
}  # fmt: skip
