"""Logs as key-values, with the correlation id of the work on every line."""

import logging
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, SuspiciousOperation

from common.context import current_headers
from common.outage import is_outage


class OnlyBugs:
    """Lets exceptions through that neither an outage nor the client explains."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to log it."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, SuspiciousOperation | PermissionDenied):
            return False
        return error is not None and not is_outage(error)


def configure(*, json: bool, level: str) -> dict[str, Any]:
    """Set structlog up and return Django's LOGGING, so that both write alike."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_headers,
    ]
    structlog.configure(
        processors=[
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level]
        ),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        else structlog.dev.ConsoleRenderer(
            colors=False,
            pad_event_to=18,
            exception_formatter=structlog.dev.plain_traceback,  # no local variables
        )
    )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": shared,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *([structlog.processors.format_exc_info] if json else []),
            renderer,
        ],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": formatter},
        "filters": {"bugs": {"()": OnlyBugs}},
        "handlers": {"err": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["err"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            "django.request": {"filters": ["bugs"]},  # our line `http` has the rest
            "django.security.DisallowedHost": {"propagate": False},
            "psycopg.pool": {"level": "ERROR"},  # it tells of every attempt
            "daphne": {"level": "WARNING"},
        },
    }


def _add_headers(
    _logger: Any, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    headers = current_headers()
    if headers.correlation_id:
        event["correlation_id"] = headers.correlation_id
    if headers.flags:
        event["flags"] = ",".join(headers.flags)
    return event
