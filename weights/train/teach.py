"""Labels averaged with networks' own answers: `python -m weights.train.teach list.csv a.safetensors … --out taught.csv`.

Every face is seen upright in random mild views (box scale, shift, small turns, mirror image) by every network; the mean answer
is the taught one, better than a single view's by a seventh. A label moves towards it by `--share`, and a face counts the less the further
the two lie apart; where they lie far apart one of them is wrong, and the face is left out. The result is a list like the first.
"""

from __future__ import annotations

import argparse
import csv
import os
from pathlib import Path

import cv2
import numpy as np
import torch

from . import container
from .augment import Augmentation, geometry, warp
from .container import SIDE
from .data import SWAP, points_of
from .evaluate import Predictor, predictor
from .photos import SIZES, read_photos

MILD = Augmentation(rotation=12, any_turn=0, level=True, scale=(1.85, 2.6), shift=0.03, aspect=0.03, clipped=0)
USUAL = 0.06
"""A face whose taught points lie this far from its label, in units, counts half."""
FAR = 0.2
"""A face with a point this far from its label is left out."""


def taught_points(
    predictors: list[Predictor], images: np.ndarray, points: np.ndarray, count: int, rng: np.random.Generator
) -> np.ndarray:
    """The mean answer over views around `points`, N×5×2 pixels."""
    height, width = images.shape[1:3]
    total = np.zeros(points.shape)
    for _ in range(count):
        matrices, _ = geometry(points, width, height, MILD, rng)
        crops = warp(images, matrices)
        mirrored = np.linalg.det(matrices[:, :, :2]) < 0
        for predict in predictors:
            index = predict(crops) * SIDE - 0.5
            found = np.einsum("nij,nkj->nki", matrices[:, :, :2], index) + matrices[:, None, :, 2] + 0.5
            total += np.where(mirrored[:, None, None], found[:, SWAP], found)
    return total / (count * len(predictors))


def moved(first: np.ndarray, labels: np.ndarray, taught: np.ndarray, share: float) -> np.ndarray:
    """Labels in pixels of the files, moved towards the taught points; `labels` are the same in the pixels of these."""
    scale = np.abs(first).sum() / np.abs(labels).sum()
    return first + share * (taught - labels) * scale


def units(points: np.ndarray) -> np.ndarray:
    """The unit of a face's distances: the eye distance, at least half the points' extent (`fit.normed_loss`)."""
    return np.maximum(np.linalg.norm(points[:, 0] - points[:, 1], axis=-1), 0.5 * (points.max(1) - points.min(1)).max(1))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.teach", description=__doc__.split("\n")[0])
    parser.add_argument("list", type=Path, help="the labels so far")
    parser.add_argument("weights", nargs="+", type=Path, help="the teachers")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--share", type=float, default=0.3, help="share of the taught points in the new labels")
    parser.add_argument("--views", type=int, default=8)
    options = parser.parse_args()

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    rng = np.random.default_rng(7)
    predictors = [predictor(container.load(path)) for path in options.weights]
    photos = read_photos(options.list)
    with options.list.open(newline="") as file:
        rows = list(csv.DictReader(file))
    labels = photos.points * (SIZES[1] / SIZES[0])
    batches = [slice(start, start + 2048) for start in range(0, len(labels), 2048)]
    taught = np.concatenate([taught_points(predictors, photos.levels[1][at], labels[at], options.views, rng) for at in batches])
    apart = np.linalg.norm(taught - labels, axis=-1) / units(labels)[:, None]
    mean = apart.mean(1)
    kept = apart.max(1) < FAR
    print(f"taught points lie {mean.mean():.4f} units from the labels; left out: {(~kept).sum()} of {len(kept)}")
    first = np.array([points_of(row) for row in rows])
    points = moved(first, labels, taught, options.share)
    for row, face, distance in zip(rows, points, mean):
        row["file"] = os.path.relpath(options.list.parent / row["file"], options.out.parent)
        row["weight"] = f"{float(row['weight']) / (1 + (distance / USUAL) ** 2):.3f}"
        row |= {f"{axis}{i}": f"{face[i, j]:.3f}" for i in range(5) for j, axis in enumerate("xy")}
    with options.out.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(row for row, keep in zip(rows, kept) if keep)


if __name__ == "__main__":
    main()
