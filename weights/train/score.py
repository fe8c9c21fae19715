"""What `Face.score` tells: `python -m weights.train.score weights/default.safetensors`.

Weights with a score head (`score_head`) are measured with it, on backgrounds of `photos/val.csv`, too. For weights without one, such as the official
ones, this measures the formula of the five points alone with the constants that the package ships (see SCORE.md), and fits new ones for comparison; refit those in this file, SCORE.md and the package together, and only where it pays. Faces are those of val.csv in their
given boxes, in the boxes of the scale sweep, turned, and in wild views (any turn up to 90°, boxes 1.2–5 × the points'
extent and far off centre); a face is bad where its error against the canonical label is above 0.15. Non-faces are
squares of the same photos that touch no face, single colours, noise and blurred noise. New constants are cross-fitted to be
measured: each half of the faces, with its photos' non-faces, is scored by constants fitted on the other half.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import cv2
import numpy as np
import torch

from . import container
from .augment import Augmentation, views
from .container import HEAD, SHAPES, SIDE, Weights
from .data import SWAP, Faces, crop, read_faces, reference, relative
from .evaluate import Predictor, boxes_around, normed_errors, predictor, turn
from .network import tensors
from .photos import photos_of
from .score_head import Sample as HeadSample
from .score_head import activations, auc, describe

BAD = 0.15
WILD = Augmentation(rotation=90, any_turn=0, scale=(1.2, 5.0), shift=0.15)
TEMPLATE = np.array([[-0.780, -0.868], [0.780, -0.868], [0.000, 0.075], [-0.668, 0.830], [0.668, 0.830]])
CONSTANTS = np.array([1.073, -11.947, -29.417, -8.621, -25.644, -35.955, 5.092])
"""Coefficients of `FEATURES` and, last, the constant."""
FEATURES = ("ln size", "(ln size + 1.5)²", "|twist|", "|skew|", "off-centre", "max(0, residual − 0.3)")


def similarity_residual(points: np.ndarray, template: np.ndarray) -> np.ndarray:
    """Root-mean-square distance from the template under its best similarity, in units of the fitted template's size.

    In the complex plane the least-squares similarity without reflection is one complex division.
    """
    z, t = as_complex(points), as_complex(template[None])[0]
    z, t = z - z.mean(1, keepdims=True), t - t.mean()
    factor = (z * t.conj()).sum(1) / (abs(t) ** 2).sum()
    rest = np.sqrt((abs(z - factor[:, None] * t) ** 2).mean(1))
    return rest / (abs(factor) * np.sqrt((abs(t) ** 2).mean()))


def as_complex(points: np.ndarray) -> np.ndarray:
    return points[..., 0].astype(np.float64) + 1j * points[..., 1]


def size(points: np.ndarray) -> np.ndarray:
    """Root-mean-square distance of the five points from their centroid."""
    z = as_complex(points)
    return np.sqrt((abs(z - z.mean(1, keepdims=True)) ** 2).mean(1))


def features(points: np.ndarray, template: np.ndarray) -> np.ndarray:
    """The columns of `FEATURES` for N×5×2 outputs of the network."""
    z = as_complex(points)
    eyes, mouth = z[:, 1] - z[:, 0], z[:, 4] - z[:, 3]
    down = (z[:, 3] + z[:, 4] - z[:, 0] - z[:, 1]) / 2
    log_size = np.log(size(points))
    twist = abs(np.angle(mouth / eyes))
    skew = abs(np.angle(down / (1j * eyes)))
    off_centre = abs(z.mean(1) - (0.5 + 0.55j))
    # Good profiles have residuals up to 0.3; only what exceeds that tells anything.
    excess = np.maximum(0, similarity_residual(points, template) - 0.3)
    return np.stack([log_size, (log_size + 1.5) ** 2, twist, skew, off_centre, excess], 1)


def mean_shape(points: np.ndarray) -> np.ndarray:
    """The mean of shapes, mirror-symmetric, upright, about the origin, of size 1."""
    z = as_complex(points)
    z = z - z.mean(1, keepdims=True)
    z = z / ((z[:, 1] - z[:, 0]) + (z[:, 4] - z[:, 3]))[:, None]
    mean = z.mean(0)
    mean = mean / np.sqrt((abs(mean) ** 2).mean())
    mean = (mean - mean[SWAP].conj()) / 2
    return np.stack([mean.real, mean.imag], 1)


def face_crops(faces: Faces, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Crops of faces in easy and hard boxes, their true points, and each one's face."""
    sets = [(faces, faces.boxes)] + [(faces, boxes_around(faces.points, scale)) for scale in (1.8, 2.4, 2.7, 3.3)]
    sets += [(turned, turned.boxes) for turned in (turn(faces, angle) for angle in (20, -20, 40, -40))]
    crops, true = [], []
    for each, boxes in sets:
        cut, clipped = crop(each, boxes)
        crops.append(cut)
        true.append(relative(each.points, clipped))
    wild, points = views(photos_of(faces), np.arange(len(faces)), faces.images, WILD, rng)
    return np.concatenate([*crops, wild]), np.concatenate([*true, points]), np.tile(np.arange(len(faces)), len(crops) + 1)


