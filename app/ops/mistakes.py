"""Mistakes in the settings, told by the variable's name and never by its value, which may be a secret."""

import difflib
from collections.abc import Iterable

from pydantic import BaseModel, ValidationError

from app.domain.errors import DatafeedError
from app.ops.spelling import written

NEAR = 0.85
"""Likeness from which an unknown name is taken for a misspelt one."""


class SettingsError(DatafeedError):
    """A setting is wrong or missing."""

    help = "Settings come from the environment and from .env; `.env.example` lists them all."
    exit_code = 2

    def __init__(self, lines: Iterable[str]) -> None:
        """*lines*: one a mistake."""
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))

    @property
    def advice(self) -> str:
        """The mistakes, one a line, and where settings come from."""
        return f"{self}\n{self.help}"


def mistakes(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """One line for each mistake in *error*: the variable, what is wrong with it, and an example of how it is right.

    A validator that blames other variables than its own names them in its error's context, as `variables`: a line for each.
    """
    lines = []
    for found in error.errors(include_url=False, include_input=False):
        field, *index = (str(part) for part in found["loc"])
        number = f" (number {int(index[0]) + 1})" if index and index[0].isdigit() else ""
        reason = found["msg"].removeprefix("Value error, ").replace("Input should be", "must be", 1)
        for blamed in found.get("ctx", {}).get("variables", [field]):
            lines.append(f"{blamed.upper()}{number}: {reason}{_example(blamed, model)}")
    return lines


def missing(field: str, reason: str, model: type[BaseModel]) -> str:
    """The line that says that *field* is needed, and what for."""
    return f"{field.upper()}: is not set: {reason}{_example(field, model)}"


def misspelt(names: Iterable[str], known: Iterable[str]) -> list[str]:
    """One line for each of *names* (any case) that is none of *known* but looks like one of them."""
    known = {name.upper() for name in known}
    unknown = sorted({name.upper() for name in names} - known)
    pairs = ((name, difflib.get_close_matches(name, known, n=1, cutoff=NEAR)) for name in unknown)
    return [f"{name} is no setting: is {near[0]} meant?" for name, near in pairs if near]


def _example(field: str, model: type[BaseModel]) -> str:
    known = model.model_fields.get(field)
    text = known and ((known.examples or [""])[0] or written(known.default))
    return f", e.g. {field.upper()}={text}" if text else ""
