"""Make trained weights the package's: `python -m weights.train.export run/weights.safetensors --name … --version …`.

Equalises the channels for int8 (`quantise.equalise`), notes the calibrated activation ranges in the metadata
(`ranges`: JSON, `[low, high]` for each tensor that a layer reads), and stores F16.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from . import container
from .container import rounded, write_safetensors
from .network import tensors, to_tensor
from .photos import read_photos
from .quantise import calibrate, calibration_crops, equalise, quantised_weights

LICENSE = "CC-BY-4.0"
SOURCE = (
    "Trained by weights/train from Intel Open Model Zoo landmarks-regression-retail-0009 (Apache-2.0) on photos of FairFace "
    "(K. Kärkkäinen, J. Joo, WACV 2021; CC BY 4.0) with labels of MediaPipe's face mesh (Apache-2.0) and of the official network; "
    "changes: weights retrained, score head added"
)
"""Attribution as CC BY 4.0 asks for it: author, title, licence, and that things were changed."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.export", description=__doc__.split("\n")[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--out", type=Path, default=Path("weights/default.safetensors"))
    parser.add_argument("--train", type=Path, default=Path("build/fairface/train.csv"), help="training faces, a list, for calibration")
    parser.add_argument("--scenes", type=Path, default=Path("build/scenes/train.npy"))
    options = parser.parse_args()

    crops = calibration_crops(read_photos(options.train), np.load(options.scenes))
    weights = rounded(equalise(container.load(options.weights), crops))
    ranges = calibrate(quantised_weights(tensors(weights)), to_tensor(crops))
    metadata = {
        "format": "fivepoint",
        "version": options.version,
        "name": options.name,
        "license": LICENSE,
        "source": SOURCE,
        "ranges": json.dumps({name: [round(low, 4), round(high, 4)] for name, (low, high) in ranges.items()}),
    }
    write_safetensors(options.out, weights, metadata)
    print(f"{options.out}: {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
