"""Score weights on faces that the recipe has nothing to do with: `python -m weights.train.elsewhere folder a.safetensors …`.

`elsewhere.csv` holds five points, placed by hand, of 23 faces in pictures that well-known packages ship; the pictures
themselves stay there. `folder` holds those packages unpacked:

- `face-api/`: npm `@vladmandic/face-api` 1.7.15 (its `demo/sample1.jpg` … `sample6.jpg`)
- `skimage/`: PyPI `scikit-image` 0.26.0 (`skimage/data/astronaut.png`, NASA, public domain)
- `face_recognition-1.3.0/`: PyPI `face_recognition` 1.3.0, source archive (`tests/test_images`)

Boxes are those of the scale sweep (see `evaluate`). Hand labels are good to about 0.02 eye distances.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import cv2
import numpy as np

from . import container
from .data import Faces, crop, points_of, reference, relative
from .evaluate import ANGLES, OFFICIAL, boxes_around, normed_errors, predictor, turn

EXTENT = 480
LABELS = Path(__file__).with_name("elsewhere.csv")


def read_elsewhere(folder: Path) -> Faces:
    """Each face in a square picture of its own, eight times the points' extent wide, the photo's border replicated."""
    images, points = [], []
    with LABELS.open(newline="") as file:
        for row in csv.DictReader(file):
            photo = cv2.imread(str(folder / row["file"]))
            if photo is None:
                raise FileNotFoundError(f"{folder / row['file']} is missing; see the module's documentation")
            face = points_of(row)
            left, top, side, _ = boxes_around(face[None], 8.0)[0].round().astype(int)
            ring = int(side)
            padded = cv2.copyMakeBorder(photo, ring, ring, ring, ring, cv2.BORDER_REPLICATE)
            cut = padded[top + ring : top + ring + side, left + ring : left + ring + side]
            images.append(cv2.resize(cut, (EXTENT, EXTENT), interpolation=cv2.INTER_AREA))
            points.append((face - [left, top]) * EXTENT / side)
    stacked = np.array(points, np.float32)
    return Faces(np.stack(images), stacked, boxes_around(stacked, 2.2), np.full(len(stacked), "elsewhere"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.elsewhere", description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("weights", nargs="+", type=Path)
    parser.add_argument("--official", type=Path, default=reference() / OFFICIAL, help="official FP32 .bin")
    options = parser.parse_args()
    faces = read_elsewhere(options.folder)
    sets = {f"box {scale}×": [(faces, boxes_around(faces.points, scale))] for scale in (1.8, 2.2, 2.7, 3.3)}
    for angle in ANGLES:
        sets[f"turned ±{angle}°"] = [(each, each.boxes) for each in (turn(faces, angle), turn(faces, -angle))]
    files = [options.official, *options.weights]
    predictors = [predictor(container.load(path)) for path in files]
    names = ["official", *map(container.label, options.weights)]
    print(f"{len(faces)} faces".ljust(16) + "".join(f"{name[:20]:>22}" for name in names))
    for name, views in sets.items():
        scores = []
        for predict in predictors:
            errors = []
            for each, boxes in views:
                crops, clipped = crop(each, boxes)
                errors.append(normed_errors(predict(crops), relative(each.points, clipped)))
            scores.append(float(np.mean(errors)))
        print(f"{name:16}" + "".join(f"{score:13.4f}   ×{score / scores[0]:.3f}" for score in scores))


if __name__ == "__main__":
    main()
