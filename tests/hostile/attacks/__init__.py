"""All attacks, one family a module. Importing the package registers them."""

from tests.hostile.attacks import calm, hang_ups, slow, waits

__all__ = ["calm", "hang_ups", "slow", "waits"]
