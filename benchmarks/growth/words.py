"""Words by which searches find some of the messages of a filled database."""

# A word that thirty messages of any site have, and one that every thousandth has.
RARE, RARE_MESSAGES = "quokka", 30
SELDOM, SELDOM_EVERY = "zeppelin", 1_000
# No message has these; all three letters in a row of the second are in thousands.
NOWHERE, PARTS_ONLY = "xylophage", "ingthe"
