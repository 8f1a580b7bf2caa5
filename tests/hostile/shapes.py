"""Bodies of every bad shape, by name: a content type and the bytes."""

from tests.hostile.targets import SECRET

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
JSON = "application/json"
Shape = tuple[str, bytes]


def part(value: bytes = b"1", *lines: bytes) -> bytes:
    """Return one part of a multipart body, with these header lines."""
    return b"--b\r\n" + b"\r\n".join(lines) + b"\r\n\r\n" + value + b"\r\n"


def named(name: bytes, value: bytes = b"1") -> bytes:
    """Return a well-formed part."""
    return part(value, b'Content-Disposition: form-data; name="%s"' % name)


END = b"--b--\r\n"
DISPOSITION = b"Content-Disposition: form-data"
ONE = named(b"username") + END

MULTIPARTS: dict[str, Shape] = {
    "multipart without boundary": ("multipart/form-data", ONE),
    "multipart with empty boundary": ("multipart/form-data; boundary=", ONE),
    "multipart with long boundary": (f"multipart/form-data; boundary={'b' * 999}", ONE),
    "multipart with odd boundary": ('multipart/form-data; boundary="\x7f;\\"', ONE),
    "multipart with other boundary": ("multipart/form-data; boundary=other", ONE),
    "multipart without end": (MULTIPART, named(b"username")),
    "multipart that breaks off": (MULTIPART, ONE[:20]),
    "multipart of nothing": (MULTIPART, b""),
    "multipart of NULs": (MULTIPART, bytes(10_000)),
    "multipart of 10,000 fields": (
        MULTIPART,
        b"".join(named(b"f%d" % n) for n in range(10_000)) + END,
    ),
    "multipart of bare boundaries": (MULTIPART, b"--b\r\n" * 100_000),
    "multipart in multipart": (
        MULTIPART,
        part(ONE, DISPOSITION + b"; name=a", b"Content-Type: " + MULTIPART.encode())
        + END,
    ),
    "part without headers": (MULTIPART, part() + END),
    "part without disposition": (MULTIPART, part(b"1", b"Content-Type: a/b") + END),
    "part with a header without colon": (MULTIPART, part(b"1", b"nonsense") + END),
    "part with a header of 100 kB": (
        MULTIPART,
        part(b"1", DISPOSITION + b'; name="' + b"n" * 100_000 + b'"') + END,
    ),
    "part with an open quote": (
        MULTIPART,
        part(b"1", DISPOSITION + b'; name="a') + END,
    ),
    "part with 1,000 parameters": (
        MULTIPART,
        part(b"1", DISPOSITION + b"; a=1" * 1000 + b'; name="a"') + END,
    ),
    "part with a file": (
        MULTIPART,
        part(b"x" * 9999, DISPOSITION + b'; name="a"; filename="../a"') + END,
    ),
    "part with an unknown charset": (
        MULTIPART,
        part(b"1", DISPOSITION + b"; name*=utf-99''a; filename*=x''%zz") + END,
    ),
    "part in bad base64": (
        MULTIPART,
        part(b"!!!", DISPOSITION + b"; name=a", b"Content-Transfer-Encoding: base64")
        + END,
    ),
    "part with NUL in its name": (MULTIPART, named(b"user\0name") + END),
}
FORMS: dict[str, Shape] = {
    "form of a million &": (FORM, b"&" * 1_000_000),
    "form of 10,000 fields": (FORM, b"&".join(b"f%d=1" % n for n in range(10_000))),
    "form with bad escapes": (FORM, b"%zz=%&username=%f&%=%%%"),
    "form with NUL": (FORM, b"username=a%00b&password=\0&csrf=%00"),
    "form that is no UTF-8": (FORM, b"username=%ff%fe&password=\xff\xfe"),
    "form in an unknown charset": (f"{FORM}; charset=utf-99", b"username=a"),
    "form in UTF-16": (f"{FORM}; charset=utf-16", "username=a".encode("utf-16")),
    "form in a codec that is none": (f"{FORM}; charset=zlib_codec", b"username=a"),
    "form with a field of 900 kB": (FORM, b"username=" + b"u" * 900_000),
    "form with the token twice": (
        FORM,
        f"csrfmiddlewaretoken={SECRET}&csrfmiddlewaretoken=%00".encode(),
    ),
    "form of lone surrogates": (FORM, b"username=%ed%a0%80&password=%ed%b0%80"),
}
ORDER = b'{"lines":[{"sku":"MUG","quantity":%s}],"card_token":%s}'
JSONS: dict[str, Shape] = {
    "nothing as JSON": (JSON, b""),
    "JSON of blanks": (JSON, b" " * 900_000),
    "JSON of 400,000 [": (JSON, b"[" * 400_000),
    "JSON nested 100,000 deep": (JSON, b"[" * 100_000 + b"]" * 100_000),
    "JSON of objects 50,000 deep": (JSON, b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
    "JSON of 200,000 items": (JSON, b"[" + b"1," * 200_000 + b"1]"),
    "JSON number of 100,000 digits": (JSON, ORDER % (b"9" * 100_000, b'"c"')),
    "JSON number 1e999999": (JSON, ORDER % (b"1e999999", b'"c"')),
    "JSON number -1e-999999": (JSON, ORDER % (b"-1e-999999", b'"c"')),
    "JSON number beyond 64 bits": (JSON, ORDER % (b"9223372036854775808", b'"c"')),
    "JSON NaN": (JSON, ORDER % (b"NaN", b'"c"')),
    "JSON string with NUL": (JSON, ORDER % (b"1", b'"card_\\u0000"')),
    "JSON lone surrogate": (JSON, ORDER % (b"1", b'"\\ud800"')),
    "JSON that is no UTF-8": (JSON, ORDER % (b"1", b'"\xff\xfe"')),
    "JSON in UTF-16": (JSON, (ORDER % (b"1", b'"c"')).decode().encode("utf-16")),
    "JSON with a byte order mark": (JSON, b"\xef\xbb\xbf{}"),
    "JSON null": (JSON, b"null"),
    "JSON string": (JSON, b'"text"'),
    "JSON list": (JSON, b"[[]]"),
    "JSON and more": (JSON, b"{}{}"),
    "JSON that breaks off": (JSON, b'{"lines":'),
    "JSON in bad types": (JSON, b'{"lines":{"0":{}},"card_token":[],"username":{}}'),
    "JSON with NUL as a user": (JSON, b'{"username":"a\\u0000","password":"\\u0000"}'),
    "JSON said to be UTF-16": (f"{JSON}; charset=utf-16", b"{}"),
    "JSON said to be in a bad charset": (f"{JSON}; charset=\x01", b"{}"),
}
OTHERS: dict[str, Shape] = {
    "text": ("text/plain", b"hello"),
    "XML with entities": (
        "application/xml",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    ),
    "no content type": ("", b"{}"),
    "half a content type": ("application/", b"{}"),
    "a content type of slashes": ("/" * 500, b"{}"),
    "a content type of semicolons": (f"{JSON}{';' * 4000}", b"{}"),
    "a content type of open quotes": (f'{FORM}; a="{";" * 4000}', b"a=b"),
    "a content type beyond ASCII": ("application/jsön", b"{}"),
}


def semicolons(count: int) -> bytes:
    """Return a form whose header some parsers read in quadratic time."""
    return part(b"1", DISPOSITION + b'; a="' + b";" * count) + END
