"""The base of every error that an operator can do something about."""

from pathlib import Path
from typing import ClassVar, Self


class DatafeedError(Exception):
    """Something went wrong that the operator can mend."""

    help: ClassVar[str] = ""
    """What the operator does next, in one line."""

    exit_code: ClassVar[int] = 1

    def __str__(self) -> str:
        return super().__str__() or (self.__doc__ or "").strip().splitlines()[0]

    @property
    def advice(self) -> str:
        """What went wrong and what to do next, as the operator reads it."""
        return f"{str(self).rstrip('.')}. {self.help}".rstrip()


class StoreAway(DatafeedError):
    """The store does not answer, or refuses to: what was known before is as good as it gets."""


class FolderUnusable(DatafeedError):
    """The data folder cannot be made or used."""

    help = "Point DATA_DIR at a folder that this user can make and write to, on a disk that is not full."

    @classmethod
    def on(cls, path: Path, error: OSError) -> Self:
        """What *error* says about *path*."""
        return cls(f"{path} cannot be used: {error.strerror or error}")
