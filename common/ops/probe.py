"""`python -m common.ops.probe URL`: does a process answer that it is well?

For health checks of containers. It imports the standard library only: a check that
takes long to start costs more than it checks.
"""

import argparse
import http.client
import sys
from urllib.parse import urlsplit


def main(words: list[str] | None = None) -> int:
    """Return 0 if the URL answers with a 2xx; otherwise say what came, and return 1."""
    parser = argparse.ArgumentParser(prog="python -m common.ops.probe")
    parser.add_argument("url", help="such as http://127.0.0.1:8000/health/ready")
    parser.add_argument("--timeout", type=float, default=3.0, help="seconds")
    options = parser.parse_args(words)
    url = urlsplit(options.url)
    if url.scheme != "http" or not url.hostname:
        parser.error("expected a URL that begins with http://")
    try:
        status, body = ask(url.hostname, url.port or 80, url.path, options.timeout)
    except (OSError, http.client.HTTPException) as error:
        print(f"{options.url}: {str(error) or type(error).__name__}", file=sys.stderr)
        return 1
    if 200 <= status < 300:
        return 0
    print(f"{options.url}: {status} {' '.join(body.split())[:500]}", file=sys.stderr)
    return 1


def ask(host: str, port: int, path: str, timeout: float) -> tuple[int, str]:
    """Return the status and the body that are answered to a GET."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", path or "/")
        answer = connection.getresponse()
        return answer.status, answer.read(2000).decode(errors="replace")
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
