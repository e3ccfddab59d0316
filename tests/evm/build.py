"""Compile the contracts beside this file: `python -m tests.evm.build` rewrites the committed artifacts."""

import json
from pathlib import Path
from typing import Any

from vyper.compiler import compile_code  # type: ignore[import-untyped]

CONTRACTS = Path(__file__).parent / "contracts"
NAMES = ("market", "factory", "oracle")

Artifact = dict[str, Any]


def artifact(name: str) -> Artifact:
    """The committed ABI and bytecode of a contract, and the initcode that stores it as a blueprint."""
    loaded: Artifact = json.loads(_path(name).read_text())
    return loaded


def compiled(name: str) -> Artifact:
    """The same, compiled now from the source. Only the pinned compiler gives the same bytes."""
    source = (CONTRACTS / f"{name}.vy").read_text()
    built: Artifact = compile_code(source, output_formats=["abi", "bytecode", "blueprint_bytecode"])
    return built


def _path(name: str) -> Path:
    return CONTRACTS / f"{name}.json"


if __name__ == "__main__":
    for name in NAMES:
        _path(name).write_text(json.dumps(compiled(name), indent=1) + "\n")
