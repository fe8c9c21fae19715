"""Labels by trained networks: `python -m weights.train.teach a.safetensors … --out build/taught.csv`.

Every face is seen upright in random mild views (box scale, shift, small turns, flip) by every network; the mean answer is
the taught one. Faces of `train.csv` keep a share of their own label. The unlabelled photos start from where faces lie on
average and are refined in three rounds; those whose views disagree are left out. The CSV has the form of `train.csv`
and stands for it in a configuration (`train = "build/taught.csv"`).
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
from .data import REGISTRATION, SWAP, read_faces, reference
from .evaluate import Predictor, predictor

MILD = Augmentation(rotation=12, any_turn=0, level=True, scale=(1.85, 2.6), shift=0.03, aspect=0.03, clipped=0)
FAR = 0.2
"""A taught point this far from its label, in extents of the points, is taken for wrong: the label stays alone."""


def taught_points(
    predictors: list[Predictor], images: np.ndarray, points: np.ndarray, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The mean answer over views around `points`, N×5×2 pixels, and how far views differ from it, N, in eye distances."""
    height, width = images.shape[1:3]
    answers = []
    for _ in range(count):
        matrices, _ = geometry(points, width, height, MILD, rng)
        crops = warp(images, matrices)
        mirrored = np.linalg.det(matrices[:, :, :2]) < 0
        for predict in predictors:
            index = predict(crops) * SIDE - 0.5
            found = np.einsum("nij,nkj->nki", matrices[:, :, :2], index) + matrices[:, None, :, 2] + 0.5
            answers.append(np.where(mirrored[:, None, None], found[:, SWAP], found))
    stacked = np.stack(answers)
    mean = stacked.mean(0)
    eyes = np.linalg.norm(mean[:, 0] - mean[:, 1], axis=-1)
    spread = np.linalg.norm(stacked - mean, axis=-1).mean((0, 2)) / eyes
    return mean.astype(np.float32), spread


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.teach", description=__doc__.split("\n")[0])
    parser.add_argument("weights", nargs="+", type=Path, help="the teachers, of any width")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--share", type=float, default=0.6, help="share of the taught points in a labelled face's points")
    parser.add_argument("--spread", type=float, default=0.05, help="largest disagreement of views on an unlabelled face")
    parser.add_argument("--views", type=int, default=12)
    parser.add_argument("--faces", type=Path, default=reference() / "faces", help="folder of train.csv and unlabelled/")
    options = parser.parse_args()

    cv2.setNumThreads(1)
    rng = np.random.default_rng(7)
    predictors = [predictor(container.load(path)) for path in options.weights]
    here = options.out.parent
    here.mkdir(parents=True, exist_ok=True)
    with (options.faces / "train.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    faces = read_faces(options.faces / "train.csv")
    offsets = faces.offsets()[:, None]
    canon = faces.points - offsets
    taught, _ = taught_points(predictors, faces.images, canon, options.views, rng)
    eyes = np.linalg.norm(canon[:, 0] - canon[:, 1], axis=-1)[:, None]
    apart = np.linalg.norm(taught - canon, axis=-1) / eyes
    for source in REGISTRATION:
        print(f"{source}: the taught points lie {apart[faces.sources == source].mean():.4f} eye distances from the labels")
    extent = (canon.max(1) - canon.min(1)).max(1)[:, None]
    near = np.linalg.norm(taught - canon, axis=-1) < FAR * extent
    print(f"points taken for wrong: {(~near).sum()} of {near.size}")
    points = np.where(near[:, :, None], (1 - options.share) * canon + options.share * taught, canon) + offsets
    for row in rows:
        row["file"] = os.path.relpath(options.faces / row["file"], here)

    files = sorted((options.faces / "unlabelled").iterdir())
    images = np.stack([cv2.imread(str(file)) for file in files])
    found = np.repeat(canon.mean(0)[None], len(files), 0)
    for count in (2, 2, options.views):
        found, spread = taught_points(predictors, images, found, count, rng)
    extent = (found.max(1) - found.min(1)).max(1)
    usual = np.percentile((canon.max(1) - canon.min(1)).max(1), [0.5, 99.5])
    sure = (spread < options.spread) & (extent > usual[0]) & (extent < usual[1])
    print(f"unlabelled: kept {sure.sum()} of {len(files)}")
    for i in np.flatnonzero(sure):
        rows.append({"file": os.path.relpath(files[i], here), "source": "unlabelled"})

    with options.out.open("w", newline="") as file:
        names = ["file", "source", "box_x", "box_y", "box_w", "box_h", *(f"{axis}{i}" for i in range(5) for axis in "xy")]
        writer = csv.DictWriter(file, names, restval="0")
        writer.writeheader()
        for row, face in zip(rows, [*points, *found[sure]]):
            writer.writerow(row | {f"{axis}{i}": f"{face[i, j]:.3f}" for i in range(5) for j, axis in enumerate("xy")})


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
