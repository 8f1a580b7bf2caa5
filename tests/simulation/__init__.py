"""The suite in virtual time: real handlers, rules and workers, invented misfortunes.

`python -m tests.simulation --help`. Replaced are the transport under the channel layer,
the clock, the database's threads and the gateway's network; nothing else.
"""
