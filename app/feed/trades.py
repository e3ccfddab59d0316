"""A market's trades, page by page, the latest first."""

from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, PlainValidator, WithJsonSchema
from starlette.requests import Request
from starlette.responses import Response

from app.domain.cursor import Cursor
from app.feed import series as read
from app.feed.answering import freshness, json
from app.feed.endpoint import Query
from app.feed.fields import LIMIT, Count, Moment, Symbol
from app.feed.state import State
from app.store.trade_reader import MarketTrade, TradePage


def _cursor(text: Any) -> Cursor:
    try:
        return Cursor.parse(str(text))
    except ValueError:
        raise ValueError("must be the `next` of an answer, or the id of a trade") from None


Place = Annotated[Cursor, PlainValidator(_cursor), WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,19}$"})]

EXACT: Final = "As decimal text, exact."


class TradesQuery(Query):
    """Which trades to answer."""

    symbol: Symbol
    since: Moment | None = Field(None, alias="from", description="First time that a trade may have.")
    until: Moment | None = Field(None, alias="to", description="Time that trades come before.")
    before: Place | None = Field(None, description="Trades before that one in the chain: the `next` of the page after.")
    limit: Count | None = Field(None, description=LIMIT)


class Trade(BaseModel):
    """One trade."""

    id: str = Field(description="Its place in the chain.")
    time: int
    price: str | None = Field(description=EXACT)
    volume: str = Field(description="In quote currency. " + EXACT)
    size: str = Field(description="As the event tells it. " + EXACT)
    side: Literal["buy", "sell"] | None
    is_long: bool | None = Field(description="Side of the position.")
    action: str
    liquidation: bool
    fee: str = Field(description=EXACT)
    user: str
    position_id: str
    block: int
    log_index: int
    transaction: str


class Trades(BaseModel):
    """Trades, the latest first; `next` is the `before` of the next page, null where nothing is older."""

    success: Literal[True]
    data: list[Trade]
    meta: dict[str, Any]


async def trades(request: Request[State], query: TradesQuery) -> Response:
    """A market's trades, the latest first: opened, increased, closed and liquidated positions."""
    limit = read.limit_of(request, query.limit)
    read.in_order(query.since, query.until)
    listing = await read.market(request, query.symbol)
    standing = request.state["candles"].known(listing.market_id)

    found: TradePage = await request.state["reader"].steady(
        listing.market_id,
        lambda store: store.trades.trades(listing.market_id, since=query.since, until=query.until, before=query.before, limit=limit),
    )
    following = str(found.next) if found.next else None
    meta = {"symbol": listing.ticker, "count": len(found.trades), "next": following}
    answer = json({"success": True, "data": [_row(trade) for trade in found.trades], "meta": meta}, freshness(standing, query.until))
    return request.state["ready"].put(request, listing.market_id, standing, answer)


def _row(trade: MarketTrade) -> dict[str, Any]:
    return {
        "id": str(trade.cursor),
        "time": trade.time,
        "price": None if trade.price is None else exact(trade.price),
        "volume": exact(trade.volume),
        "size": exact(trade.size),
        "side": trade.side,
        "is_long": trade.is_long,
        "action": trade.action,
        "liquidation": trade.is_liquidation,
        "fee": exact(trade.fee),
        "user": trade.user,
        "position_id": str(trade.position_id),
        "block": trade.block_number,
        "log_index": trade.log_index,
        "transaction": trade.transaction_hash,
    }


def exact(amount: Decimal) -> str:
    """*amount* as plain decimal text without needless zeros: `2000.5`, `0`."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