def other_crops(faces: Faces, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Crops without a face, their kind, and the face whose photo each is from (made ones: a number of their own)."""
    crops, kinds, owners = [], [], []

    def add(kind: str, owner: int, patch: np.ndarray) -> None:
        crops.append(cv2.resize(patch, (SIDE, SIDE)))
        kinds.append(kind)
        owners.append(owner)

    extent = faces.images.shape[1]
    for i, (image, points) in enumerate(zip(faces.images, faces.points)):
        margin = 0.35 * (points.max(0) - points.min(0)).max()
        low, high = points.min(0) - margin, points.max(0) + margin
        for _ in range(20):
            side = int(rng.integers(14, 36))
            left, top = rng.integers(0, extent - side, 2)
            if left + side <= low[0] or left >= high[0] or top + side <= low[1] or top >= high[1]:
                add("background", i, image[top : top + side, left : left + side])
                break
    for i in range(150):
        add("blank", i, np.full((1, 1, 3), rng.integers(0, 256, 3), np.uint8))
        add("noise", i, rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8))
        coarse = int(rng.integers(2, 12))
        add("blurred noise", i, rng.integers(0, 256, (coarse, coarse, 3), dtype=np.uint8))
    return np.stack(crops), np.array(kinds), np.array(owners)


def logistic(x: np.ndarray, good: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Coefficients and, last, the constant of a weighted logistic regression (Newton's method, slightly damped)."""
    mean, deviation = x.mean(0), x.std(0)
    z = np.c_[(x - mean) / deviation, np.ones(len(x))]
    beta = np.zeros(z.shape[1])
    ridge = 1e-3 * weight.sum() * np.eye(len(beta))
    for _ in range(25):
        p = 1 / (1 + np.exp(-z @ beta))
        hessian = (z * (weight * p * (1 - p))[:, None]).T @ z + ridge
        beta += np.linalg.solve(hessian, z.T @ (weight * (good - p)) - ridge @ beta)
    slopes = beta[:-1] / deviation
    return np.append(slopes, beta[-1] - slopes @ mean)


def apply(constants: np.ndarray, x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-(x @ constants[:-1] + constants[-1])))


