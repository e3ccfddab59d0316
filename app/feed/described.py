"""What an OpenAPI document says of an endpoint, as rows to read: name, values, meaning."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

EXAMPLES: Final = {"symbol": "GOLD", "timeframe": "1m", "interval": "1m"}
"""Values of what an endpoint cannot do without, for a request to try."""

Row = tuple[str, str, str]
Schema = Mapping[str, Any]


def operations(described: Schema) -> list[tuple[str, Schema]]:
    """Path and operation of each endpoint, all of which are GET."""
    return [(path, methods["get"]) for path, methods in described["paths"].items()]


def parameters(operation: Schema) -> list[Row]:
    """What may be asked; names of what may be left out end with a question mark."""
    found = operation["parameters"]
    return [(each["name"] + ("" if each["required"] else "?"), _values(each["schema"]), each.get("description", "")) for each in found]


def fields(operation: Schema, schemas: Schema) -> list[Row]:
    """Each field of the answer, those of objects within it after their own."""
    return list(_fields(next(iter(media(operation).values()))["schema"], schemas))


def media(operation: Schema) -> Schema:
    """Types of the answer, each with its schema."""
    found: Schema = operation["responses"]["200"]["content"]
    return found


def example(path: str, operation: Schema) -> str:
    """A request to try, with what the endpoint cannot do without."""
    needed = {each["name"]: EXAMPLES.get(each["name"], "") for each in operation["parameters"] if each["required"]}
    inside = {name for name in needed if f"{{{name}}}" in path}
    query = "&".join(f"{name}={value}" for name, value in needed.items() if name not in inside)
    return path.format(**{name: needed[name] for name in inside}) + (f"?{query}" if query else "")


def _fields(schema: Schema, schemas: Schema, prefix: str = "") -> Iterator[Row]:
    for name, field in _resolved(schema, schemas).get("properties", {}).items():
        kinds = [kind for kind in field.get("anyOf", (field,)) if kind.get("type") != "null"]
        inner = _resolved(kinds[0], schemas) if kinds else field
        items = _resolved(inner["items"], schemas) if "items" in inner else {}
        optional = "" if len(kinds) == len(field.get("anyOf", (field,))) else ", or null"
        shown = "objects" if items.get("properties") else f"{_values(items)} each" if items else ", ".join(map(_values, kinds))
        yield f"{prefix}{name}", shown + optional, field.get("description", "")
        place = f"{prefix}{name}[]." if items else f"{prefix}{name}."
        yield from _fields(items or inner, schemas, place)


def _resolved(schema: Schema, schemas: Schema) -> Schema:
    found: Schema = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return found


def _values(schema: Schema) -> str:
    if "const" in schema:
        return str(schema["const"]).lower()
    kinds = [str(kind.get("format", kind.get("type", "object"))) for kind in schema.get("anyOf", (schema,))]
    values = " ".join(map(str, schema["enum"])) if "enum" in schema else ", ".join(kinds)
    if schema.get("default") in (None, ""):
        return values
    default = str(schema["default"])
    return f"{values}; {default.lower() if isinstance(schema['default'], bool) else default} where left out"
