"""Is the bus there?"""

from redis import Redis
from redis.exceptions import AuthenticationError, RedisError, ResponseError


def problem_with(url: str) -> str | None:
    """Return why the server behind a bus URL does not answer, or None if it does."""
    try:
        with Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as bus:
            bus.ping()
    except (AuthenticationError, ResponseError) as error:
        return f"the bus at BUS_URL refuses us: {error}"
    except (RedisError, OSError) as error:
        return f"nothing answers at BUS_URL: {error}"
    return None
