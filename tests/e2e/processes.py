"""The command's processes, each with the same settings but for its port: started, killed, stopped, listened to."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import psutil

from app.settings import Settings
from tests.observing.observed import free_port

PATIENCE: Final = 60.0
"""Seconds that a command may take; only what hangs takes that long."""


class Processes:
    """Processes of `datafeed` by name, which is a command (`listen`, `serve --all`) and what tells it apart: `serve, one`."""

    def __init__(self, folder: Path, settings: Mapping[str, str], *, path: Path | None = None) -> None:
        """In *folder*, with nothing set but *settings*. Python finds modules in *path* first."""
        assert {name.lower() for name in settings} <= set(Settings.model_fields)
        kept = {name: value for name, value in os.environ.items() if re.match(r"PATH$|HOME$|COVERAGE", name)}
        self._environment = kept | dict(settings) | {"PYTHONPATH": os.pathsep.join([*([str(path)] if path else []), os.getcwd()])}
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._ports: dict[str, int] = {}

    def url(self, name: str) -> str:
        """Where a process serves, before and after it is killed: all, or its health and figures where it serves nothing else."""
        return f"http://127.0.0.1:{self._port(name)}"

    def start(self, name: str) -> None:
        """Start it, or start it again."""
        command = name.partition(",")[0].split()
        port = {"PORT" if command[0] == "serve" else "METRICS_PORT": str(self._port(name))}
        self._running[name] = self._run(name, command, port)

    def kill(self, name: str) -> None:
        """With SIGKILL."""
        self._running[name].kill()
        self._running[name].wait()

    def stop(self, name: str) -> int:
        """With SIGTERM: its exit code."""
        self._running[name].send_signal(signal.SIGTERM)
        return self._running[name].wait(PATIENCE)

    def command(self, *arguments: str) -> tuple[int, str]:
        """Run `datafeed *arguments` to its end: exit code, and all that it said."""
        name = " ".join(arguments)
        code = self._run(name, arguments, {}).wait(PATIENCE)
        return code, self.log(name)

    def log(self, name: str) -> str:
        """All that it said."""
        return (self._folder / f"{name}.log").read_text()

    def seen(self, name: str) -> psutil.Process:
        """The process as the system sees it."""
        return psutil.Process(self._running[name].pid)

    @contextlib.contextmanager
    def running(self, *names: str) -> Iterator["Processes"]:
        """Started, until the block ends."""
        try:
            for name in names:
                self.start(name)
            yield self
        finally:
            for process in self._running.values():
                process.kill()
                process.wait()

    def _run(self, name: str, arguments: "list[str] | tuple[str, ...]", more: dict[str, str]) -> "subprocess.Popen[bytes]":
        with (self._folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "app", *arguments], cwd=self._folder, env=self._environment | more, stderr=log, stdout=log
            )

    def _port(self, name: str) -> int:
        if name not in self._ports:
            self._ports[name] = free_port()
        return self._ports[name]
