"""The constraints of the statuses' new names: PostgreSQL wants a transaction for them."""

from django.db import migrations, models
from django.db.models import Q

STATUSES = ["placed", "confirmed", "compensating", "rejected", "cancelled", "expired"]


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_names")]

    operations = [
        migrations.AddConstraint(
            "Order",
            models.CheckConstraint(
                name="order_status_is_known", condition=Q(status__in=STATUSES)
            ),
        ),
        migrations.AddConstraint(
            "Order",
            models.CheckConstraint(
                name="a_compensating_order_has_an_outcome",
                condition=~Q(status="compensating") | ~Q(outcome=""),
            ),
        ),
    ]
