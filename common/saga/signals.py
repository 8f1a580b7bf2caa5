"""Signals of a saga: what else may want to know is not the saga's business."""

from django.dispatch import Signal

status_changed = Signal()
"""Sent by a saga's model after the commit of a transition, in the database's thread.

`changed` has the new status by the saga's key, as text. A receiver neither blocks nor
raises; one that does raise is logged, and hurts nobody.
"""
