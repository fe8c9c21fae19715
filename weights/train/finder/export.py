"""Make a run's weights the package's: `python -m weights.train.finder.export build/runs/<name> --version … --license … …`.

Filters are rounded to multiples of a power of two, about a thirty-second of their layer's standard deviation. The file is as long, but
its zeros compress, and what a page loads of the package is compressed: the finder's entry has a budget (package.json).

Beside the weights it keeps the averaged network with its batch norms, which a configuration's `start` goes on from.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from .detect import load, save
from .network import Weights

STEPS = 32
"""Steps of rounding in a standard deviation of a layer's filters."""


def shortened(weights: Weights) -> Weights:
    def short(values: np.ndarray) -> np.ndarray:
        step = 2.0 ** np.round(np.log2(values.std() / STEPS))
        return (np.round(values / step) * step).astype(np.float32)

    return {name: short(value) if name.endswith(".weight") else value for name, value in weights.items()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.finder.export", description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--name", default="fivepoint-finder")
    parser.add_argument("--version", required=True)
    parser.add_argument("--license", required=True)
    parser.add_argument("--source", required=True, help="what the weights were trained on")
    parser.add_argument("--threshold", required=True, help="the score from which `find` takes a box for a face (`evaluate`)")
    parser.add_argument("--out", type=Path, default=Path("weights/finder.safetensors"))
    parser.add_argument("--checkpoint", type=Path, default=Path("weights/train/checkpoints/finder.pt"))
    options = parser.parse_args()

    metadata = {key: getattr(options, key) for key in ("version", "name", "license", "source", "threshold")}
    averaged = torch.load(options.run / "checkpoint.pt", weights_only=True)["averaged"]
    save(options.out, shortened(load(options.run / "weights.safetensors")), metadata)
    options.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    partial = options.checkpoint.with_suffix(".partial")
    torch.save({"averaged": averaged}, partial)
    partial.replace(options.checkpoint)
    for path in (options.out, options.checkpoint):
        print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
