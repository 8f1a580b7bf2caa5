"""The field's names: orders is notified, not told."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0002_tell_orders_at")]

    operations = [
        migrations.RenameField("Charge", "orders_told", "orders_notified"),
        migrations.RenameField("Charge", "tell_orders_at", "notify_orders_at"),
        migrations.AlterField(
            "Charge",
            "notify_orders_at",
            models.DateTimeField(
                help_text="when orders is notified again; at once if empty", null=True
            ),
        ),
    ]
