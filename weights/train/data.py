"""Faces as arrays: images, points, boxes; the registration of each source's labels; boxes and crops by the zoo's rule."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from .container import SIDE

SWAP = [1, 0, 2, 4, 3]
"""The order of the points in a mirrored image."""

SOURCES = ("lfw", "net", "aflw")

REGISTRATION = {"lfw": (-0.30, 0.0), "net": (-0.20, 0.0), "aflw": (1.067, 1.067)}
"""How far each source's labels lie from flip-symmetric ones, in pixels of the 80-pixel files.

The three sources mark the same points in the same order, yet not in the same place: AFLW's labels lie about 1.1 pixels
right of and below where a predictor that treats left and right alike finds them. Nothing in a picture tells a network
its source, so the recipe trains on labels less this offset (canonical labels).
"""


def reference() -> Path:
    """The folder of reference data: `FIVEPOINT_REFERENCE`, or `../shared` beside the repository."""
    return Path(os.environ.get("FIVEPOINT_REFERENCE", Path(__file__).parents[2].parent / "shared"))


@dataclass
class Faces:
    images: np.ndarray | list[np.ndarray]
    """N×H×W×3 uint8, BGR; a list where sizes differ."""
    points: np.ndarray
    """N×5×2 float64, pixels: image-left eye, image-right eye, nose, image-left and image-right mouth corner."""
    boxes: np.ndarray
    """N×4 float64: x, y, width, height; a corner on a pixel boundary must not round away from it."""
    sources: np.ndarray
    """N names, of `SOURCES` or others."""

    def __len__(self) -> int:
        return len(self.images)

    def offsets(self) -> np.ndarray:
        """N×2: the registration of each face's labels."""
        return np.array([REGISTRATION.get(source, (0.0, 0.0)) for source in self.sources], np.float32)

    def take(self, which: np.ndarray) -> Faces:
        return Faces(self.images[which], self.points[which], self.boxes[which], self.sources[which])


def points_of(row: Mapping[str, str]) -> np.ndarray:
    """The five points of a list's row, 5×2, from its columns x0, y0, …, x4, y4."""
    return np.array([[float(row[f"x{i}"]), float(row[f"y{i}"])] for i in range(5)])


def eye_share(points: np.ndarray) -> np.ndarray:
    """How far apart the eyes of N×5×2 faces are, as a share of the points' larger extent: 0.9 from the front, less as the head turns."""
    return np.linalg.norm(points[:, 0] - points[:, 1], axis=-1) / (points.max(1) - points.min(1)).max(1)


def read_faces(path: str | Path) -> Faces:
    """Read a CSV of `file,source,box_x,box_y,box_w,box_h,x0,y0,…,x4,y4`; the files, all of one size, lie beside it."""
    path = Path(path)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    images = []
    for row in rows:
        image = cv2.imread(str(path.parent / row["file"]))
        if image is None:
            raise FileNotFoundError(f"{path.parent / row['file']} is not a readable image")
        images.append(image)
    points = [points_of(row) for row in rows]
    boxes = [[float(row[key]) for key in ("box_x", "box_y", "box_w", "box_h")] for row in rows]
    return Faces(
        np.stack(images),
        np.array(points, np.float64),
        np.array(boxes, np.float64),
        np.array([row["source"] for row in rows]),
    )


def crop(faces: Faces, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Crop as the zoo's demos do: corners truncated to integers, clipped to the image, stretched to 48×48.

    Returns N×48×48×3 uint8 crops and the N×4 clipped integer boxes.
    """
    crops = np.empty((len(faces), SIDE, SIDE, 3), np.uint8)
    clipped = np.empty((len(faces), 4), np.int64)
    for i, (image, (x, y, w, h)) in enumerate(zip(faces.images, boxes.astype(float))):
        height, width = image.shape[:2]
        left, top = max(math.trunc(x), 0), max(math.trunc(y), 0)
        right, bottom = min(math.trunc(x + w), width), min(math.trunc(y + h), height)
        cv2.resize(image[top:bottom, left:right], (SIDE, SIDE), dst=crops[i], interpolation=cv2.INTER_LINEAR)
        clipped[i] = left, top, right - left, bottom - top
    return crops, clipped


def relative(points: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """N×5×2 pixels as fractions of N×4 boxes."""
    return (points - boxes[:, None, :2]) / boxes[:, None, 2:]
