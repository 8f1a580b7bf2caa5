"""Hostile and impatient clients against real web processes, on loopback alone.

`python -m tests.hostile` starts the suite, plays one attack after the other, and holds
each against three promises: an honest shopper notices nothing, the process loses no
more than the attack may cost, and afterwards everything is back. Read `attacks/slow.py`
first, then `judge.py`. Nothing here knows which server answers.
"""
