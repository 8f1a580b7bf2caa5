"""What an API's schema says of every operation alike (OpenAPI 3.1).

A view describes what is its own. Which answers anybody may get from any operation
follows from what the operation takes and whom it asks who they are.
"""

from typing import Any

from common.http.problem import MEDIA_TYPE, NAMES

Schema = dict[str, Any]

EVERYWHERE = (400, 406, 414, 421, 429, 431, 500, 503)
"""From anywhere: the request's head is wrong, or there is too much or too little."""
WITH_BODY = (408, 411, 413, 415)
ADDRESSED = (404,)
"""Where a path has an id in it."""

TEXT: Schema = {"type": "string"}
SECONDS: Schema = {"type": "integer", "minimum": 0}
HEADERS: Schema = {
    "X-Correlation-ID": {
        "description": "what this request is called in the logs of all services",
        "schema": {"type": "string", "maxLength": 64},
    },
    "Retry-After": {"description": "seconds until it is worth it", "schema": SECONDS},
    "WWW-Authenticate": {"description": "how to log in", "schema": TEXT},
    "Location": {
        "description": "the address of what was made",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "RateLimit": {
        "description": '`"what";r=N;t=S`: N requests are left, and in S seconds more',
        "schema": TEXT,
    },
    "RateLimit-Policy": {
        "description": '`"what";q=N;w=S`: N requests in S seconds',
        "schema": TEXT,
    },
    "Preference-Applied": {
        "description": "`wait=N` if the answer was held for it",
        "schema": TEXT,
    },
}
ALWAYS = ("X-Correlation-ID",)
LIMITS = ("RateLimit", "RateLimit-Policy")
BY_STATUS = {
    401: ("WWW-Authenticate",),
    409: ("Retry-After",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}


def complete(
    result: Schema, generator: object, request: object, public: bool
) -> Schema:
    """Add to each operation what all have in common (drf-spectacular's hook)."""
    components = result["components"]
    shared: set[int] = set()
    tags: set[str] = set()
    for path, methods in result["paths"].items():
        for operation in methods.values():
            _describe(operation)
            tags |= set(operation.get("tags", ()))
            for status in _problems_of(path, operation):
                if str(status) not in operation["responses"]:
                    shared.add(status)
                    here = {"$ref": f"#/components/responses/{NAMES[status][0]}"}
                    operation["responses"][str(status)] = here
            limits = LIMITS if operation.pop("x-throttled", True) else ()
            for status, response in operation["responses"].items():
                own = limits if int(status) < 300 else ()
                _add_headers(int(status), response, own)
            for status, links in operation.pop("x-links", {}).items():
                operation["responses"][status]["links"] = links
            operation["responses"] = dict(sorted(operation["responses"].items()))
    components["responses"] = {
        NAMES[status][0]: _problem(status) for status in sorted(shared)
    }
    for name, schema in components["schemas"].items():
        if name.endswith("Request"):
            schema["additionalProperties"] = False  # bodies are StrictSerializers
    used = str(result)
    components["headers"] = {
        name: header
        for name, header in HEADERS.items()
        if f"#/components/headers/{name}'" in used
    }
    result["tags"] = [{"name": name} for name in sorted(tags)]
    return result


def _describe(operation: Schema) -> None:
    """Make the first line of a view's docstring the summary of its operation."""
    summary, _, rest = operation.pop("description", "").partition("\n")
    operation["summary"] = summary.rstrip(".")
    operation["description"] = rest.strip() or summary
    if operation.get("security") == [{}]:
        operation["security"] = []  # nobody is asked


def _problems_of(path: str, operation: Schema) -> set[int]:
    known = [way for way in operation.get("security", ()) if way]
    return {
        *EVERYWHERE,
        *(WITH_BODY if "requestBody" in operation else ()),
        *(ADDRESSED if "{" in path else ()),
        *((401, 403) if known else ()),
    }


def _problem(status: int) -> Schema:
    schema = {"$ref": "#/components/schemas/Problem"}
    response = {
        "description": NAMES[status][1],
        "content": {MEDIA_TYPE: {"schema": schema}},
    }
    _add_headers(status, response)
    return response


def _add_headers(status: int, response: Schema, own: tuple[str, ...] = ()) -> None:
    if "$ref" in response:
        return
    said = NAMES[status][1] if status in NAMES else "Done"
    response["description"] = response["description"] or said
    names = (*ALWAYS, *BY_STATUS.get(status, ()), *own)
    given = response.get("headers", {})
    response["headers"] = {
        name: {"$ref": f"#/components/headers/{name}"} for name in (*names, *given)
    }
