"""The field's names: compensating, status transition, first status."""

from django.db import migrations, models


NEW = {"undoing": "compensating"}
OLD = {new: old for old, new in NEW.items()}


def rename(words):
    def run(apps, schema_editor):
        database = schema_editor.connection.alias
        order = apps.get_model("orders", "Order").objects.using(database)
        transition = apps.get_model("orders", "StatusTransition").objects.using(database)
        for old, new in words.items():
            order.filter(status=old).update(status=new)
            transition.filter(start=old).update(start=new)
            transition.filter(end=old).update(end=new)

    return run


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]

    operations = [
        migrations.RemoveConstraint("Order", "order_status_is_known"),
        migrations.RemoveConstraint("Order", "an_undoing_order_has_an_outcome"),
        migrations.RenameField("Order", "answered", "first_status"),
        migrations.RenameField("Order", "runs", "attempts"),
        migrations.AlterField(
            "Order",
            "status",
            models.CharField(
                choices=[
                    ("placed", "Placed"),
                    ("confirmed", "Confirmed"),
                    ("compensating", "Compensating"),
                    ("rejected", "Rejected"),
                    ("cancelled", "Cancelled"),
                    ("expired", "Expired"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            "Order",
            "outcome",
            models.CharField(
                blank=True,
                help_text="what the compensation will end in",
                max_length=10,
            ),
        ),
        migrations.RenameModel("Move", "StatusTransition"),
        migrations.AlterField(
            "StatusTransition",
            "order",
            models.ForeignKey(
                on_delete=models.PROTECT, related_name="transitions", to="orders.order"
            ),
        ),
        migrations.AlterField(
            "StatusTransition", "start", models.CharField(blank=True, max_length=12)
        ),
        migrations.AlterField(
            "StatusTransition", "end", models.CharField(max_length=12)
        ),
        migrations.RunPython(rename(NEW), rename(OLD)),
    ]
