"""The tables of rooms."""

from django.db import models

ROOMS = 1
RATE = 8900


class Stay(models.Model):
    """A booking's room; without a night it was given back, now or in advance."""

    booking_id = models.UUIDField(primary_key=True)
    night = models.DateField(null=True)

    def __str__(self) -> str:
        return f"{self.booking_id} {self.night}"
