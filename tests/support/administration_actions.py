"""Acts of moderators on rows of the administration, by its pages."""

from typing import Any

from django.db.models import Model
from django.test import Client
from django.urls import reverse


def act_url(act: str, *rows: Model) -> str:
    meta = rows[0]._meta
    ids = ",".join(str(row.pk) for row in rows)
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_act", args=[act]) + f"?ids={ids}"


def carry_out(client: Client, act: str, *rows: Model) -> Any:
    """Carry out an act; return the page that is shown in the end."""
    return client.post(act_url(act, *rows), follow=True)
