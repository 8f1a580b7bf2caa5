"""The environment's variables, read one by one and checked all together.

Every reader notes what is wrong and carries on; `check()` then raises once, with one
line for each variable that is missing or malformed.
"""

import ast
import os
import re
from collections.abc import Callable, Mapping
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from common.conf.rates import parsed

T = TypeVar("T")


OFF = "off"


class Unreadable(Exception):
    """A value cannot be had; it says why, for whoever starts the process."""


class InvalidValue(ValueError):
    """A value is well formed and still must not be used; it says why."""


class Environment:
    """The variables that a process is started with.

    Any variable `X` may be given as `X_FILE`, the name of a file that holds its value.
    """

    def __init__(self, service: str, env: Mapping[str, str] | None = None) -> None:
        """Read for a service, from the process's environment or the one given."""
        self.service = service
        self.variables: set[str] = set()
        """The names of all variables that were asked for."""
        self._env = os.environ if env is None else env
        self._problems: list[str] = []

    def check(self) -> None:
        """Raise ImproperlyConfigured with a line for every bad variable."""
        if self._problems:
            raise ImproperlyConfigured(
                f"{self.service} cannot start:\n  "
                + "\n  ".join(dict.fromkeys(self._problems))
            )

    def dotted_path(self, name: str, *, default: str | None) -> str:
        """Read where a class is; its module must have it, and is not imported yet."""

        def parse(value: str) -> str:
            module, _, attribute = value.rpartition(".")
            spec = find_spec(module) if attribute.isidentifier() else None
            if spec is None:
                raise ValueError
            if not _has(spec, attribute):
                raise InvalidValue(f"names what {module} does not have: {attribute}")
            return value

        expected = "the dotted path of a class, like package.module.Class"
        return self._read(name, expected, parse, default, fallback="")

    def number(
        self, name: str, *, default: float, least: float = 0, most: float = 10**9
    ) -> float:
        """Read a number between `least` and `most`."""

        def parse(value: str) -> float:
            number = float(value)
            if not least <= number <= most:
                raise ValueError
            return number

        expected = f"a number from {least:g} to {most:g}"
        return self._read(name, expected, parse, default, fallback=default)

    def integer(self, name: str, *, default: int, least: int = 0, most: int) -> int:
        """Read a whole number between `least` and `most`."""

        def parse(value: str) -> int:
            number = int(value)
            if not least <= number <= most:
                raise ValueError
            return number

        expected = f"a whole number from {least} to {most}"
        return self._read(name, expected, parse, default, fallback=default)

    def flag(self, name: str, *, default: bool) -> bool:
        """Read true or false."""
        words = {"1": True, "true": True, "yes": True, "on": True}
        words |= {"0": False, "false": False, "no": False, "off": False}

        def parse(value: str) -> bool:
            return words[value.lower()]

        return self._read(name, "true or false", parse, default, fallback=default)

    def choice(self, name: str, choices: tuple[str, ...], *, default: str) -> str:
        """Read one of a few words."""

        def parse(value: str) -> str:
            return choices[choices.index(value)]

        return self._read(name, " or ".join(choices), parse, default, fallback=default)

    def words(
        self,
        name: str,
        expected: str,
        *,
        default: tuple[str, ...] | None = None,
        each: str = ".+",
    ) -> list[str]:
        """Read a list separated by commas; a default of None makes it required.

        `each` is a regular expression that every word matches.
        """

        def parse(value: str) -> list[str]:
            words = [word.strip() for word in value.split(",") if word.strip()]
            if not words or not all(re.fullmatch(each, word) for word in words):
                raise ValueError
            return words

        fallback = None if default is None else list(default)
        return self._read(name, expected, parse, fallback, fallback=[])

    def origin(self, name: str, *, default: str | None) -> str:
        """Read a web origin such as https://shop.example."""

        def parse(value: str) -> str:
            parts = urlsplit(value)
            default_port = {"http": 80, "https": 443}[parts.scheme]
            named = f"{parts.scheme}://{parts.hostname}"
            if parts.port not in {None, default_port}:
                named += f":{parts.port}"
            if value != named:  # as browsers write it
                raise ValueError
            return value

        return self._read(
            name, "an origin like https://shop.example", parse, default, fallback=""
        )

    def rate(self, name: str, *, default: str) -> str:
        """Read how often something is allowed, such as 120/min."""
        return self._rate(name, "a rate like 120/min (sec, min, hour, day)", default)

    def rate_or_off(self, name: str, *, default: str) -> str | None:
        """Read the same, or None for the word "off"."""
        expected = "a rate like 120/min (sec, min, hour, day), or off"
        found = self._rate(name, expected, default, OFF)
        return None if found == OFF else found

    def _rate(self, name: str, expected: str, default: str, *words: str) -> str:
        def parse(value: str) -> str:
            if value not in words:
                parsed(value)
            return value

        return self._read(name, expected, parse, default, fallback=default)

    def _read(
        self,
        name: str,
        expected: str,
        parse: Callable[[str], T],
        default: T | None,
        *,
        fallback: T,
    ) -> T:
        self.variables.add(name)
        value = ""
        try:
            value = given(self._env, name).strip()
            if not value and default is not None:
                return default
            if not value:
                raise ValueError
            return parse(value)
        except Unreadable as problem:
            self._problems.append(str(problem))
        except InvalidValue as problem:
            self._problems.append(f"{name} {problem}")
        except Exception:  # parsers of libraries raise what they like
            said = "is malformed" if value else "is missing"
            self._problems.append(f"{name} {said}: expected {expected}")
        return fallback


def _has(spec: ModuleSpec, name: str) -> bool:
    """Tell whether a module's own text binds a name; true where there is no text."""
    source = Path(spec.origin or "")
    if source.suffix != ".py":
        return True
    bound: set[str] = set()
    for node in ast.parse(source.read_text()).body:
        match node:
            case ast.ClassDef() | ast.FunctionDef():
                bound.add(node.name)
            case ast.Import() | ast.ImportFrom():
                bound |= {alias.asname or alias.name for alias in node.names}
            case ast.Assign():
                bound |= {one.id for one in node.targets if isinstance(one, ast.Name)}
    return name in bound or "*" in bound


def given(env: Mapping[str, str], name: str) -> str:
    """Return a variable's value or its file's content, stripped; nothing if unset.

    Raises Unreadable.
    """
    value, path = env.get(name, ""), env.get(f"{name}_FILE", "")
    if value and path:
        raise Unreadable(f"{name} and {name}_FILE are both set: expected one of them")
    if not path:
        return value
    try:
        content = Path(path).read_text().strip()
    except (OSError, ValueError) as error:
        raise Unreadable(f"{name}_FILE cannot be read: {error}") from error
    if not content:
        raise Unreadable(f"{name}_FILE is empty: {path}")
    return content
