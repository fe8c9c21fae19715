"""Training faces: photos at several sizes, with five points and a weight each, from a list of labels.

A list is a CSV of `file,x0,y0,…,x4,y4,weight` (other columns are free) with points in pixels of the file; files lie beside it.
Reading a list packs its photos once, beside it, as one memory-mapped array for each size.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from .data import Faces, points_of

SIZES = (160, 96, 64)
"""Sides in pixels at which every photo is kept.

A FairFace photo is 224 pixels wide and its points span 90, so that a crop of 2.1 times their extent is read from 134, 81
or 54 pixels: at nearly three times the network's 48, where `INTER_LINEAR` aliases, and down to hardly any reduction.
"""


@dataclass
class Photos:
    levels: list[np.ndarray]
    """The photos at each size, largest first, N×side×side×3 uint8, BGR."""
    points: np.ndarray
    """N×5×2 float64, pixels of the largest size: image-left eye, image-right eye, nose, image-left and -right mouth corner."""
    weights: np.ndarray
    """N: how often to draw a face."""

    def __len__(self) -> int:
        return len(self.points)


def photos_of(faces: Faces) -> Photos:
    """Faces of one size as training photos, all of the same weight."""
    return Photos([np.asarray(faces.images)], faces.points, np.ones(len(faces)))


def read_photos(path: Path) -> Photos:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    first = cv2.imread(str(path.parent / rows[0]["file"]))
    if first is None:
        raise FileNotFoundError(f"{path.parent / rows[0]['file']} is not a readable image")
    points = np.array([points_of(row) for row in rows])
    packed = [path.with_name(f"{path.stem}-{size}.npy") for size in SIZES]
    if not all(file.exists() and file.stat().st_mtime > path.stat().st_mtime for file in packed):
        pack([path.parent / row["file"] for row in rows], packed)
    return Photos(
        [np.load(file, mmap_mode="r") for file in packed],
        points * (SIZES[0] / first.shape[0]),
        np.array([float(row["weight"]) for row in rows]),
    )


def pack(files: list[Path], packed: list[Path]) -> None:
    """Write the photos of one size each; a reader never sees half a file."""
    partial = [path.with_suffix(".partial") for path in packed]
    arrays = [
        np.lib.format.open_memmap(path, "w+", np.uint8, (len(files), size, size, 3)) for path, size in zip(partial, SIZES)
    ]
    for i, file in enumerate(files):
        image = cv2.imread(str(file))
        if image is None or image.shape[0] != image.shape[1]:
            raise FileNotFoundError(f"{file} is not a readable square image")
        for array in arrays:
            array[i] = cv2.resize(image, array.shape[1:3], interpolation=cv2.INTER_AREA)
    for array, before, after in zip(arrays, partial, packed):
        array.flush()
        before.replace(after)
