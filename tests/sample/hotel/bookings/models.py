"""The tables of bookings: a booking is a saga."""

from django.db import models

from common.saga.models import Attempt, Saga, Transition


class Booking(Saga):
    """A room for a guest on a night."""

    BEGUN, COMPLETED = "booked", "confirmed"
    TRANSITIONS = frozenset(
        {
            ("", "booked"),
            ("booked", "confirmed"),
            ("booked", "compensating"),
            ("compensating", "rejected"),
            ("compensating", "expired"),
        }
    )

    id = models.UUIDField(primary_key=True)
    guest = models.CharField(max_length=40)
    night = models.DateField()

    def __str__(self) -> str:
        return f"{self.id} {self.status}"


class StatusTransition(Transition):
    """One status transition of a booking."""

    booking = models.ForeignKey(
        Booking, on_delete=models.PROTECT, related_name="transitions"
    )


class Step(Attempt):
    """One attempt at a step of a booking."""

    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="steps")
