"""What is counted: rooms, and how often each thing is done."""

from benchmarks.groups import Group

ALONE = Group("alone-", 1, 1, 0)
FEW = Group("few-", 1, 10, 1)
MANY = Group("many-", 1, 210, 11)
GROUPS = (ALONE, FEW, MANY)
PEOPLE = sum(group.people for group in GROUPS)
# Messages that are in flight at once in the measure of a batch.
BATCH = 32
