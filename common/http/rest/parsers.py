"""The JSON parser of the APIs."""

from collections.abc import Mapping
from typing import IO, Any

import msgspec
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from common.http.rest.problems import PayloadTooLarge

MOST_BYTES = 64 * 1024
"""Of one body: an order of 100 lines needs a sixth of it, so nothing that means well
is refused, and what a body costs after it has been read stays small."""


class StrictJSONParser(BaseParser):
    """Reads JSON (RFC 8259) up to MOST_BYTES.

    DRF's own parser reads bodies of any size, fails on deep nesting and lets lone
    surrogates pass; here all of these are problems of the request.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the body, or raise PayloadTooLarge or ParseError."""
        body = stream.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise PayloadTooLarge(f"expected at most {MOST_BYTES} bytes")
        try:
            return msgspec.json.decode(body)
        except RecursionError:
            raise ParseError("JSON: nested too deeply") from None
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise ParseError(f"JSON: {error}") from None
