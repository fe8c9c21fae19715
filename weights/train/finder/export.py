"""Make a run's weights the package's: `python -m weights.train.finder.export build/runs/<name> --version … --license … …`.

Beside the weights it keeps the averaged network with its batch norms, which a configuration's `start` goes on from.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from .detect import load, save

BITS = 6
"""Significant bits of a filter's weights in the file: gzip then takes a fifth off it, and scores change by a face or two of 192."""


def shortened(weights: np.ndarray) -> np.ndarray:
    """Weights rounded to `BITS` significant bits."""
    mantissa, exponent = np.frexp(weights.astype(np.float32))
    return np.ldexp(np.round(mantissa * 2**BITS) / 2**BITS, exponent)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.finder.export", description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--name", default="fivepoint-finder")
    parser.add_argument("--version", required=True)
    parser.add_argument("--license", required=True)
    parser.add_argument("--source", required=True, help="what the weights were trained on")
    parser.add_argument("--out", type=Path, default=Path("weights/finder.safetensors"))
    parser.add_argument("--checkpoint", type=Path, default=Path("weights/train/checkpoints/finder.pt"))
    options = parser.parse_args()

    metadata = {key: getattr(options, key) for key in ("version", "name", "license", "source")}
    weights = load(options.run / "weights.safetensors")
    save(options.out, {n: shortened(w) if n.endswith(".weight") else w for n, w in weights.items()}, metadata)
    options.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    averaged = torch.load(options.run / "checkpoint.pt", weights_only=True)["averaged"]
    torch.save({"averaged": averaged}, options.checkpoint)
    for path in (options.out, options.checkpoint):
        print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
