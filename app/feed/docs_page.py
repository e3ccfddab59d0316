"""An OpenAPI document as a page to read, with nothing to load from elsewhere."""

import html
import re
from string import Template
from typing import Final

from app.feed.described import Row, Schema, example, fields, media, operations, parameters

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


def page(described: Schema) -> str:
    """The HTML page of an OpenAPI document whose endpoints are all GET."""
    info, schemas = described["info"], described["components"]["schemas"]
    found = operations(described)
    return _PAGE.substitute(
        title=html.escape(info["title"]),
        about=_text(info["description"]),
        contents="".join(f'<li><a href="#{_anchor(path)}"><code>{html.escape(path)}</code></a>' for path, _ in found),
        sections="\n".join(_section(path, operation, schemas) for path, operation in found),
    )


def _section(path: str, operation: Schema, schemas: Schema) -> str:
    asked = html.escape(example(path, operation))
    kinds = ", ".join(f"<code>{html.escape(kind)}</code>" for kind in media(operation))
    return (
        f'<section aria-labelledby="{_anchor(path)}"><h2 id="{_anchor(path)}"><code>GET {html.escape(path)}</code></h2>'
        f'<p>{_text(operation["description"])}</p><p><a href="{asked}"><code>{asked}</code></a></p>'
        f"{_table('Parameter', parameters(operation))}{_table('Answer', fields(operation, schemas))}<p>{kinds}</p></section>"
    )


def _table(head: str, rows: list[Row]) -> str:
    if not rows:
        return ""
    body = "".join(f"<tr><td><code>{html.escape(name)}</code><td>{html.escape(values)}<td>{_text(said)}" for name, values, said in rows)
    return f'<table><tr><th scope="col">{head}<th scope="col">Values<th scope="col">What it is{body}</table>'


def _anchor(path: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")


def _text(said: str) -> str:
    return _CODE.sub(r"<code>\1</code>", html.escape(said))
