"""Photos with their labelled faces: one file of raw pixels that training maps into memory, beside an index of labels."""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

SURE = 0.55
"""YuNet's score from which its box is taken for a face."""


@dataclass
class Photo:
    source: str
    name: str
    image: np.ndarray
    """H×W×3 bytes, RGB."""
    boxes: np.ndarray
    """N×4 float32 corners x0, y0, x1, y1 of its faces, in pixels."""
    points: np.ndarray
    """N×5×2 float32 pixels: image-left and -right eye, nose, image-left and -right mouth corner; NaN where not known."""
    ignored: np.ndarray
    """M×4 float32 corners: regions that are neither face nor background to training."""


def no_points(count: int) -> np.ndarray:
    return np.full((count, 5, 2), np.nan, np.float32)


def held_out(name: str) -> bool:
    """Whether a photo of the training set is left for decisions: one in twelve, by its name."""
    return hashlib.sha256(name.encode()).digest()[0] % 12 == 0


def shrink(image: np.ndarray, longest: int) -> tuple[np.ndarray, float]:
    """The image with its longer side at most `longest`, averaged by area, and the scale; never enlarged."""
    height, width = image.shape[:2]
    scale = min(1.0, longest / max(height, width))
    if scale == 1:
        return image, scale
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), scale


def warp(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int], **border: object) -> np.ndarray:
    """The image through a 2×3 matrix from its coordinates to those of an output of width × height `size`.

    Both are measured from the corner, as boxes are; OpenCV's `warpAffine` counts from the first pixel's centre. What
    shrinks by more than half is averaged by area first.
    """
    zoom = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    linear, offset = matrix[:, :2], matrix[:, 2]
    if zoom < 0.5:
        before = np.array(image.shape[1::-1])
        smaller = np.maximum(1, np.round(2 * zoom * before).astype(int))
        image = cv2.resize(image, smaller.tolist(), interpolation=cv2.INTER_AREA)
        linear = linear * (before / smaller)
    offset = offset + linear.sum(1) / 2 - 0.5
    return cv2.warpAffine(image, np.c_[linear, offset], size, flags=cv2.INTER_LINEAR, **border)


def read_boxes(path: Path) -> dict[str, np.ndarray]:
    """File → N×4 boxes x, y, width, height (and whatever numeric columns follow) of a CSV."""
    rows: dict[str, list[list[float]]] = defaultdict(list)
    with path.open(newline="") as file:
        reader = csv.reader(file)
        next(reader)
        for name, *values in reader:
            rows[name].append([float(value) for value in values])
    return {name: np.array(values, np.float32) for name, values in rows.items()}


def corners(boxes: np.ndarray) -> np.ndarray:
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:4]], 1)


def covered(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Which share of each of corners a (N×4) lies within each of b (M×4): N×M."""
    sides = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    return np.maximum(sides, 0).prod(2) / np.maximum((a[:, 2:] - a[:, :2]).prod(1)[:, None], 1e-6)


def overlaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of corners a (N×4) and b (M×4): N×M."""
    sides = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    shared = np.maximum(sides, 0).prod(2)
    areas = [(x[:, 2:] - x[:, :2]).prod(1) for x in (a, b)]
    return shared / np.maximum(areas[0][:, None] + areas[1][None] - shared, 1e-6)


def write(folder: Path, photos: Iterable[Photo]) -> int:
    """Store photos as `pixels.bin` and `index.npz`, once all are there; how many there were."""
    folder.mkdir(parents=True, exist_ok=True)
    columns: dict[str, list] = defaultdict(list)
    pixels, index = folder / "pixels.partial", folder / "index.partial.npz"
    with pixels.open("wb") as file:
        for photo in photos:
            columns["offset"].append(file.tell())
            file.write(np.ascontiguousarray(photo.image).data)
            columns["shape"].append(photo.image.shape[:2])
            for key in ("source", "name"):
                columns[key].append(getattr(photo, key))
            for key in ("boxes", "ignored"):
                columns[f"{key}_count"].append(len(getattr(photo, key)))
                columns[key].append(getattr(photo, key).reshape(-1, 4))
            columns["points"].append(photo.points.reshape(-1, 5, 2))
    for key in ("boxes", "ignored", "points"):
        columns[key] = np.concatenate(columns[key]).astype(np.float32)
    np.savez(index, **columns)
    pixels.replace(folder / "pixels.bin")
    index.replace(folder / "index.npz")
    return len(columns["offset"])


class Store:
    """A written folder of photos; pixels are read when a photo is asked for."""

    def __init__(self, folder: Path) -> None:
        index = np.load(folder / "index.npz")
        self.sources, self.names = index["source"], index["name"]
        self._pixels = np.memmap(folder / "pixels.bin", np.uint8, "r")
        self._offsets, self._shapes = index["offset"], index["shape"]
        self._boxes, self._points, self._ignored = index["boxes"], index["points"], index["ignored"]
        self.faces = index["boxes_count"]
        self._first = np.concatenate([[0], np.cumsum(self.faces)])
        self._first_ignored = np.concatenate([[0], np.cumsum(index["ignored_count"])])

    def __len__(self) -> int:
        return len(self.sources)

    def __iter__(self) -> Iterator[Photo]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, i: int) -> Photo:
        height, width = self._shapes[i]
        start = self._offsets[i]
        faces = slice(self._first[i], self._first[i + 1])
        regions = slice(self._first_ignored[i], self._first_ignored[i + 1])
        return Photo(
            str(self.sources[i]),
            str(self.names[i]),
            self._pixels[start : start + height * width * 3].reshape(height, width, 3),
            self._boxes[faces],
            self._points[faces],
            self._ignored[regions],
        )
