"""`python -m lab.rpc.serve <peer> <address>`: the one server process of a peer."""

import asyncio
import inspect
import sys

from lab.rpc.running import peer_module

if __name__ == "__main__":
    name, address = sys.argv[1:]
    serve = peer_module(name).serve
    if inspect.iscoroutinefunction(serve):
        asyncio.run(serve(address))
    else:
        serve(address)
