"""Training crops: random views of faces, cheap enough for one CPU core (about 0.2 ms a face).

The geometry of a batch is drawn at once; each face is then warped from one of its photo's sizes straight to 48×48 in one
step. What lies beyond the photo is made up, what people wear is drawn on, and the photometric changes follow on the small
crop, those of tone together as one table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from .container import SIDE
from .data import SWAP
from .photos import Photos


@dataclass(frozen=True)
class Augmentation:
    rotation: float = 50.0
    """Half the faces turn uniformly by up to this many degrees, the others by N(0, 6°)."""
    any_turn: float = 0.02
    """Share of all faces that turn by any angle instead: a few of users' are upside down."""
    level: bool = False
    """Measure turns from where the face is upright rather than from the image."""
    scale: tuple[float, float] = (1.6, 3.7)
    """Box sides as multiples of the points' extent: half log-uniform here, half in the usual 1.85–2.6."""
    shift: float = 0.05
    """Standard deviation of the box's centre, in box sides."""
    aspect: float = 0.06
    """Standard deviation of the logarithm of the box's aspect."""
    clipped: float = 0.35
    """Share of boxes clipped to the photo; the others see beyond its border (`surround`)."""
    photometric: float = 1.0
    """Factor on the probability of every photometric change."""
    occlusion: float = 0.2
    """Share of crops with a rectangle covered."""
    worn: float = 0.06
    """Share of faces with dark glasses drawn on, and of those with a mask."""


