"""Everything that reads the store, in one place: a reader more is a line more."""

from app.store.candle_file_reader import CandleFileReader
from app.store.candle_reader import CandleReader
from app.store.client import Database
from app.store.funding_reader import FundingReader
from app.store.live_price_reader import LivePriceReader
from app.store.mark_reader import MarkReader
from app.store.market_board import MarketBoard
from app.store.market_reader import MarketReader
from app.store.position_reader import PositionReader
from app.store.price_reader import PriceReader
from app.store.round_reader import RoundReader
from app.store.running_reader import RunningReader
from app.store.standing_reader import StandingReader
from app.store.state_reader import StateReader
from app.store.stats_reader import StatsReader
from app.store.trade_reader import TradeReader


class Readers:
    """One reader of each kind, of one database. They block: an event loop asks them by way of `Reader`."""

    def __init__(self, database: Database) -> None:
        self.board = MarketBoard(database)
        self.candle_files = CandleFileReader(database)
        self.candles = CandleReader(database)
        self.funding = FundingReader(database)
        self.live_prices = LivePriceReader(database)
        self.marks = MarkReader(database)
        self.markets = MarketReader(database)
        self.positions = PositionReader(database)
        self.prices = PriceReader(database)
        self.rounds = RoundReader(database)
        self.running = RunningReader(database)
        self.standings = StandingReader(database)
        self.states = StateReader(database)
        self.stats = StatsReader(database)
        self.trades = TradeReader(database)
