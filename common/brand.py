"""The project's name, where others see it. docs/rename.md tells what else has it."""

NAME = "cutpoints"
"""In check ids, problem types, PostgreSQL's application names, temporary folders."""
TITLE = "Cutpoints"


def title(service: str) -> str:
    """Return what a service's pages are headed with."""
    return f"{TITLE} {service}"
