"""The process that reads large answers: it is told their bytes, and tells what their logs say, in plain values.

Started by `ReadingProcess`, and gone with it: the connection is its standard input.
"""

import gc
import pickle
import signal
import socket
import sys
from typing import Any, Final

import orjson

from app.chain.answers import check_logs
from app.chain.reading import Reader

ANY_BLOCK: Final = 1 << 256
"""Above every block number: who asked knows which ones it asked for."""

_SIZE: Final = 8


def send(peer: socket.socket, data: bytes | bytearray) -> None:
    """Send *data* with its size before it. Blocks; OSError where the other side is gone."""
    peer.sendall(len(data).to_bytes(_SIZE, "big"))
    peer.sendall(data)


def receive(peer: socket.socket) -> bytearray:
    """What the other side sent. Blocks; OSError where it is gone."""
    return _take(peer, int.from_bytes(_take(peer, _SIZE), "big"))


def _take(peer: socket.socket, size: int) -> bytearray:
    data = bytearray(size)
    view = memoryview(data)
    while view:
        # In one call, however long it takes: each return would wait for the interpreter's lock.
        count = peer.recv_into(view, len(view), socket.MSG_WAITALL)
        if not count:
            raise ConnectionError("the other side is gone")
        view = view[count:]
    return data


def read(reader: Reader, body: bytearray) -> bytes:
    """The JSON of *body*, pickled, with each list of logs as a `Reading` but for the logs, their blocks' hashes, and their times.

    Empty where it cannot be read so: who asked finds out what is wrong with it.
    """
    try:
        answer: Any = orjson.loads(body)
        for entry in answer if isinstance(answer, list) else [answer]:
            if isinstance(entry.get("result"), list):
                checked = check_logs(entry["result"], reader.plans, 0, ANY_BLOCK)
                reading = reader.read(checked.logs)
                events = pickle.dumps(reading.events, pickle.HIGHEST_PROTOCOL)  # to be unpickled where they are made use of
                entry["result"] = (events, reading.set_aside, reading.undeclared, reading.count), checked.hashes, checked.timestamps
        return pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
    except Exception:  # whatever a node sends
        return b""


def main() -> None:
    """Read what comes until the other side is gone."""
    for number in (signal.SIGINT, signal.SIGTERM):  # they may be for all processes, and who started this is still at work
        signal.signal(number, signal.SIG_IGN)
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    with socket.socket(fileno=sys.stdin.fileno()) as peer:
        try:
            reader: Reader = pickle.loads(receive(peer))
            while True:
                send(peer, read(reader, receive(peer)))
        except OSError:
            return


if __name__ == "__main__":
    main()
