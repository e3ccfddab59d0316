"""Saved charts: version 1.1 of the storage that TradingView's library asks for layouts, study and drawing templates."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from starlette.endpoints import HTTPEndpoint
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, Router

from app.feed.admission import Admission, TooManyUploads
from app.feed.answering import NEVER, json
from app.feed.charts_form import Form, chart_id, draft, received, text
from app.feed.failures import RETRY_AFTER, Failures, Refusal, RequestError, json_refusal, reason
from app.feed.owner import owner
from app.feed.state import State
from app.ops.client_ip import ClientIp
from app.store.chart_store import CHARTS, ChartStore, Item, Saved, Shelf, StorageFull
from app.store.limits import QueryTooLarge

STUDY_TEMPLATES: Final = "study_templates"
DRAWING_TEMPLATES: Final = "drawing_templates"
"""Names of shelves; drawing templates have one for each tool, below that name."""


class Charts(HTTPEndpoint):
    """Layouts, each under a number: `chart`."""

    async def get(self, request: Request[State]) -> Response:
        """One chart with its content, or the list of all."""
        shelf, number = Shelf(owner(request), CHARTS), chart_id(request)
        if number is None:
            return await _list(request, shelf, _chart_entry)
        return await _load(request, shelf, str(number), lambda saved: {"id": number, **_template(saved), "timestamp": saved.saved_at})

    async def post(self, request: Request[State]) -> Response:
        """Save a chart: a new one, or over the one that `chart` names."""
        shelf, number = Shelf(owner(request), CHARTS), chart_id(request)
        form = await received(request)

        def save(store: ChartStore) -> int:
            new = draft(request, form(), "symbol", "resolution")
            if number is None:
                return store.add(shelf, new)
            if not store.replace(shelf, str(number), new):
                raise _missing(str(number))
            return number

        return _ok(id=await request.state["charts"].ask(save))

    async def delete(self, request: Request[State]) -> Response:
        """Delete the chart that `chart` names."""
        shelf, number = Shelf(owner(request), CHARTS), chart_id(request)
        if number is None:
            raise RequestError(400, "chart is missing")
        return await _remove(request, shelf, str(number))


class StudyTemplates(HTTPEndpoint):
    """Templates of indicators, each under its name: `template`."""

    async def get(self, request: Request[State]) -> Response:
        """One template with its content, or the list of all."""
        shelf, name = Shelf(owner(request), STUDY_TEMPLATES), text(request, "template")
        if not name:
            return await _list(request, shelf, lambda item: {"name": item.name})
        return await _load(request, shelf, name, _template)

    async def post(self, request: Request[State]) -> Response:
        """Save a template under the form's `name`, over one of that name."""
        who = owner(request)
        return await _put(request, lambda _: Shelf(who, STUDY_TEMPLATES))

    async def delete(self, request: Request[State]) -> Response:
        """Delete the template that `template` names."""
        return await _remove(request, Shelf(owner(request), STUDY_TEMPLATES), text(request, "template", needed=True))


class DrawingTemplates(HTTPEndpoint):
    """Templates of drawings, each under its name among those of its tool: `tool`, `name`."""

    async def get(self, request: Request[State]) -> Response:
        """One template with its content, or the names of a tool's."""
        shelf, name = self._shelf(request), text(request, "name")
        if name:
            return await _load(request, shelf, name, _template)
        return await _list(request, shelf, lambda item: item.name)

    async def post(self, request: Request[State]) -> Response:
        """Save a template of a tool, over one of that name."""
        owner(request)  # before the body is read
        return await _put(request, lambda form: self._shelf(request, form))

    async def delete(self, request: Request[State]) -> Response:
        """Delete a tool's template."""
        return await _remove(request, self._shelf(request), text(request, "name", needed=True))

    def _shelf(self, request: Request[State], form: Form | None = None) -> Shelf:
        return Shelf(owner(request), f"{DRAWING_TEMPLATES}/{text(request, 'tool', form, needed=True)}")


def routes(guards: Sequence[Middleware] = (), *, places: int, seconds: float, clients: ClientIp) -> Mount:
    """The storage behind *guards*: *places* uploads at once, and as many other requests; an answer must leave within *seconds*."""
    admission = Middleware(Admission, places=places, seconds=seconds, clients=clients)
    shelves = [
        Route("/1.1/charts", Charts),
        Route("/1.1/study_templates", StudyTemplates),
        Route("/1.1/drawing_templates", DrawingTemplates),
    ]
    return Mount(
        "/api/tradingview/storage",
        Router(shelves, redirect_slashes=False),
        middleware=[Middleware(Failures, form=failure), *guards, admission],
    )


def failure(error: Exception) -> Response:
    """The storage's answer to a request that *error* ended."""
    match error:
        case HTTPException(status_code=404):
            refusal = Refusal(404, "there is no such endpoint: 1.1/charts, 1.1/study_templates and 1.1/drawing_templates are")
        case HTTPException(status_code=405):
            refusal = Refusal(405, "saved charts know GET, POST and DELETE", error.headers)
        case StorageFull():
            refusal = Refusal(409, str(error))
        case TooManyUploads():
            refusal = Refusal(503, "other saves from your address are still arriving; save again in a few seconds", RETRY_AFTER)
        case QueryTooLarge():
            refusal = reason(error)._replace(message="this takes more of the store than one request may")
        case _:
            refusal = reason(error)
    return json_refusal(refusal, {"status": "error", "message": refusal.message})


async def _list(request: Request[State], shelf: Shelf, entry: Callable[[Item], Any]) -> Response:
    items = await request.state["charts"].ask(lambda store: store.items(shelf))
    return _ok(data=[entry(item) for item in items])


async def _load(request: Request[State], shelf: Shelf, key: str, entry: Callable[[Saved], Any]) -> Response:
    def load(store: ChartStore) -> Response:  # encoded in the thread, too: ten megabytes take a while
        saved = store.load(shelf, key)
        if saved is None:
            raise _missing(key)
        return _ok(data=entry(saved))

    return await request.state["charts"].ask(load)


async def _put(request: Request[State], shelf: Callable[[Form], Shelf]) -> Response:
    form = await received(request)

    def put(store: ChartStore) -> None:
        fields = form()
        new = draft(request, fields)
        store.put(shelf(fields), new.name, new)

    await request.state["charts"].ask(put)
    return _ok()


async def _remove(request: Request[State], shelf: Shelf, key: str) -> Response:
    if not await request.state["charts"].ask(lambda store: store.remove(shelf, key)):
        raise _missing(key)
    return _ok()


def _chart_entry(item: Item) -> dict[str, Any]:
    return {"id": int(item.key), "name": item.name, "symbol": item.symbol, "resolution": item.resolution, "timestamp": item.saved_at}


def _template(saved: Saved) -> dict[str, Any]:
    return {"name": saved.name, "content": saved.content.decode()}


def _missing(key: str) -> RequestError:
    return RequestError(404, f"nothing is saved under {key}")


def _ok(**answer: Any) -> Response:
    return json({"status": "ok"} | answer, NEVER)
