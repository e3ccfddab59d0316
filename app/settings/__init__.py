"""Every setting: typed, documented, read once from the environment and `.env`."""

import os
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.ops.mistakes import SettingsError, missing, misspelt, mistakes
from app.settings.access import AccessSettings
from app.settings.bus import BusSettings
from app.settings.cache import CacheSettings
from app.settings.chain import ChainSettings
from app.settings.ingest import IngestSettings
from app.settings.limits import LimitSettings
from app.settings.live import LiveSettings
from app.settings.markets import MarketSettings
from app.settings.observing import ObservingSettings
from app.settings.reports import ReportSettings
from app.settings.service import ServiceSettings
from app.settings.storage import StorageSettings
from app.settings.store import StoreSettings
from app.settings.streams import StreamSettings

ENV_FILE = Path(".env")

SECTIONS: tuple[type[BaseModel], ...] = (
    ChainSettings,
    StoreSettings,
    MarketSettings,
    ServiceSettings,
    StorageSettings,
    CacheSettings,
    BusSettings,
    LimitSettings,
    AccessSettings,
    StreamSettings,
    LiveSettings,
    IngestSettings,
    ObservingSettings,
    ReportSettings,
)
"""In the order in which the documents list them."""


class Settings(
    ReportSettings,
    ObservingSettings,
    IngestSettings,
    LiveSettings,
    StreamSettings,
    AccessSettings,
    LimitSettings,
    BusSettings,
    CacheSettings,
    StorageSettings,
    ServiceSettings,
    MarketSettings,
    StoreSettings,
    ChainSettings,
):  # fields of the last base come first
    """All settings, as values: from the environment by `load_settings`, or by hand. Printing them shows no secret."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True)


class _Environment(Settings, BaseSettings):
    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True, env_file_encoding="utf-8")


def load_settings(env_file: Path = ENV_FILE) -> Settings:
    """Settings from the environment, then *env_file*, then the defaults. SettingsError has one line for each mistake."""
    try:
        return Settings.model_validate(dict(_Environment(_env_file=env_file)))
    except ValidationError as error:
        raise SettingsError(mistakes(error, Settings)) from None  # the cause would show the values
    except UnicodeDecodeError as error:
        raise SettingsError([f"{env_file}: byte {error.start + 1} is not UTF-8: save the file as UTF-8"]) from None


def settings_of(values: Mapping[str, str]) -> Settings:
    """Settings from *values*, by variable, as if the environment had nothing else. SettingsError as of `load_settings`."""
    given = {name.lower(): value for name, value in values.items() if value and name.lower() in Settings.model_fields}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        raise SettingsError(mistakes(error, Settings)) from None


def doubts(env_file: Path = ENV_FILE) -> list[str]:
    """One line for each variable that looks like a misspelt setting."""
    return misspelt({*os.environ, *dotenv_values(env_file)}, Settings.model_fields)


def require(settings: Settings, **reasons: str) -> None:
    """SettingsError where a setting named in *reasons*, which say what it is needed for, is empty."""
    if lines := [missing(name, reason, Settings) for name, reason in reasons.items() if not getattr(settings, name)]:
        raise SettingsError(lines)
