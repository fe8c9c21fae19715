from __future__ import annotations

import cv2
import numpy as np

from weights.train.augment import Augmentation, geometry, roll, views
from weights.train.data import SWAP, Faces

PLAIN = Augmentation(photometric=0, occlusion=0)


def dotted_faces(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Grey pictures with a coloured blob at each point, so that a crop shows where the points went."""
    upright = np.array([[30, 32], [50, 32], [40, 42], [33, 52], [47, 52]])
    points = (upright + rng.normal(0, 1.5, (count, 5, 2))).astype(np.float32)
    images = np.full((count, 80, 80, 3), 128, np.uint8)
    y, x = np.mgrid[:80, :80] + 0.5
    for image, face in zip(images, points):
        for i, (px, py) in enumerate(face):
            blob = np.exp(-((x - px) ** 2 + (y - py) ** 2) / 4)
            image[..., i % 3] = np.clip(image[..., i % 3] + (127 if i < 3 else -128) * blob, 0, 255)
    return images, points


def test_points_stay_on_the_face() -> None:
    rng = np.random.default_rng(5)
    images, points = dotted_faces(200, rng)
    crops, targets = views(images, points, PLAIN, rng)
    distances = []
    for crop, target in zip(crops, targets):
        # The nose is the one strongest red blob; OpenCV finds it to within a pixel of where the target says.
        red = cv2.GaussianBlur(crop[..., 2].astype(np.float32), (5, 5), 0)
        y, x = np.unravel_index(red.argmax(), red.shape)
        distances.append(np.hypot(*(target[2] * 48 - [x + 0.5, y + 0.5])))
    assert np.mean(distances) < 0.6
    assert np.max(distances) < 1.6


def test_left_stays_left_in_mirror_images() -> None:
    rng = np.random.default_rng(6)
    _, points = dotted_faces(100, rng)
    matrices, targets = geometry(points, 80, 80, Augmentation(rotation=20, any_turn=0), rng)
    assert (np.linalg.det(matrices[:, :, :2]) < 0).any()
    assert (targets[:, 0, 0] < targets[:, 1, 0]).all()
    assert (targets[:, 3, 0] < targets[:, 4, 0]).all()


def test_matrix_and_targets_agree() -> None:
    rng = np.random.default_rng(7)
    _, points = dotted_faces(50, rng)
    matrices, targets = geometry(points, 80, 80, Augmentation(), rng)
    index = targets * 48 - 0.5
    found = np.einsum("nij,nkj->nki", matrices[:, :, :2], index) + matrices[:, None, :, 2] + 0.5
    mirrored = np.linalg.det(matrices[:, :, :2]) < 0
    found[mirrored] = found[mirrored][:, SWAP]
    np.testing.assert_allclose(found, points, atol=1e-3)


def test_views_follow_from_the_generator(faces: Faces) -> None:
    some = faces.take(np.arange(16))
    first, second = (views(some.images, some.points, Augmentation(), np.random.default_rng(9)) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


def test_level_views_are_upright() -> None:
    rng = np.random.default_rng(8)
    _, points = dotted_faces(100, rng)
    angle = rng.uniform(-np.pi, np.pi, 100)
    spin = np.stack([np.stack([np.cos(angle), np.sin(angle)], 1), np.stack([-np.sin(angle), np.cos(angle)], 1)], 1)
    spun = (points - 40) @ spin + 40
    _, targets = geometry(spun, 80, 80, Augmentation(rotation=0, any_turn=0, level=True, clipped=0), rng)
    assert np.degrees(np.abs(roll(targets))).max() < 30
