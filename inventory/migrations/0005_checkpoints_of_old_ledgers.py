"""Sum up what is there, so that the first audit need not."""

from itertools import accumulate
from typing import Any

from django.db import migrations

SEGMENT = 1000


def sum_up(apps: Any, schema_editor: Any) -> None:
    """Make the checkpoints of each product; reads the ledger once."""
    movement = apps.get_model("inventory", "Movement").objects
    checkpoint = apps.get_model("inventory", "LedgerCheckpoint")
    for sku in apps.get_model("inventory", "Stock").objects.values_list("pk", flat=True):
        rows = movement.filter(product_id=sku).order_by("id")
        fields = rows.values_list("id", "on_hand", "allocated", "at").iterator()
        sums = accumulate(
            fields, lambda so_far, one: (one[0], so_far[1] + one[1], so_far[2] + one[2], one[3])
        )
        checkpoint.objects.bulk_create(
            checkpoint(product_id=sku, up_to=id, on_hand=hand, allocated=held, at=at)
            for number, (id, hand, held, at) in enumerate(sums, 1)
            if number % SEGMENT == 0
        )


class Migration(migrations.Migration):
    """Data only."""

    dependencies = (("inventory", "0004_ledger_checkpoints"),)
    operations = (migrations.RunPython(sum_up, migrations.RunPython.noop),)
