"""Training crops: random views of faces, cheap enough for one CPU core (about 0.1 ms a face).

The geometry of a batch is drawn at once; each face is then warped from its file straight to 48×48 in one step, and the
photometric changes follow on the small crop, those of tone together as one table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from .container import SIDE
from .data import SWAP


@dataclass(frozen=True)
class Augmentation:
    rotation: float = 55.0
    """Half the faces turn uniformly by up to this many degrees, the others by N(0, 6°)."""
    any_turn: float = 0.08
    """Share of all faces that turn by any angle instead: a few of AFLW's are upside down, and so are users'."""
    level: bool = False
    """Measure turns from where the face is upright rather than from the picture."""
    scale: tuple[float, float] = (1.55, 3.9)
    """Box sides as multiples of the points' extent: half log-uniform here, half in the usual 1.85–2.6."""
    shift: float = 0.05
    """Standard deviation of the box's centre, in box sides."""
    aspect: float = 0.06
    """Standard deviation of the logarithm of the box's aspect."""
    clipped: float = 0.5
    """Share of boxes clipped to the image; the others see its border replicated."""
    photometric: float = 1.0
    """Factor on the probability of every photometric change."""
    occlusion: float = 0.2
    """Share of crops with a rectangle covered."""


def views(
    images: np.ndarray, points: np.ndarray, how: Augmentation, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Random crops (N×48×48×3 uint8) of N faces and their points as fractions of the crop (N×5×2 float32)."""
    matrices, targets = geometry(points, images.shape[2], images.shape[1], how, rng)
    crops = warp(images, matrices)
    for i in range(len(crops)):
        crops[i] = photometric(crops[i], how.photometric, rng)
        if rng.random() < how.occlusion:
            occlude(crops[i], crops[rng.integers(len(crops))], rng)
    return crops, targets


def warp(images: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """Crops N×48×48×3 of images, by the matrices from crop pixels to image pixels."""
    crops = np.empty((len(images), SIDE, SIDE, 3), np.uint8)
    for image, matrix, out in zip(images, matrices, crops):
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cv2.warpAffine(image, matrix, (SIDE, SIDE), dst=out, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return crops


def geometry(
    points: np.ndarray, width: int, height: int, how: Augmentation, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a box for each face: the matrices from crop pixels to image pixels, and the points in the crop."""
    n = len(points)
    centre = np.array([width, height], np.float64) / 2

    flipped = rng.random(n) < 0.5
    mirrored = points[:, SWAP] * [-1, 1] + [width, 0]
    points = np.where(flipped[:, None, None], mirrored, points)

    degrees = np.where(rng.random(n) < 0.5, rng.uniform(-how.rotation, how.rotation, n), rng.normal(0, 6, n))
    degrees = np.where(rng.random(n) < how.any_turn, rng.uniform(-180, 180, n), degrees)
    angle = np.radians(degrees) + (roll(points) if how.level else 0)
    cos, sin = np.cos(angle), np.sin(angle)
    to_image = np.stack([np.stack([cos, -sin], 1), np.stack([sin, cos], 1)], 1)  # from the turned frame
    turned = (points - centre) @ to_image + centre

    low, high = turned.min(1), turned.max(1)
    extent = (high - low).max(1)
    usual = np.exp(rng.uniform(math.log(1.85), math.log(2.6), n))
    wide = np.exp(rng.uniform(math.log(how.scale[0]), math.log(how.scale[1]), n))
    scale = np.where(rng.random(n) < 0.5, usual, wide)
    aspect = np.exp(np.clip(rng.normal(0, how.aspect, n), -0.17, 0.17))
    side = (scale * extent)[:, None]
    size = side * np.stack([aspect, 1 / aspect], 1)
    # A looser box is placed more loosely, too; none so far that points leave it.
    slack = how.shift * np.minimum(scale / 2.2, 1.4)
    shift = np.clip(rng.normal(0, 1, (n, 2)) * slack[:, None], -0.14, 0.14) - [0, 0.05]
    start = (low + high) / 2 + shift * side - size / 2
    stop = start + size
    clip = (rng.random(n) < how.clipped)[:, None]
    start = np.where(clip, np.maximum(start, 0), start)
    stop = np.where(clip, np.minimum(stop, [width, height]), stop)
    size = stop - start
    targets = ((turned - start[:, None]) / size[:, None]).astype(np.float32)

    linear = to_image * (size / SIDE)[:, None, :]
    offset = np.einsum("nij,nj->ni", to_image, start - centre) + centre
    linear[flipped, 0] *= -1
    offset[flipped, 0] = width - offset[flipped, 0]
    offset += linear.sum(2) * 0.5 - 0.5  # a pixel's centre lies half a pixel from its index, in both pictures
    return np.concatenate([linear, offset[:, :, None]], 2), targets


def roll(points: np.ndarray) -> np.ndarray:
    """The angle, in radians, by which faces are turned clockwise from upright."""
    right, down = (points[:, 3:].mean(1) - points[:, :2].mean(1)).T
    return np.arctan2(-right, down)


NOISE = np.random.default_rng(0).normal(0, 1, 1 << 20).astype(np.float32)
RAMP = np.linspace(-1, 1, SIDE, dtype=np.float32)
LEVELS = np.arange(256, dtype=np.float32)[:, None] / 255


def photometric(crop: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """What cameras, light and codecs do: resolution, motion, tone, colour, uneven light, noise, JPEG."""
    draw = rng.random(10) / max(share, 1e-9)
    if draw[0] < 0.2:
        side = int(rng.integers(14, 40))
        crop = cv2.resize(cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA), (SIDE, SIDE))
    if draw[1] < 0.12:
        crop = cv2.filter2D(crop, -1, motion_kernel(rng), borderType=cv2.BORDER_REPLICATE)
    if draw[2] < 0.12:
        crop = cv2.cvtColor(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    table = LEVELS
    if draw[3] < 0.3:
        table = table ** math.exp(rng.uniform(-0.7, 0.7))
    if draw[4] < 0.7:
        contrast = min(max(math.exp(rng.normal(0, 0.25)), 0.4), 1.8)
        table = (table - 0.45) * contrast + 0.45 + rng.normal(0, 0.1)
    if draw[5] < 0.4:
        table = table * np.exp(rng.normal(0, 0.12, 3)).astype(np.float32)
    if table is not LEVELS:
        table = np.clip(np.broadcast_to(table, (256, 3)) * 255 + 0.5, 0, 255).astype(np.uint8)
        crop = cv2.LUT(crop, np.ascontiguousarray(table)[:, None])
    if draw[6] < 0.15:
        light = 1 + rng.normal(0, 0.3) * RAMP[None, :] + rng.normal(0, 0.3) * RAMP[:, None]
        crop = to_bytes(crop * np.clip(light, 0.3, 1.8)[:, :, None])
    if draw[7] < 0.3:
        start = rng.integers(NOISE.size - crop.size)
        crop = to_bytes(crop + NOISE[start : start + crop.size].reshape(crop.shape) * rng.uniform(2, 14))
    if draw[8] < 0.15:
        _, code = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 85))])
        crop = cv2.imdecode(code, cv2.IMREAD_COLOR)
    return crop


def to_bytes(values: np.ndarray) -> np.ndarray:
    return np.clip(values + 0.5, 0, 255).astype(np.uint8)


def motion_kernel(rng: np.random.Generator) -> np.ndarray:
    length = int(rng.choice([3, 5]))
    kernel = np.zeros((length, length), np.float32)
    middle, angle = length // 2, rng.uniform(0, math.pi)
    reach = np.array([math.cos(angle), math.sin(angle)]) * middle
    start, stop = np.round(middle - reach).astype(int), np.round(middle + reach).astype(int)
    cv2.line(kernel, start.tolist(), stop.tolist(), 1.0)
    return kernel / kernel.sum()


def occlude(crop: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> None:
    """Cover a rectangle with one colour or with what another crop has there."""
    height, width = rng.integers(6, 20, 2)
    top, left = rng.integers(-3, SIDE - 3, 2)
    area = np.s_[max(top, 0) : top + height, max(left, 0) : left + width]
    crop[area] = other[area] if rng.random() < 0.4 else rng.integers(0, 256, 3)
