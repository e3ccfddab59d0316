"""Settings of the caches."""

from pydantic import BaseModel, Field, SecretStr, ValidationInfo, field_validator

from app.ops.spelling import Milliseconds, RedisUrl, Seconds, WebUrl
from app.settings.blame import together


class CacheSettings(BaseModel):
    """Caches"""

    upstash_redis_rest_url: WebUrl = Field("", description="Upstash Redis.", examples=["https://abc123.upstash.io"])
    upstash_redis_rest_token: SecretStr = Field(SecretStr(""), description="Token of that database.", examples=["AXxxASQgOTI"])
    redis_url: RedisUrl = Field(SecretStr(""), description="Redis over TCP.", examples=["redis://localhost:6379/0"])
    chart_data_cache_ttl: Seconds = Field(30, description="Seconds that chart data without a value of its own is cached.")
    market_data_cache_ttl: Seconds = Field(60, description="Seconds that lists of markets are cached; those with prices 5 at most.")
    ohlcv_1s_cache_ttl: Seconds = Field(30, description="Seconds that one-second candles are cached.")
    ohlcv_1m_cache_ttl: Seconds = Field(300, description="Seconds that one-minute candles are cached.")
    ohlcv_5m_cache_ttl: Seconds = Field(900, description="Seconds that five-minute candles are cached.")
    ohlcv_1h_cache_ttl: Seconds = Field(3_600, description="Seconds that one-hour candles are cached.")
    ohlcv_1d_cache_ttl: Seconds = Field(86_400, description="Seconds that one-day candles are cached.")
    ohlcv_closed_cache_ttl: int = Field(
        604_800, ge=0, le=2_592_000, description="Seconds that candles which only a reorganisation can change are cached; 30 days at most."
    )
    cache_memory_bytes: int = Field(
        64 * 1024 * 1024, ge=1024 * 1024, description="Bytes that the cache in this process's memory takes, at most."
    )
    cache_timeout_ms: Milliseconds = Field(150, description="Milliseconds to wait for the shared cache; it is done without after that.")

    @field_validator("upstash_redis_rest_token")
    @classmethod
    def _upstash_is_complete(cls, token: SecretStr, info: ValidationInfo) -> SecretStr:
        together(info.data, ("upstash_redis_rest_url",), upstash_redis_rest_token=token)
        return token

    @property
    def has_redis(self) -> bool:
        """Whether processes have a Redis in common."""
        return bool(self.redis_url or self.upstash_redis_rest_url)

    def candle_ttl(self, seconds: int) -> int:
        """Seconds that candles *seconds* long are cached while they change: as those of the next finer length that has a setting."""
        lives = {1: self.ohlcv_1s_cache_ttl, 60: self.ohlcv_1m_cache_ttl, 300: self.ohlcv_5m_cache_ttl}
        lives |= {3_600: self.ohlcv_1h_cache_ttl, 86_400: self.ohlcv_1d_cache_ttl}
        return lives[max(length for length in lives if length <= seconds)]
