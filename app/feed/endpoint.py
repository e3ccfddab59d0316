"""Endpoints whose parameters and answers are models: what validates a request also describes it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import getdoc
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from app.feed.failures import RequestError
from app.feed.state import State

JSON = "application/json"


class Query(BaseModel):
    """Parameters of a request, of its path and its query; those that are unknown are left aside, and empty ones are missing."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True, hide_input_in_errors=True)


Q = TypeVar("Q", bound=Query)


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[Q]):
    """One GET endpoint. The handler's docstring is its description; *media* are the types of its answer, JSON of model *answer* first."""

    path: str
    handle: Callable[[Request[State], Q], Awaitable[Response]]
    query: type[Q]
    answer: type[BaseModel]
    media: tuple[str, ...] = (JSON,)

    @property
    def description(self) -> str:
        """What the endpoint answers."""
        return getdoc(self.handle) or ""

    async def answer_to(self, request: Request[State]) -> Response:
        """The answer to *request*; RequestError 400 where a parameter is wrong."""
        given: dict[str, Any] = {**request.query_params, **request.path_params}
        try:
            query = self.query.model_validate({name: value for name, value in given.items() if value != ""})
        except ValidationError as error:
            raise RequestError(400, mistake(error)) from None
        return await self.handle(request, query)


def mistake(error: ValidationError) -> str:
    """The first mistake in one line, by the parameter's name."""
    first = error.errors(include_url=False, include_input=False)[0]
    name = ".".join(map(str, first["loc"])) or "the request"
    match first["type"]:
        case "missing":
            return f"{name} is missing"
        case "value_error":
            return f"{name} {first['msg'].removeprefix('Value error, ')}"
        case "int_parsing" | "int_type":
            return f"{name} must be a whole number"
        case "greater_than_equal":
            return f"{name} must be {first['ctx']['ge']} or more"
        case "less_than_equal":
            return f"{name} must be {first['ctx']['le']} or less"
        case "literal_error" | "enum":
            return f"{name} must be one of {first['ctx']['expected']}".replace(" or ", ", ").replace("'", "")
        case "string_too_short" | "string_pattern_mismatch":  # the pattern says: not only spaces
            return f"{name} is missing"
        case "bool_parsing" | "bool_type":
            return f"{name} must be true or false"
        case "string_too_long":
            return f"{name} is longer than {first['ctx']['max_length']} characters"
        case _:
            return f"{name}: {first['msg']}"