class Sample:
    """What a network answers on faces and non-faces."""

    def __init__(self, predict: Predictor, faces: Faces) -> None:
        rng = np.random.default_rng(11)
        crops, true, owners = face_crops(faces, rng)
        others, kinds, other_owners = other_crops(faces, rng)
        self.points = predict(np.concatenate([crops, others]))
        self.errors = np.append(normed_errors(self.points[: len(crops)], true).mean(1), np.full(len(others), np.inf))
        self.kinds = np.append(np.full(len(crops), "face"), kinds)
        self.fold = np.append(owners, other_owners) % 2

    @property
    def good(self) -> np.ndarray:
        return self.errors <= BAD

    def weight(self) -> np.ndarray:
        """The constants are fitted to faces, good and bad ones weighing the same; non-faces are only measured on."""
        bad = (self.kinds == "face") & ~self.good
        return (self.good / self.good.sum() + bad / bad.sum()) * len(bad) / 2

    def cross_fitted(self, x: np.ndarray) -> np.ndarray:
        scores, weight = np.empty(len(x)), self.weight()
        for fold in (0, 1):
            other = self.fold != fold
            scores[~other] = apply(logistic(x[other], self.good[other], weight[other]), x[~other])
        return scores

    def describe(self, scores: np.ndarray) -> str:
        face = self.kinds == "face"
        lines = [f"  AUC, errors above {BAD} against good faces: {auc(scores[face & ~self.good], scores[self.good]):.3f}"]
        lines.append(f"  AUC, non-faces against good faces: {auc(scores[~face], scores[self.good]):.3f}")
        for kind in np.unique(self.kinds[~face]):
            lines.append(f"    {kind}: {auc(scores[self.kinds == kind], scores[self.good]):.3f}")
        for low in np.arange(0, 1, 0.2):
            inside = face & (scores >= low) & (scores < low + 0.2 + (low > 0.7))
            if inside.any():
                errors = self.errors[inside]
                lines.append(
                    f"  faces scored {low:.1f}–{low + 0.2:.1f}: {inside.sum():5d}, "
                    f"median error {np.median(errors):.3f}, bad {100 * (errors > BAD).mean():.1f} %"
                )
        return "\n".join(lines)


def backgrounds(path: Path, per_photo: int, rng: np.random.Generator) -> np.ndarray:
    """Random squares of photos that touch no face's box; `path` lists boxes, one a row, `file,x,y,width,height`."""
    boxes: dict[str, list[list[float]]] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            boxes.setdefault(row["file"], []).append([float(row[key]) for key in ("x", "y", "width", "height")])
    crops = []
    for name, faces in boxes.items():
        image = cv2.imread(str(path.parent / name))
        x, y, w, h = np.array(faces).T
        for _ in range(per_photo):
            side = int(np.exp(rng.uniform(np.log(24), np.log(min(image.shape[:2])))))
            left, top = (int(rng.integers(extent - side + 1)) for extent in (image.shape[1], image.shape[0]))
            if ((left + side <= x) | (left >= x + w) | (top + side <= y) | (top >= y + h)).all():
                crops.append(cv2.resize(image[top : top + side, left : left + side], (SIDE, SIDE)))
    return np.stack(crops)


def measured_head(weights: Weights, faces: Faces, photos: Path) -> str:
    """What the score head tells on faces in easy and hard boxes, on the non-faces of `other_crops` and on backgrounds of photos."""
    rng = np.random.default_rng(11)
    crops, true, _ = face_crops(faces, rng)
    others, kinds, _ = other_crops(faces, rng)
    squares = backgrounds(photos, 40, rng)
    frozen = tensors({name: weights[name] for name in SHAPES})
    h, points = activations(frozen, crops)
    found = HeadSample(h, normed_errors(points, true).mean(1), np.full(len(h), "face"))
    h, _ = activations(frozen, np.concatenate([others, squares]))
    rest = HeadSample(h, np.full(len(h), np.inf), np.append(kinds, np.full(len(squares), "photos' background")))
    return describe({name: weights[name] for name in HEAD}, found, rest)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.score", description=__doc__.split("\n")[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("--faces", type=Path, default=reference() / "faces/val.csv", help="labelled set (default: val.csv)")
    parser.add_argument("--photos", type=Path, default=reference() / "photos/val.csv", help="photos with the boxes of all their faces")
    options = parser.parse_args()
    torch.set_num_threads(1)
    faces = read_faces(options.faces)
    faces.points -= faces.offsets()[:, None]
    weights = container.load(options.weights)
    if "score.weight" in weights:
        print(measured_head(weights, faces, options.photos))
        return
    sample = Sample(predictor(weights), faces)
    print("mean shape:", " ".join(f"({x:.3f}, {y:.3f})" for x, y in mean_shape(faces.points)))
    x = features(sample.points, TEMPLATE)
    print("as shipped")
    print(sample.describe(apply(CONSTANTS, x)))
    fitted = logistic(x, sample.good, sample.weight())
    print("refitted: " + ", ".join(f"{c:+.3f} {n}" for c, n in zip(fitted, (*FEATURES, "(constant)"))))
    print(sample.describe(sample.cross_fitted(x)))


if __name__ == "__main__":
    main()
