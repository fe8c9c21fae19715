"""Score weights files on a labelled set, beside the official ones: `python -m weights.train.evaluate a.safetensors …`.

**Normed error** of a face: the mean over the five points of |predicted − true|, divided by the distance between the
true eyes, both measured in coordinates divided by the box's width and height separately. A set's score is the mean
over its faces; `mean` is the mean of the scores of the sources (lfw, net and aflw in val.csv).

**Labels.** *raw*: as they are. *canon*: less the registration offset of their source (`data.REGISTRATION`). *debiased*:
a network's own mean offset, by source and point and in eye distances, is taken off before the distances are measured.

**Given boxes**: those of the CSV. Every box is truncated corner by corner, clipped to the image and stretched to 48×48
(OpenCV's `INTER_LINEAR` on uint8).

**Scale sweep** at s: a square box of side s × the larger extent (width or height) of the five true points, centred on
the middle of that extent and moved up by 0.05 sides; then truncated and clipped as above.

**Rotation sweep** at a: the image is turned by a degrees (positive: counter-clockwise) about the middle of the points'
extent, on to a canvas of its own size, with `INTER_LINEAR` and the border replicated; the true points turn with it,
and the box is that of the scale sweep at 2.2 around the turned points. ±a is the mean of +a and −a.

**Covered**: the crops of the scale sweep at 2.1, with a mask, dark glasses or a patch of another crop or colour over each in
turn (`augment`); the labels are those of the faces as they were.

These are scored over all faces; their crops depend on the raw points alone, also where canonical labels score them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch

from . import container
from .augment import occlude, wear_glasses, wear_mask
from .container import Weights
from .data import SWAP, Faces, crop, eye_share, read_faces, reference, relative
from .network import infer, tensors, to_tensor
from .photos import SIZES, Photos, read_photos

SCALES = (1.8, 2.1, 2.4, 2.7, 3.3)
ANGLES = (20, 40)
OFFICIAL = Path("omz/landmarks-regression-retail-0009/FP32/landmarks-regression-retail-0009.bin")

Predictor = Callable[[np.ndarray], np.ndarray]
"""N×48×48×3 uint8 crops → N×5×2 points in 0..1."""


def predictor(weights: Weights, tap=lambda name, x: x) -> Predictor:
    frozen = tensors(weights)

    @torch.inference_mode()
    def predict(crops: np.ndarray) -> np.ndarray:
        batches = (crops[i : i + 256] for i in range(0, len(crops), 256))
        return torch.cat([infer(frozen, to_tensor(batch), tap) for batch in batches]).numpy()

    return predict


def mirrored_back(points: np.ndarray) -> np.ndarray:
    """Points found in mirrored crops, in the crops themselves."""
    return points[:, SWAP] * [-1, 1] + [1, 0]


def two_passes(predict: Predictor) -> Predictor:
    """The mean of the answers on a crop and on its mirror image."""
    return lambda crops: (predict(crops) + mirrored_back(predict(np.ascontiguousarray(crops[:, :, ::-1])))) / 2


def normed_errors(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """N×5 errors in eye distances, of points in coordinates of the box."""
    eyes = np.linalg.norm(true[:, 0] - true[:, 1], axis=-1)
    return np.linalg.norm(predicted - true, axis=-1) / eyes[:, None]


def debiased_errors(predicted: np.ndarray, true: np.ndarray, sources: np.ndarray) -> np.ndarray:
    """The same after removing the mean offset by source and point."""
    eyes = np.linalg.norm(true[:, 0] - true[:, 1], axis=-1)
    offsets = (predicted - true) / eyes[:, None, None]
    for source in np.unique(sources):
        offsets[sources == source] -= offsets[sources == source].mean(0)
    return np.linalg.norm(offsets, axis=-1)


def boxes_around(points: np.ndarray, scale: float) -> np.ndarray:
    """The boxes of the scale sweep, N×4."""
    low, high = points.min(1), points.max(1)
    side = scale * (high - low).max(1)
    centre = (low + high) / 2 - np.stack([np.zeros_like(side), 0.05 * side], 1)
    return np.concatenate([centre - side[:, None] / 2, side[:, None], side[:, None]], 1)


def jittered(boxes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Boxes displaced and resized as a detector's are."""
    centre = boxes[:, :2] + boxes[:, 2:] / 2 + rng.normal(0, 0.036, (len(boxes), 2)) * boxes[:, 2:]
    size = boxes[:, 2:] * np.exp(rng.uniform(-0.11, 0.11, (len(boxes), 1)))
    return np.concatenate([centre - size / 2, size], 1)


def development(photos: Photos) -> Faces:
    """Faces for decisions, in boxes jittered like those of val.csv; turned heads are the source `side`."""
    images, points = photos.levels[1], photos.points * (SIZES[1] / SIZES[0])
    boxes = jittered(boxes_around(points, 2.2), np.random.default_rng(17))
    return Faces(np.asarray(images), points, boxes, np.where(narrow(points), "side", "front"))


def narrow(points: np.ndarray) -> np.ndarray:
    """Which faces are turned so far that their eyes are less than 0.6 of the points' extent apart."""
    return eye_share(points) < 0.6


@dataclass
class Cut:
    """Crops of every face, and its points in them by raw and by canonical labels."""

    crops: np.ndarray
    true: np.ndarray
    canon: np.ndarray


