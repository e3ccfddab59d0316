"""Large answers read by a process of its own, while there are many: reading them takes this one's interpreter half of its time."""

import asyncio
import logging
import os
import pickle
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import orjson

from app.chain.answers import Logs, check_logs
from app.chain.reading import Reader, Reading
from app.chain.reading_worker import ANY_BLOCK, receive, send
from app.chain.waiting import whole
from app.domain.block import Log

log = logging.getLogger(__name__)

LARGE: Final = 1 << 18
"""Bytes of an answer from which on it is worth the way to another process."""

WORTH: Final = 32 << 20
"""Bytes of large answers from which on more of them are expected: some 40,000 logs."""

_ROOT: Final = Path(__file__).parents[2]

PATIENCE: Final = 10
"""Seconds without a sign of it, after which that process is given up: an answer takes it a second, its own start no more than some."""


class ReadingProcess:
    """Parses answers, the large ones by *reader* in another process, where this machine has a core for it and there are enough of them.

    Without one, or where it fails, all are parsed here: it makes a difference to nothing but time.
    """

    def __init__(self, reader: Reader | None) -> None:
        self._reader = reader
        self._is_usable = bool(reader and sys.executable and (os.cpu_count() or 1) > 1)
        self._seen = 0
        self._ends = 0
        # Of threads, not of tasks: a thread goes on with its question when nobody waits for it any more.
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._peer: socket.socket | None = None

    async def parse(self, body: bytearray) -> Any:
        """The JSON of *body*, where the results that are lists of logs may be `Logs` instead, checked and read.

        Raises orjson.JSONDecodeError.
        """
        if len(body) >= LARGE and self._is_usable:
            self._seen += len(body)
            if self._seen >= WORTH and (read := await asyncio.to_thread(self._read, body, self._ends)) is not None:
                return read
        return orjson.loads(body)

    async def close(self) -> None:
        """End that process, whatever it is about. Where many large answers come again, another is started."""
        self._ends += 1
        may_be_there, self._seen = self._seen >= WORTH, 0
        if process := self._process:
            process.kill()  # who waits for its answer hears at once
        if may_be_there:
            await whole(self._stop)

    def _read(self, body: bytearray, ends: int) -> Any | None:
        """None where the other process cannot make sense of *body*, or is gone. *ends* is how often it was ended when this was asked."""
        with self._turn:
            if ends != self._ends or not self._is_usable:
                return None
            try:
                peer = self._peer or self._start()
                send(peer, body)
                told = receive(peer)
                return _unpacked(told, body) if told else None
            except Exception as error:
                if ends == self._ends:
                    self._is_usable = False
                    log.warning("the process that reads large answers is gone (%s); this one reads them from here on", type(error).__name__)
                self._clear()
                return None

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            ours.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", PATIENCE, 0))
        self._peer = ours
        with theirs:
            command = [sys.executable, "-m", "app.chain.reading_worker"]
            self._process = subprocess.Popen(
                command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                cwd=_ROOT,
                start_new_session=True,  # Ctrl-C is for who started it
            )
        send(ours, pickle.dumps(self._reader))
        log.info("large answers are read by process %d from here on", self._process.pid)
        return ours

    def _stop(self) -> None:
        with self._turn:
            self._clear()

    def _clear(self) -> None:
        if self._peer:
            self._peer.close()
        if self._process:
            self._process.kill()
            self._process.wait()
        self._peer = self._process = None


def _unpacked(told: bytearray, body: bytearray) -> Any:
    answer: Any = pickle.loads(told)
    for place, entry in enumerate(answer if isinstance(answer, list) else [answer]):
        if isinstance(entry.get("result"), tuple):
            (events, set_aside, undeclared, count), hashes, timestamps = entry["result"]
            reading = Reading(events, set_aside, undeclared, count, cache(partial(_logs, body, place)))
            entry["result"] = Logs(reading, hashes, timestamps)
    return answer


def _logs(body: bytearray, place: int) -> Sequence[Log]:
    """The logs that the other process read, of one result of *body*, in their order."""
    answer = orjson.loads(body)
    raw = (answer[place] if isinstance(answer, list) else answer)["result"]
    return check_logs(raw, {log["topics"][0] for log in raw if not log.get("removed")}, 0, ANY_BLOCK).logs
