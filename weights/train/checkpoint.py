"""What a training run keeps: the state of everything that learns, in one file that is whole or not there, and its scores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn


class Stateful(Protocol):
    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> Any: ...


def save(path: Path, parts: Mapping[str, Stateful], progress: tuple) -> None:
    """Write the parts' states and how far the run is."""
    partial = path.with_suffix(".partial")
    torch.save({name: part.state_dict() for name, part in parts.items()} | {"progress": progress}, partial)
    partial.replace(path)


def resume(path: Path, parts: Mapping[str, Stateful]) -> tuple:
    """Give the parts their states back, and how far the run was."""
    state = torch.load(path, weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(state[name])
    return state["progress"]


def note(log: Path, row: Mapping[str, object]) -> None:
    """Add a row to a run's table, in place of one with the same first column: an interrupted run left it and repeats it."""
    first = str(next(iter(row.values())))
    rows = log.read_text().splitlines()[1:] if log.exists() else []
    rows = [line for line in rows if line.split("\t")[0] != first]
    partial = log.with_suffix(".partial")
    partial.write_text("".join(f"{line}\n" for line in ("\t".join(row), *rows, "\t".join(map(str, row.values())))))
    partial.replace(log)


def groups(network: nn.Module, decay: float) -> list[dict]:
    """What learns, for an optimiser: weight decay is for matrices and filters alone."""
    learning = [p for p in network.parameters() if p.requires_grad]
    return [
        {"params": [p for p in learning if p.dim() > 1], "weight_decay": decay},
        {"params": [p for p in learning if p.dim() <= 1], "weight_decay": 0.0},
    ]


class Average:
    """The running average of a network's weights and buffers; in its first steps it forgets faster."""

    def __init__(self, averaged: nn.Module, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self._averaged, self._network = floats(averaged), floats(network)

    def update(self, steps: int) -> None:
        keep = min(self.decay, (1 + steps) / (10 + steps))
        torch._foreach_lerp_(self._averaged, self._network, 1 - keep)


def floats(network: nn.Module) -> list[Tensor]:
    return [t for t in network.state_dict().values() if t.is_floating_point()]
