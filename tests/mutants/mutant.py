"""A mutant: edits of the project that remove one protection, or an unsafe pair of them.

    protection = "orders: a refund that was not answered is asked for again"

    [[edit]]
    service = "orders"              a top-level package
    function = "refund_card"        of any of its modules, or "Class.method", or a class
    find = '''…'''                  what stands there once, however it is laid out
    replace = '''…'''

No module and no line is named, and white space does not count. So neither moving code
nor formatting it breaks a mutant.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
MUTANTS = sorted(HERE.glob("*.toml"))


class DoesNotApply(Exception):
    """What a mutant replaces is not there, or is there more than once."""


@dataclass(frozen=True)
class Edit:
    """Lines of one function, and what stands there instead."""

    service: str
    function: str
    find: str
    replace: str

    def apply(self, project: Path) -> None:
        """Change the one file of a project that it means; raises DoesNotApply."""
        found = list(self._places(project))
        if len(found) != 1:
            where = ", ".join(str(path.relative_to(project)) for path, _ in found)
            raise DoesNotApply(
                f"expected its lines once in {self.service}: {self.function}, "
                f"found {len(found)} times ({where})\n{self.find}"
            )
        path, (start, end) = found[0]
        text = path.read_text()
        path.write_text(text[:start] + self.replace.strip() + text[end:])

    def _places(self, project: Path) -> Iterator[tuple[Path, tuple[int, int]]]:
        pattern = _pattern(self.find)
        for path in sorted((project / self.service).rglob("*.py")):
            text = path.read_text()
            for first, last in _extents(text, self.function):
                for place in pattern.finditer(text, first, last):
                    yield path, place.span()


def _pattern(code: str) -> re.Pattern[str]:
    """Return what matches code in any layout, with or without trailing commas."""
    pattern, before = "", ""
    for token in re.findall(r"\w+|[^\w\s]", code):
        between = r"\s+" if re.match(r"\w\w", before[-1:] + token[0]) else r"\s*"
        pattern += r",?\s*" if token in ")]}" else between if before else ""
        pattern += re.escape(token)
        before = token
    return re.compile(pattern or r"(?!)")


def _extents(text: str, wanted: str) -> Iterator[tuple[int, int]]:
    """Return where the functions or classes of a name begin and end in a text."""
    if wanted.rpartition(".")[2] not in text:
        return
    begins = [0]
    for line in text.splitlines(keepends=True):
        begins.append(begins[-1] + len(line))
    for name, node in _named(ast.parse(text), ""):
        if name == wanted:
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            assert node.end_lineno
            yield begins[first - 1], begins[node.end_lineno]


Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _named(tree: ast.AST, prefix: str) -> Iterator[tuple[str, Named]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Named):
            yield prefix + node.name, node
        if isinstance(node, ast.ClassDef):
            yield from _named(node, f"{node.name}.")


@dataclass(frozen=True)
class Mutant:
    """What is removed, and how."""

    name: str
    protection: str
    edits: tuple[Edit, ...]

    def apply(self, project: Path) -> None:
        """Change the files of a project; raises DoesNotApply."""
        for edit in self.edits:
            edit.apply(project)


def read(path: Path) -> Mutant:
    """Return the mutant that a file describes; raises KeyError and TypeError."""
    content = tomllib.loads(path.read_text())
    edits = tuple(Edit(**edit) for edit in content["edit"])
    return Mutant(path.stem, content["protection"], edits)
