"""Forms and other bodies of every bad shape, to every URL that takes POST."""

from collections.abc import Iterator

from tests.hostile.cases import Case, refused, try_all
from tests.hostile.scenario import Attack, scenario
from tests.hostile.shapes import (
    FORMS,
    JSONS,
    MULTIPART,
    MULTIPARTS,
    OTHERS,
    Shape,
    semicolons,
)
from tests.hostile.stage import STATIC
from tests.hostile.targets import APIS, PAGES, TARGETS, Target

ANY_PAGE = frozenset(range(200, 500))
"""A page for people may show its form again."""


def cases(shapes: dict[str, Shape], targets: tuple[Target, ...]) -> Iterator[Case]:
    """Yield each shape for each target."""
    for name, (content_type, body) in shapes.items():
        for target in targets:
            yield Case(
                name=f"{name} to {target.path[:30]}",
                service=target.service,
                data=target.post(body, content_type),
                good=refused() if target.is_api else ANY_PAGE,
                problem=target.is_api,
                explained=target.path != STATIC,
            )


@scenario("multipart-forms", everywhere=True)
async def multipart_forms(attack: Attack) -> None:
    """Multipart forms of every bad shape: a problem document or a page, never less."""
    await try_all(attack, cases(MULTIPARTS, TARGETS))


@scenario("other-bodies", everywhere=True)
async def other_bodies(attack: Attack) -> None:
    """Forms, JSON and others of every bad shape: a problem document or a page."""
    await try_all(attack, cases({**FORMS, **JSONS, **OTHERS}, TARGETS))


@scenario("forms-of-semicolons", everywhere=True)
async def forms_of_semicolons(attack: Attack) -> None:
    """Multipart headers of 100,000 and 400,000 semicolons, which parse slowly."""
    shapes = {
        f"{count:,} semicolons": (MULTIPART, semicolons(count))
        for count in (100_000, 400_000)
    }
    await try_all(attack, cases(shapes, (*APIS[:1], *PAGES[-4:], APIS[-1])))
