"""Score weights on neutral ground, labels that they never saw: `python -m weights.train.neutral a.safetensors …`.

`sharp.csv` of the reference data (LFPW and HELEN train, labelled by people; WIDER FACE train by RetinaFace's authors), for
research use: it measures, and nothing is trained on it or chosen by it. `--faces` takes another list of
`file,source,x0,y0,…,x4,y4`, its photos beside it or in a ZIP archive of its name.

Boxes are squares of 2.1 and 2.7 times the larger extent of the points, about the middle of both extents, truncated and
clipped as in `evaluate`. Errors are in eye distances, raw and debiased by source, as
there. *Side* faces are those whose eyes are less than 0.6 of the points' extent apart (`evaluate.narrow`); their error is in
extents, since their eyes may coincide.
"""

from __future__ import annotations

import argparse
import csv
import zipfile
from pathlib import Path

import cv2
import numpy as np

from . import container
from .data import Faces, crop, points_of, reference, relative
from .evaluate import OFFICIAL, Predictor, debiased_errors, narrow, normed_errors, predictor

SCALES = (2.1, 2.7)


def squares(points: np.ndarray, scale: float) -> np.ndarray:
    low, high = points.min(1), points.max(1)
    side = scale * (high - low).max(1)[:, None]
    return np.concatenate([(low + high - side) / 2, side, side], 1)


def read_listed(path: Path) -> Faces:
    """The faces of a list, photos of any size, in boxes of 2.1 times their points' extent."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    archive = path.with_suffix(".zip")
    images = []
    with zipfile.ZipFile(archive) if archive.exists() else path.open() as opened:
        for row in rows:
            data = opened.read(row["file"]) if isinstance(opened, zipfile.ZipFile) else (path.parent / row["file"]).read_bytes()
            images.append(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
    points = np.array([points_of(row) for row in rows])
    return Faces(images, points, squares(points, 2.1), np.array([row["source"] for row in rows]))


class Neutral:
    """The crops of a list, cut once, to score any number of networks on."""

    def __init__(self, faces: Faces) -> None:
        self.sources = faces.sources
        self.side = narrow(faces.points)
        self.cuts = {}
        for scale in SCALES:
            crops, boxes = crop(faces, squares(faces.points, scale))
            self.cuts[scale] = crops, relative(faces.points, boxes)

    def table(self, predict: Predictor) -> dict[str, float]:
        rows = {}
        for scale, (crops, true) in self.cuts.items():
            predicted = predict(crops)
            kinds = {
                "raw": normed_errors(predicted, true).mean(1),
                "debiased": debiased_errors(predicted, true, self.sources).mean(1),
            }
            for kind, errors in kinds.items():
                for source in np.unique(self.sources):
                    rows[f"{scale}× {kind} {source}"] = float(errors[self.sources == source].mean())
            extent = (true.max(1) - true.min(1)).max(1)
            apart = np.linalg.norm(predicted - true, axis=-1).mean(1) / extent
            for source in np.unique(self.sources[self.side]):
                rows[f"{scale}× side {source}"] = float(apart[self.side & (self.sources == source)].mean())
        return rows

    def offsets(self, predict: Predictor) -> dict[str, np.ndarray]:
        """How far a network's points lie from the labels on average, by source: 5×2 eye distances, x right, y down."""
        crops, true = self.cuts[2.1]
        predicted = predict(crops)
        eyes = np.linalg.norm(true[:, 0] - true[:, 1], axis=-1)[:, None, None]
        front = ~self.side
        return {source: ((predicted - true) / eyes)[front & (self.sources == source)].mean(0) for source in np.unique(self.sources)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.neutral", description=__doc__.split("\n")[0])
    parser.add_argument("weights", nargs="+", type=Path)
    parser.add_argument("--faces", type=Path, default=reference() / "faces/sharp.csv", help="the list of faces")
    parser.add_argument("--official", type=Path, default=reference() / OFFICIAL, help="official FP32 .bin")
    parser.add_argument("--offsets", action="store_true", help="print mean offsets from the labels, too")
    options = parser.parse_args()
    neutral = Neutral(read_listed(options.faces))
    names = ["official", *map(container.label, options.weights)]
    predictors = [predictor(container.load(path)) for path in [options.official, *options.weights]]
    official, *others = map(neutral.table, predictors)
    print(f"{'':22} {'official':>9}" + "".join(f" {name[:17]:>17}" for name in names[1:]))
    for row, base in official.items():
        print(f"{row:22} {base:9.4f}" + "".join(f" {table[row]:9.4f} ×{table[row] / base:.3f}" for table in others))
    if options.offsets:
        for name, predict in zip(names, predictors):
            for source, offset in neutral.offsets(predict).items():
                print(f"{name[:17]:17} {source:8}" + "".join(f"  ({x:+.3f}, {y:+.3f})" for x, y in offset))


if __name__ == "__main__":
    main()
