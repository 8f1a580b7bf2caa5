"""The JSON parser of the APIs."""

from collections.abc import Mapping
from typing import IO, Any

import msgspec
from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from common.rest.problems import PayloadTooLarge


class StrictJSONParser(BaseParser):
    """Reads JSON (RFC 8259) up to DATA_UPLOAD_MAX_MEMORY_SIZE bytes.

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
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        assert limit is not None
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise PayloadTooLarge(f"expected at most {limit} bytes")
        try:
            return msgspec.json.decode(body)
        except RecursionError:
            raise ParseError("JSON: nested too deeply") from None
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise ParseError(f"JSON: {error}") from None
