"""Logs as key-values, with the correlation id of the work on every line."""

import io
import logging
from json import dumps
from typing import Any, TextIO

import structlog
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    SuspiciousOperation,
)
from django.http.multipartparser import MultiPartParserError

from common.context import current_headers
from common.ops.outage import is_outage
from common.ops.printable import escaped

LONGEST_VALUE = 1_000
"""Characters of one value, and of one line of a traceback."""
LONGEST_TRACEBACK = 20_000
OF_CLIENTS = (SuspiciousOperation, PermissionDenied, BadRequest, MultiPartParserError)
"""What a request does wrong; the line `http` tells its status."""


class OnlyBugs:
    """Lets exceptions through that neither an outage nor the client explains."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to log it."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, OF_CLIENTS):
            return False
        return error is not None and not is_outage(error)


class WithoutTraceback:
    """Lets everything through in one line: what a client does wrong is no bug."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Take the traceback off."""
        record.exc_info = None
        return True


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
            _shorten,
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
            exception_formatter=_write_traceback,
        )
    )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [*shared, _shorten],
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.ExceptionRenderer(_traceback) if json else _one_line,
            renderer,
            _escape_json if json else _escape_text,
        ],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": formatter},
        "filters": {
            "bugs": {"()": OnlyBugs},
            "one line": {"()": WithoutTraceback},
        },
        "handlers": {
            "err": {"class": "logging.StreamHandler", "formatter": "lines"},
            "nothing": {"class": "logging.NullHandler"},
            "clients": {
                "class": "logging.StreamHandler",
                "formatter": "lines",
                "filters": ["one line"],
            },
        },
        "root": {"handlers": ["err"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            "django.request": {"filters": ["bugs"]},  # our line `http` has the rest
            "django.security": {"handlers": ["clients"], "propagate": False},
            "django.security.DisallowedHost": {
                "handlers": ["nothing"],  # the line `http` says 421
                "propagate": False,
            },
            "psycopg.pool": {"level": "ERROR"},  # it tells of every attempt
            "uvicorn": {"level": "WARNING"},
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


def _shorten(
    _logger: Any, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Cut what is too long: the last net under whoever logs what is not ours."""
    for name, value in event.items():
        if name.startswith("_") or name == "exc_info":
            continue
        text = value if isinstance(value, str) else repr(value)
        if len(text) > LONGEST_VALUE:
            event[name] = _cut(text)
    return event


def _one_line(
    _logger: Any, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Write what has several lines as one: the renderer breaks lines only itself."""
    for name, value in event.items():
        if name == "event" or not isinstance(value, str | tuple):
            text = str(value) if name == "event" else repr(value)
            if "\n" in text:
                event[name] = text.replace("\n", "\\n")
    return event


def _escape_json(_logger: Any, _method: str, line: str) -> str:
    return escaped(line, lambda letter: dumps(letter)[1:-1], keep="\n")


def _escape_text(_logger: Any, _method: str, line: str) -> str:
    return escaped(line, keep="\n")


def _cut(text: str, longest: int = LONGEST_VALUE) -> str:
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text)} characters)"


def _traceback(exc_info: structlog.typing.ExcInfo) -> str:
    """Return a traceback without local variables, and not longer than it may be."""
    written = io.StringIO()
    structlog.dev.plain_traceback(written, exc_info)
    whole = "\n".join(map(_cut, written.getvalue().split("\n")))
    return _cut(whole, LONGEST_TRACEBACK)


def _write_traceback(to: TextIO, exc_info: structlog.typing.ExcInfo) -> None:
    to.write(_traceback(exc_info))