def views(
    photos: Photos, chosen: np.ndarray, scenes: np.ndarray, how: Augmentation, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Random crops (N×48×48×3 uint8) of the chosen faces and their points as fractions of the crop (N×5×2 float32)."""
    sizes = np.array([level.shape[1] for level in photos.levels])
    matrices, targets = geometry(photos.points[chosen], sizes[0], sizes[0], how, rng)
    levels = rng.integers(len(sizes), size=len(chosen))
    sides = sizes[levels]
    matrices = resized(matrices, sides / sizes[0])
    beyond = reaches_beyond(matrices, sides)
    crops = np.empty((len(chosen), SIDE, SIDE, 3), np.uint8)
    for i, (level, matrix, crop) in enumerate(zip(levels, matrices, crops)):
        image = photos.levels[level][chosen[i]]
        if beyond[i]:
            neighbour = photos.levels[-1][chosen[rng.integers(len(chosen))]]
            surround(image, matrix, crop, neighbour, scenes[rng.integers(len(scenes))], rng)
        else:
            cv2.warpAffine(image, matrix, (SIDE, SIDE), dst=crop, flags=WARP, borderMode=cv2.BORDER_REPLICATE)
        if rng.random() < how.worn:
            wear_glasses(crop, targets[i], rng)
        if rng.random() < how.worn:
            wear_mask(crop, targets[i], rng)
    for i in range(len(crops)):
        crops[i] = photometric(crops[i], how.photometric, rng)
        if rng.random() < how.occlusion:
            occlude(crops[i], crops[rng.integers(len(crops))], rng)
    return crops, targets


WARP = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


def warp(images: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """Crops N×48×48×3 of images, by the matrices from crop pixels to image pixels; borders are replicated."""
    crops = np.empty((len(images), SIDE, SIDE, 3), np.uint8)
    for image, matrix, out in zip(images, matrices, crops):
        cv2.warpAffine(image, matrix, (SIDE, SIDE), dst=out, flags=WARP, borderMode=cv2.BORDER_REPLICATE)
    return crops


def resized(matrices: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """The matrices to pixels of the same images resized by `ratio`, N."""
    matrices = matrices * ratio[:, None, None]
    matrices[:, :, 2] += ((ratio - 1) / 2)[:, None]  # a pixel's centre lies half a pixel from its index, at either size
    return matrices


def reaches_beyond(matrices: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """Whether a crop sees more than a tenth of its side beyond its square image."""
    corners = np.array([[0, 0, 1], [SIDE, 0, 1], [0, SIDE, 1], [SIDE, SIDE, 1]]) - [0.5, 0.5, 0]
    at = np.einsum("nij,kj->nki", matrices, corners) / sides[:, None, None]
    margin = 0.1 * np.sqrt(np.abs(np.linalg.det(matrices[:, :, :2]))) * SIDE / sides
    return (np.maximum(-at, at - 1).max((1, 2))) > margin


def surround(
    image: np.ndarray, matrix: np.ndarray, out: np.ndarray, neighbour: np.ndarray, scene: np.ndarray, rng: np.random.Generator
) -> None:
    """Warp a photo that ends within the crop: its border replicated or reflected, or another face's photo or a scene behind it.

    Nothing else shows the network the wide surroundings of a face whose photo is only 2.5 times the points' extent wide.
    """
    draw = rng.random()
    border = cv2.BORDER_REPLICATE if draw < 0.35 else cv2.BORDER_REFLECT_101
    cv2.warpAffine(image, matrix, (SIDE, SIDE), dst=out, flags=WARP, borderMode=border)
    if draw < 0.6:
        return
    behind = neighbour if draw < 0.8 else scene
    height = behind.shape[0]
    scale = height / SIDE * math.exp(rng.uniform(-0.9, 0.2))
    place = np.array([[scale, 0, 0], [0, scale, 0]])
    place[:, 2] = rng.uniform(0, 1, 2) * (height - scale * SIDE)
    behind = cv2.warpAffine(behind, place, (SIDE, SIDE), flags=WARP, borderMode=cv2.BORDER_REFLECT_101)
    side = image.shape[0]
    edge = cv2.warpAffine(np.full((side, side), 255, np.uint8), matrix, (SIDE, SIDE), flags=WARP)
    if 0.7 < draw < 0.9:  # a soft seam
        width = int(rng.choice([5, 9, 13]))
        edge = cv2.blur(edge, (width, width), borderType=cv2.BORDER_REPLICATE)
        edge = np.where(edge > 127, (edge.astype(np.int32) - 127) * 2 - 1, 0)
    share = (edge / np.float32(255))[:, :, None]
    out[:] = out * share + behind * (1 - share) + 0.5


def wear_glasses(crop: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> None:
    """Draw dark glasses over the eyes."""
    eyes = points[:2] * SIDE - 0.5
    along = eyes[1] - eyes[0]
    span = float(np.hypot(*along))
    turn = math.degrees(math.atan2(along[1], along[0]))
    axes = (span * rng.uniform(0.28, 0.45), span * rng.uniform(0.2, 0.36))
    colour = rng.uniform(0, 70) + rng.uniform(0, 25, 3)
    drawn = crop.copy()
    for eye in eyes:
        cv2.ellipse(drawn, (tuple(map(float, eye)), (2 * axes[0], 2 * axes[1]), turn), colour.tolist(), -1, cv2.LINE_AA)
    first, second = (tuple(int(v) for v in eye.round()) for eye in eyes)
    cv2.line(drawn, first, second, colour.tolist(), 1, cv2.LINE_AA)
    share = rng.uniform(0.75, 1)
    crop[:] = cv2.addWeighted(drawn, share, crop, 1 - share, 0)


def wear_mask(crop: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> None:
    """Draw a cloth over nose and mouth."""
    eyes, nose, mouth = points[:2].mean(0), points[2], points[3:].mean(0)
    down = mouth - eyes
    across = np.maximum(np.hypot(*(points[1] - points[0])), 0.6 * np.hypot(*down)) * np.array([down[1], -down[0]]) / np.hypot(*down)
    top = nose - down * rng.uniform(0.1, 0.35)
    middle, bottom = mouth + down * 0.2, mouth + down * rng.uniform(0.5, 0.75)
    wide = rng.uniform(0.8, 1.0)
    outline = [top - 0.3 * across, top + 0.3 * across, middle - down * 0.5 + wide * across, middle + wide * across,
               bottom + 0.4 * across, bottom - 0.4 * across, middle - wide * across, middle - down * 0.5 - wide * across]
    colour = rng.uniform(20, 255) * np.exp(rng.normal(0, 0.15, 3))
    if rng.random() < 0.4:
        colour = np.array([215, 195, 150]) * rng.uniform(0.7, 1.1)  # surgical blue
    cv2.fillPoly(crop, [np.round(np.array(outline) * SIDE * 16).astype(np.int32)], np.clip(colour, 0, 255).tolist(), cv2.LINE_AA, 4)


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
    # A looser box is placed more loosely, too; by the usual 0.05 none so far that points leave it.
    slack = how.shift * np.minimum(scale / 2.2, 1.4)
    shift = np.clip(rng.normal(0, 1, (n, 2)) * slack[:, None], -2.8 * how.shift, 2.8 * how.shift) - [0, 0.05]
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
    offset += linear.sum(2) * 0.5 - 0.5  # a pixel's centre lies half a pixel from its index, in both images
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
    if draw[1] < 0.15:
        crop = cv2.filter2D(crop, -1, motion_kernel(rng), borderType=cv2.BORDER_REPLICATE)
    if draw[2] < 0.12:
        crop = cv2.cvtColor(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    table = LEVELS
    if draw[9] < 0.06:  # low light
        table = table * rng.uniform(0.2, 0.5)
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
    length = int(rng.choice([3, 5, 7]))
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
