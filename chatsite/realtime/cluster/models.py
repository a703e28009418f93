"""The table of the site's processes."""

from django.db import models


class Process(models.Model):
    """A process that serves the site beside others. `looked` is the number of the transaction before its last
    whole recheck of its connections (`revocation_barrier.py`)."""

    name = models.CharField(max_length=16, primary_key=True)
    host = models.CharField(max_length=100)
    pid = models.PositiveIntegerField()
    looked = models.PositiveBigIntegerField()

    class Meta:
        db_table = "accounts_process"

    def __str__(self) -> str:
        return f"{self.name} on {self.host}"
