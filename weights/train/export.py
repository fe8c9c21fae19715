"""Make trained weights the package's: `python -m weights.train.export run/weights.safetensors --name … --version …`.

Equalises the channels for int8 (`quantise.equalise`), notes the calibrated activation ranges in the metadata
(`ranges`: JSON, `[low, high]` for each tensor that a layer reads), and stores F16.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from . import container
from .container import rounded, write_safetensors
from .data import read_faces, reference
from .network import tensors, to_tensor
from .quantise import calibrate, calibration_crops, equalise, quantised_weights

SOURCE = (
    "Trained by weights/train from Intel Open Model Zoo landmarks-regression-retail-0009 (Apache-2.0) "
    "on MTFL faces, whose labels are for research use"
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.export", description=__doc__.split("\n")[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--out", type=Path, default=Path("weights/default.safetensors"))
    parser.add_argument("--faces", type=Path, default=reference() / "faces", help="folder of train.csv, for calibration")
    options = parser.parse_args()

    crops = calibration_crops(read_faces(options.faces / "train.csv"))
    weights = rounded(equalise(container.load(options.weights), crops))
    ranges = calibrate(quantised_weights(tensors(weights)), to_tensor(crops))
    metadata = {
        "format": "fivepoint",
        "version": options.version,
        "name": options.name,
        "license": "Apache-2.0",
        "source": SOURCE,
        "ranges": json.dumps({name: [round(low, 4), round(high, 4)] for name, (low, high) in ranges.items()}),
    }
    write_safetensors(options.out, weights, metadata)
    print(f"{options.out}: {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
