"""An OpenAPI document as a page to read, with nothing to load from elsewhere."""

import html
import re
from collections.abc import Iterator, Mapping
from string import Template
from typing import Any, Final

EXAMPLES: Final = {"symbol": "GOLD", "timeframe": "1m", "interval": "1m"}
"""Values of what an endpoint cannot do without, for a request to try."""

_PAGE: Final = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
  :root { color-scheme: light dark; --line: #8885 }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
  code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere }
  nav ul { columns: 20rem; padding-left: 1.2rem }
  h2 { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1.5rem; font-size: 1.15rem }
  h2 code { font-weight: 600 }
  table { border-collapse: collapse; width: 100%; margin: 1rem 0 }
  th, td { text-align: left; padding: .3rem .75rem .3rem 0; vertical-align: top; border-bottom: 1px solid var(--line) }
  @media (min-width: 40rem) { th:first-child { width: 15rem } th:nth-child(2) { width: 14rem } }
</style>
<main>
<h1>$title</h1>
<p>$about The same as a document for tools: <a href="/openapi.json">openapi.json</a>.</p>
<nav aria-label="Endpoints"><ul>$contents</ul></nav>
$sections
</main>
</html>
""")

_CODE: Final = re.compile(r"`([^`]+)`")


def page(described: Mapping[str, Any]) -> str:
    """The HTML page of an OpenAPI document whose endpoints are all GET."""
    info, schemas = described["info"], described["components"]["schemas"]
    operations = [(path, methods["get"]) for path, methods in described["paths"].items()]
    return _PAGE.substitute(
        title=html.escape(info["title"]),
        about=_text(info["description"]),
        contents="".join(f'<li><a href="#{_anchor(path)}"><code>{html.escape(path)}</code></a>' for path, _ in operations),
        sections="\n".join(_section(path, operation, schemas) for path, operation in operations),
    )


def _section(path: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    parameters, content = operation["parameters"], operation["responses"]["200"]["content"]
    rows = [(each["name"] + ("" if each["required"] else "?"), _values(each["schema"]), each.get("description", "")) for each in parameters]
    asked = html.escape(_example(path, parameters))
    kinds = ", ".join(f"<code>{html.escape(kind)}</code>" for kind in content)
    fields = _fields(next(iter(content.values()))["schema"], schemas)
    return (
        f'<section aria-labelledby="{_anchor(path)}"><h2 id="{_anchor(path)}"><code>GET {html.escape(path)}</code></h2>'
        f'<p>{_text(operation["description"])}</p><p><a href="{asked}"><code>{asked}</code></a></p>'
        f"{_table('Parameter', rows)}{_table('Answer', list(fields))}<p>{kinds}</p></section>"
    )


def _table(head: str, rows: list[tuple[str, str, str]]) -> str:
    if not rows:
        return ""
    body = "".join(f"<tr><td><code>{html.escape(name)}</code><td>{html.escape(values)}<td>{_text(said)}" for name, values, said in rows)
    return f'<table><tr><th scope="col">{head}<th scope="col">Values<th scope="col">What it is{body}</table>'


def _fields(schema: Mapping[str, Any], schemas: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Name, values and meaning of each field of an answer, those of objects within it after their own."""
    for name, field in _resolved(schema, schemas).get("properties", {}).items():
        kinds = [kind for kind in field.get("anyOf", (field,)) if kind.get("type") != "null"]
        inner = _resolved(kinds[0], schemas) if kinds else field
        items = _resolved(inner["items"], schemas) if "items" in inner else {}
        optional = "" if len(kinds) == len(field.get("anyOf", (field,))) else ", or null"
        shown = "objects" if items.get("properties") else f"{_values(items)} each" if items else ", ".join(map(_values, kinds))
        yield f"{prefix}{name}", shown + optional, field.get("description", "")
        place = f"{prefix}{name}[]." if items else f"{prefix}{name}."
        yield from _fields(items or inner, schemas, place)


def _resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return found


def _values(schema: Mapping[str, Any]) -> str:
    if "const" in schema:
        return str(schema["const"]).lower()
    kinds = [str(kind.get("format", kind.get("type", ""))) for kind in schema.get("anyOf", (schema,))]
    values = " ".join(map(str, schema["enum"])) if "enum" in schema else ", ".join(kinds)
    if "default" not in schema or schema["default"] is None:
        return values
    default = str(schema["default"])
    return f"{values}; {default.lower() if isinstance(schema['default'], bool) else default} where left out"


def _example(path: str, parameters: list[Mapping[str, Any]]) -> str:
    needed = {each["name"]: EXAMPLES.get(each["name"], "") for each in parameters if each["required"]}
    inside = {name for name in needed if f"{{{name}}}" in path}
    query = "&".join(f"{name}={value}" for name, value in needed.items() if name not in inside)
    return path.format(**{name: needed[name] for name in inside}) + (f"?{query}" if query else "")


def _anchor(path: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")


def _text(said: str) -> str:
    return _CODE.sub(r"<code>\1</code>", html.escape(said))
