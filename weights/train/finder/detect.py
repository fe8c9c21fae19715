"""Photos → boxes, as the package does it: shrink, pad, run, decode, suppress. And the weights file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..container import read_tensors, write_safetensors
from .network import TAPS, Weights, cells, infer, shapes, to_input
from .photos import overlaps, shrink

SUPPRESSED = 0.45
"""Of two boxes that overlap more than this, the one with the lower score goes."""

CANDIDATES = 600


def load(path: str | Path) -> Weights:
    return read_tensors(path, shapes())[0]


def save(path: str | Path, weights: Mapping[str, np.ndarray], metadata: Mapping[str, str], dtype: str = "F16") -> None:
    write_safetensors(path, weights, {"format": "fivepoint-finder", **metadata}, dtype, shapes())


def decode(answers: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    """Cells' answers (…×16) at places (…×3: x, y, stride) as corners …×4 and points …×5×2, in pixels."""
    centre, stride = places[..., :2], places[..., 2:]
    middle = centre + answers[..., 1:3] * stride
    half = torch.exp(answers[..., 3:5].clamp(-4, 4)) * stride * 1.5
    points = centre[..., None, :] + answers[..., 5:15].unflatten(-1, (5, 2)) * stride[..., None] * 2
    return torch.cat([middle - half, middle + half], -1), points


def suppress(boxes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Indices of the boxes that stay, best first."""
    order = np.argsort(-scores, kind="stable")[:CANDIDATES]
    overlap = overlaps(boxes[order], boxes[order]) > SUPPRESSED
    alive = np.ones(len(order), bool)
    kept = []
    for i in range(len(order)):
        if alive[i]:
            kept.append(order[i])
            alive &= ~overlap[i]
    return np.array(kept, np.int64)


class Finder:
    def __init__(self, weights: Mapping[str, np.ndarray], threshold: float = 0.02) -> None:
        self._weights = {k: torch.from_numpy(np.asarray(v)) for k, v in weights.items()}
        self._threshold = threshold

    @torch.inference_mode()
    def __call__(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Corners N×4, scores N and points N×5×2 of the faces in an RGB image, best first; the image isn't shrunk."""
        height, width = image.shape[:2]
        padded = np.zeros((1, -(-height // 32) * 32, -(-width // 32) * 32, 3), np.uint8)
        padded[0, :height, :width] = image
        maps = infer(self._weights, to_input(padded))
        answers = torch.cat([maps[head][0].permute(1, 2, 0).flatten(0, 1) for head in TAPS.values()])
        scores = answers[:, 0].sigmoid()
        likely = scores >= self._threshold
        places = torch.from_numpy(cells(padded.shape[2], padded.shape[1]))[likely]
        boxes, points = (t.numpy() for t in decode(answers[likely], places))
        scores = scores[likely].numpy()
        kept = suppress(boxes, scores)
        boxes = np.clip(boxes[kept], 0, np.array([width, height] * 2))
        return boxes, scores[kept], points[kept]


def find(detector, image: np.ndarray, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Corners and scores by any detector, in the pixels of an image that is shrunk for it."""
    small, _ = shrink(image, longest)
    boxes, scores, _ = detector(small)
    scale = np.array(image.shape[1::-1]) / np.array(small.shape[1::-1])
    return boxes * np.tile(scale, 2), scores
