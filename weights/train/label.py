"""The first labels: `python -m weights.train.label build/fairface`.

Merges two teachers, both under Apache-2.0: MediaPipe's mesh (`mesh.csv` and `plain.csv`, by `mesh`) and the mean answer of the official network
over many views (`teach.taught_points`). Writes the lists `train.csv` and `val.csv` of FairFace's own two parts, and
`boxes.csv`, a few training faces in boxes of many sizes, to calibrate int8 on.

Their conventions differ by a little: the official points are first moved by the mean offset, measured on faces where both
agree. The nose, the mean of both meshes', stays half way between the two conventions, since the errors of the two lean opposite ways on turned heads.
A face counts more the further it is turned; it is left out where the mesh's two passes, or the two teachers, lie too far apart.
Turned heads, on which teachers agree less, have a wider bound, so that the filter doesn't drop whatever is hard.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import cv2
import numpy as np
import torch

from . import container
from .augment import roll
from .data import SWAP, points_of, reference
from .evaluate import OFFICIAL, boxes_around, predictor
from .teach import taught_points, units

SHARE = np.array([0.1, 0.1, 0.3, 0.2, 0.2])
"""Share of the official network in each point."""
TURNED = 0.35
"""Sine of the yaw from which a face counts as turned."""
PASSES = (0.045, 0.12)
"""Largest distance between the mesh's two passes, in units: of upright faces and of turned ones."""
APART = (0.12, 0.35)
"""Largest mean distance between the teachers, in units: of upright faces and of turned ones."""
SIDE = 112
"""Side to which photos are reduced for the official network."""
NOSE = 2


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def read_meshes(folder: Path) -> tuple[list[dict[str, str]], np.ndarray]:
    """The rows of `mesh.csv` that `plain.csv` has, too, and their points (N×5×2), the nose being the mean of both lists'."""
    plain = {row["file"]: points_of(row) for row in read(folder / "plain.csv")}
    rows = [row for row in read(folder / "mesh.csv") if row["file"] in plain]
    mesh = np.array([points_of(row) for row in rows])
    mesh[:, NOSE] = (mesh[:, NOSE] + np.array([plain[row["file"]][NOSE] for row in rows])) / 2
    return rows, mesh


def frames(points: np.ndarray) -> np.ndarray:
    """N×2×2: rows are the directions right and down of each face, in pixels of its unit."""
    angle = roll(points)
    right = np.stack([np.cos(angle), np.sin(angle)], 1)
    down = np.stack([-np.sin(angle), np.cos(angle)], 1)
    return np.stack([right, down], 1) * units(points)[:, None, None]


def offset(mesh: np.ndarray, official: np.ndarray, turned: np.ndarray) -> np.ndarray:
    """5×2: how far the mesh's points lie from the official ones on average, in each face's frame, mirror-symmetric."""
    apart = np.linalg.norm(mesh - official, axis=-1).mean(1) / units(mesh)
    agree = (apart < 0.1) & ~turned
    axes = frames(mesh)[agree]
    found = np.einsum("nij,nkj->nki", axes, (mesh - official)[agree]) / (axes[:, :1] ** 2).sum(-1, keepdims=True)
    mean = found.mean(0)
    return (mean + mean[SWAP] * [-1, 1]) / 2


def merge(mesh: np.ndarray, official: np.ndarray, yaw: np.ndarray, passes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels (N×5×2), their teachers' distance (N) and the weight of each face (N; 0: left out)."""
    turned = np.abs(yaw) > TURNED
    shift = np.einsum("ki,nij->nkj", offset(mesh, official, turned), frames(mesh))
    moved = official + shift
    apart = np.linalg.norm(mesh - moved, axis=-1).mean(1) / units(mesh)
    share = SHARE[None, :, None]
    labels = (1 - share) * mesh + share * moved
    labels[:, 2] -= shift[:, 2] / 2
    weight = 1 + 2 * np.clip((np.abs(yaw) - 0.3) / 0.3, 0, 1)
    kept = (passes < np.where(turned, PASSES[1], PASSES[0])) & (apart < np.where(turned, APART[1], APART[0]))
    return labels, apart, np.where(kept, weight, 0)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.label", description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--official", type=Path, default=reference() / OFFICIAL, help="official FP32 .bin")
    parser.add_argument("--views", type=int, default=12)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    rows, mesh = read_meshes(options.folder)
    yaw, passes = (np.array([float(row[name]) for row in rows]) for name in ("yaw", "apart"))
    predict = predictor(container.load(options.official))
    rng = np.random.default_rng(3)
    official = np.empty_like(mesh)
    for start in range(0, len(rows), 2048):
        at = slice(start, start + 2048)
        photos = [cv2.imread(str(options.folder / row["file"])) for row in rows[at]]
        ratio = photos[0].shape[0] / SIDE
        images = np.stack([cv2.resize(photo, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for photo in photos])
        official[at] = taught_points([predict], images, mesh[at] / ratio, options.views, rng) * ratio
        print(f"official views: {min(start + 2048, len(rows))}/{len(rows)}", flush=True)
    labels, apart, weight = merge(mesh, official, yaw, passes)
    for part in ("train", "val"):
        chosen = [i for i, row in enumerate(rows) if row["file"].startswith(part) and weight[i] > 0]
        with (options.folder / f"{part}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["file", *(f"{axis}{i}" for i in range(5) for axis in "xy"), "yaw", "apart", "weight"])
            for i in chosen:
                writer.writerow([rows[i]["file"], *labels[i].ravel().round(2), yaw[i], round(apart[i], 3), round(weight[i], 2)])
        print(f"{part}: kept {len(chosen)}, turned {np.mean(np.abs(yaw[chosen]) > TURNED):.2f}")
        if part == "train":
            write_boxes(options.folder / "boxes.csv", [rows[i]["file"] for i in chosen[:: max(len(chosen) // 600, 1)]],
                        labels[chosen[:: max(len(chosen) // 600, 1)]])


def write_boxes(path: Path, files: list[str], points: np.ndarray) -> None:
    """Boxes of 1.8 to 3 times the points' extent, evenly over the faces."""
    boxes = [boxes_around(face[None], scale)[0] for face, scale in zip(points, np.resize(np.linspace(1.8, 3, 7), len(points)))]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "x", "y", "width", "height"])
        writer.writerows([name, *box.round(2)] for name, box in zip(files, boxes))


if __name__ == "__main__":
    main()
