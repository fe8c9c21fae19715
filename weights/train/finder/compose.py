"""Heads from portraits put into scenes: training photos of people made from photos without any."""

from __future__ import annotations

import cv2
import numpy as np

from ..data import SWAP
from .photos import Photo, warp

HEAD = np.array([0.5, 0.44, 0.78, 0.72])
"""Middle and half axes of the ellipse that is cut out, as shares of its box: hair, ears, chin, little background."""


def paste(
    canvas: np.ndarray, photo: Photo, size: float, centre: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Put a photo's largest face into the canvas, √(w·h) = `size` pixels; its box 4, points 5×2, and whether it counts.

    The head is cut out by a soft ellipse, or now and then with its photo's square around it, so that no one kind of
    edge gives it away; may be mirrored, rotated and lit as the place is. It counts where more than half of it is visible.
    """
    side = canvas.shape[0]
    sizes = (photo.boxes[:, 2:] - photo.boxes[:, :2]).prod(1)
    box, points = photo.boxes[sizes.argmax()], photo.points[sizes.argmax()]
    extent = box[2:] - box[:2]
    zoom = size / np.sqrt(extent.prod())
    angle = np.deg2rad(np.clip(rng.normal() * 15, -60, 60))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * (mirror, 1.0)
    middle = (box[:2] + box[2:]) / 2
    matrix = np.c_[turn, centre - turn @ middle]  # photo → canvas

    height, width = photo.image.shape[:2]
    mask = np.zeros((height, width), np.float32)
    if rng.random() < 0.8:
        at = box[:2] + HEAD[:2] * extent
        axes = HEAD[2:] * extent * rng.uniform(0.9, 1.3)
        cv2.ellipse(mask, (tuple(map(float, at)), tuple(map(float, 2 * axes)), 0.0), 1.0, -1)
        mask = cv2.GaussianBlur(mask, (0, 0), float(extent.mean() * rng.uniform(0.02, 0.08)))
        mask[[0, -1]] = mask[:, [0, -1]] = 0
    else:
        mask[:] = 1
    head = warp(photo.image, matrix, (side, side)).astype(np.float32)
    cover = warp(mask, matrix, (side, side))[:, :, None]
    if rng.random() < 0.5:  # half way to the brightness of what it covers
        weight = cover.sum() * 3 + 1e-6
        head += 0.5 * ((canvas * cover).sum() - (head * cover).sum()) / weight
    canvas[:] = np.clip(canvas * (1 - cover) + head * cover, 0, 255).astype(np.uint8)

    placed = np.concatenate([centre - extent * zoom / 2, centre + extent * zoom / 2])
    clipped = np.clip(placed, 0, side)
    points = points @ matrix[:, :2].T + matrix[:, 2]
    counts = bool((clipped[2:] - clipped[:2]).prod() > 0.55 * size**2)
    return clipped.astype(np.float32), (points[SWAP] if mirror < 0 else points).astype(np.float32), counts
