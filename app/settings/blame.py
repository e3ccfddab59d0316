"""Mistakes that belong to several settings at once."""

from pydantic_core import PydanticCustomError


def together(data: dict[str, object], others: tuple[str, ...], **last: object) -> None:
    """All of the fields or none: those that are absent are blamed."""
    group = {name: data[name] for name in others if name in data} | last
    absent = [name for name, value in group.items() if not value]
    if absent and len(absent) < len(group):
        given = " and ".join(name.upper() for name in group if name not in absent)
        raise blamed(absent, f"is not set, but belongs to {given}")


def blamed(variables: list[str], reason: str) -> PydanticCustomError:
    """The error that says *reason* of *variables*."""
    return PydanticCustomError("setting", "{reason}", {"variables": variables, "reason": reason})
