"""Make a run's weights the package's: `python -m weights.train.finder.export run/weights.safetensors --version … …`."""

from __future__ import annotations

import argparse
from pathlib import Path

from .detect import load, save


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.finder.export", description=__doc__.split("\n")[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("--name", default="fivepoint-finder")
    parser.add_argument("--version", required=True)
    parser.add_argument("--license", required=True)
    parser.add_argument("--source", required=True, help="what the weights were trained on")
    parser.add_argument("--out", type=Path, default=Path("weights/finder.safetensors"))
    options = parser.parse_args()

    metadata = {key: getattr(options, key) for key in ("version", "name", "license", "source")}
    save(options.out, load(options.weights), metadata)
    print(f"{options.out}: {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
