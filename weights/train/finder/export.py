"""Make a run's weights the package's: `python -m weights.train.finder.export build/runs/<name> … --version … --license …`.

Of several runs that share a start, the mean is taken. Filters are rounded to multiples of a power of two, about a
thirty-second of their layer's standard deviation. The file is as long, but its zeros compress, and what a page loads of
the package is compressed: the finder's entry has a budget (package.json).

Beside the weights it keeps the averaged network with its batch norms, which a configuration's `start` goes on from.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from .. import checkpoint
from .detect import save
from .network import Network, Weights

STEPS = 32
"""Steps of rounding in a standard deviation of a layer's filters."""


def shortened(weights: Weights) -> Weights:
    def short(values: np.ndarray) -> np.ndarray:
        step = 2.0 ** np.round(np.log2(values.std() / STEPS))
        return (np.round(values / step) * step).astype(np.float32)

    return {name: short(value) if name.endswith(".weight") else value for name, value in weights.items()}


def mean(states: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The mean of networks' states; whole numbers, which only count batches, are the first's."""

    def of(name: str, first: torch.Tensor) -> torch.Tensor:
        return torch.stack([state[name] for state in states]).mean(0) if first.is_floating_point() else first

    return {name: of(name, first) for name, first in states[0].items()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.finder.export", description=__doc__.split("\n")[0])
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--name", default="fivepoint-finder")
    parser.add_argument("--version", required=True)
    parser.add_argument("--license", required=True)
    parser.add_argument("--source", required=True, help="what the weights were trained on")
    parser.add_argument("--threshold", required=True, help="the score from which `find` takes a box for a face (`evaluate`)")
    parser.add_argument("--out", type=Path, default=Path("weights/finder.safetensors"))
    parser.add_argument("--checkpoint", type=Path, default=Path("weights/train/checkpoints/finder.pt"))
    options = parser.parse_args()

    metadata = {key: getattr(options, key) for key in ("version", "name", "license", "source", "threshold")}
    network = Network()
    network.load_state_dict(mean([torch.load(run / "checkpoint.pt", weights_only=True)["averaged"] for run in options.runs]))
    save(options.out, shortened(network.export()), metadata)
    options.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    checkpoint.save(options.checkpoint, {"averaged": network}, ())
    for path in (options.out, options.checkpoint):
        print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
