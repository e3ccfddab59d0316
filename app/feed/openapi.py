"""The API described in OpenAPI 3.1, made of the endpoints' own models."""

from collections.abc import Collection, Iterable, Iterator
from importlib.metadata import version
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.feed.endpoint import JSON, Endpoint

_REF: Final = "#/components/schemas/{model}"
_REFUSALS: Final = {
    "400": "A parameter is wrong; the text names it.",
    "404": "There is no such market.",
    "414": "The query string is too long.",
    "429": "Too many requests; `Retry-After` says how many seconds to wait.",
    "503": "The store does not answer, or is busy with this market; `Retry-After` says when to ask again.",
}
_UNKNOWN: Final = {"401": "A credential is needed, or the one that is shown is not valid."}
_SCHEMES: Final = {
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "token": {"type": "http", "scheme": "bearer", "description": "A token (JWT), or an API key."},
}


class Failure(BaseModel):
    """Why a request is not answered."""

    success: bool = False
    error: str


def document(
    endpoints: Iterable[Endpoint[Any]], title: str, about: str, *, most: int, most_in_files: int, guarded: Collection[str] = ()
) -> dict[str, Any]:
    """The OpenAPI document of *endpoints*. The largest `limit` is *most*, or *most_in_files* of what answers files as well.

    Paths below those *guarded* need a credential.
    """
    listed = list(endpoints)
    models: list[type[BaseModel]] = list(dict.fromkeys([Failure, *(endpoint.answer for endpoint in listed)]))
    references, schemas = models_json_schema([(model, "serialization") for model in models], by_alias=True, ref_template=_REF)
    answers = {model: dict(references[model, "serialization"]) for model in models}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "description": about, "version": version("vamm-datafeed")},
        "paths": {
            endpoint.path: {"get": _operation(endpoint, answers, most if endpoint.media == (JSON,) else most_in_files, guarded)}
            for endpoint in listed
        },
        "components": {"schemas": schemas["$defs"], **({"securitySchemes": _SCHEMES} if guarded else {})},
    }


def _operation(
    endpoint: Endpoint[Any], answers: dict[type[BaseModel], dict[str, Any]], most: int, guarded: Collection[str]
) -> dict[str, Any]:
    is_guarded = any(endpoint.path.startswith(f"{prefix}/") for prefix in guarded)
    content = {kind: {"schema": answers[endpoint.answer]} if kind == JSON else {} for kind in endpoint.media}
    refused = {JSON: {"schema": answers[Failure]}}
    return {
        "summary": endpoint.description.partition("\n")[0],
        "description": endpoint.description,
        "parameters": list(_parameters(endpoint, most)),
        **({"security": [{name: []} for name in _SCHEMES]} if is_guarded else {}),
        "responses": {
            "200": {"description": "The answer.", "content": content},
            **{status: {"description": why, "content": refused} for status, why in (_REFUSALS | (_UNKNOWN if is_guarded else {})).items()},
        },
    }


def _parameters(endpoint: Endpoint[Any], most: int) -> Iterator[dict[str, Any]]:
    described = endpoint.query.model_json_schema()
    required = described.get("required", ())
    for name, schema in described.get("properties", {}).items():
        in_path = f"{{{name}}}" in endpoint.path
        known = {key: value for key, value in _present(schema).items() if key not in ("title", "description")}
        if name == "limit":
            known.setdefault("maximum", most)
        parameter = {"name": name, "in": "path" if in_path else "query", "required": in_path or name in required, "schema": known}
        if not parameter["required"]:
            parameter["allowEmptyValue"] = True  # as if it were left out
        if text := schema.get("description") or _present(schema).get("description"):
            parameter["description"] = text
        yield parameter


def _present(schema: dict[str, Any]) -> dict[str, Any]:
    """*schema* without its null: in a query, what is null is left out."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"]
    rest = {key: value for key, value in schema.items() if key != "anyOf" and (key, value) != ("default", None)}
    return {**rest, **kinds[0]} if len(kinds) == 1 else schema