def cut(faces: Faces, boxes: np.ndarray, offsets: np.ndarray) -> Cut:
    """Cut faces out; `offsets`, N×2, is the registration of their labels in pixels."""
    crops, clipped = crop(faces, boxes)
    return Cut(crops, relative(faces.points, clipped), relative(faces.points - offsets[:, None], clipped))


def covered(plain: Cut) -> Cut:
    """The crops of faces that wear or hold something before them."""
    rng = np.random.default_rng(29)
    crops = plain.crops.copy()
    for i, (each, points) in enumerate(zip(crops, plain.true)):
        if i % 3 == 0:
            wear_mask(each, points, rng)
        elif i % 3 == 1:
            wear_glasses(each, points, rng)
        else:
            occlude(each, plain.crops[i - 1], rng)
    return replace(plain, crops=crops)


def rotation_matrix(degrees: float) -> np.ndarray:
    """2×2, counter-clockwise as seen, y pointing down."""
    return cv2.getRotationMatrix2D((0, 0), degrees, 1.0)[:, :2]


def turn(faces: Faces, degrees: float) -> Faces:
    """The faces of the rotation sweep, boxes included."""
    images, points = np.empty_like(faces.images), np.empty_like(faces.points)
    height, width = images.shape[1:3]
    for i, true in enumerate(faces.points):
        centre = (true.min(0) + true.max(0)) / 2
        matrix = cv2.getRotationMatrix2D((float(centre[0]), float(centre[1])), degrees, 1.0)
        points[i] = true @ matrix[:, :2].T + matrix[:, 2]
        matrix[:, 2] += matrix[:, :2].sum(1) * 0.5 - 0.5  # pixel indices lie half a pixel before their centres
        cv2.warpAffine(
            faces.images[i], matrix, (width, height), dst=images[i], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    return Faces(images, points, boxes_around(points, 2.2), faces.sources)


def by_source(errors: np.ndarray, sources: np.ndarray) -> dict[str, float]:
    """Mean error of each source, their mean, and that of all faces."""
    scores = {source: float(errors[sources == source].mean()) for source in np.unique(sources)}
    return scores | {"mean": float(np.mean(list(scores.values()))), "all": float(errors.mean())}


class Evaluation:
    """The crops of a labelled set, cut once, to score any number of networks on."""

    def __init__(self, faces: Faces) -> None:
        self.sources = faces.sources
        self.boxed = cut(faces, faces.boxes, faces.offsets())
        self.sweeps: dict[str, list[Cut]] = {}
        for scale in SCALES:
            self.sweeps[f"box {scale}×"] = [cut(faces, boxes_around(faces.points, scale), faces.offsets())]
        for angle in ANGLES:
            self.sweeps[f"turned ±{angle}°"] = [
                cut(turned, turned.boxes, faces.offsets() @ rotation.T)
                for turned, rotation in ((turn(faces, a), rotation_matrix(a)) for a in (angle, -angle))
            ]
        self.sweeps["covered"] = [covered(self.sweeps["box 2.1×"][0])]

    def given(self, predict: Predictor) -> dict[str, dict[str, float]]:
        """Scores on the given boxes: raw, canon and debiased."""
        predicted = predict(self.boxed.crops)
        return {
            "raw": by_source(normed_errors(predicted, self.boxed.true), self.sources),
            "canon": by_source(normed_errors(predicted, self.boxed.canon), self.sources),
            "debiased": by_source(debiased_errors(predicted, self.boxed.true, self.sources), self.sources),
        }

    def swept(self, predict: Predictor) -> dict[str, float]:
        """Scores of all faces by box scale and rotation, and covered: first all raw ones, then those by canonical labels."""
        raw, canon = {}, {}
        for name, cuts in self.sweeps.items():
            predicted = [predict(each.crops) for each in cuts]
            raw[name] = float(np.mean([normed_errors(p, each.true) for p, each in zip(predicted, cuts)]))
            canon[f"canon {name}"] = float(np.mean([normed_errors(p, each.canon) for p, each in zip(predicted, cuts)]))
        return raw | canon

    def table(self, predict: Predictor) -> dict[str, float]:
        """Every figure of the goals in one flat table."""
        given = self.given(predict)
        rows = {f"{labels} {source}": score for labels, scores in given.items() for source, score in scores.items()}
        return rows | self.swept(predict)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.evaluate", description=__doc__.split("\n")[0])
    parser.add_argument("weights", nargs="+", type=Path, help="safetensors files, official .bin or .npz archives")
    parser.add_argument("--faces", type=Path, default=reference() / "faces/val.csv", help="labelled set (default: val.csv)")
    parser.add_argument("--judged", type=Path, help="score on a list of labels (`photos`) instead, in jittered boxes")
    parser.add_argument("--official", type=Path, default=reference() / OFFICIAL, help="official FP32 .bin")
    parser.add_argument("--two-passes", action="store_true", help="average the answers on each crop and its mirror image")
    options = parser.parse_args()

    evaluation = Evaluation(development(read_photos(options.judged)) if options.judged else read_faces(options.faces))

    def table(path: Path) -> dict[str, float]:
        predict = predictor(container.load(path))
        return evaluation.table(two_passes(predict) if options.two_passes else predict)

    official = table(options.official)
    columns = [(container.label(path), table(path)) for path in options.weights]
    print(f"{'':18} {'official':>9}" + "".join(f" {name[:17]:>17}" for name, _ in columns))
    for row, base in official.items():
        cells = "".join(f" {table[row]:9.4f} ×{table[row] / base:.3f}" for _, table in columns)
        print(f"{row:18} {base:9.4f}{cells}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
