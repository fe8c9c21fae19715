from __future__ import annotations

import cv2
import numpy as np

from weights.train.augment import Augmentation, geometry, reaches_beyond, resized, roll, surround, views, wear_glasses, wear_mask
from weights.train.data import SWAP, Faces
from weights.train.photos import Photos, photos_of

PLAIN = Augmentation(photometric=0, occlusion=0, worn=0, clipped=1)
SCENES = np.zeros((1, 96, 96, 3), np.uint8)


def dotted_faces(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Grey images with a coloured blob at each point, so that a crop shows where the points went."""
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
    half = np.stack([cv2.resize(image, (40, 40), interpolation=cv2.INTER_AREA) for image in images])
    photos = Photos([images, half], points, np.ones(200))
    crops, targets = views(photos, np.arange(200), SCENES, PLAIN, rng)
    distances = []
    for crop, target in zip(crops, targets):
        # The nose is the one strongest red blob; OpenCV finds it to within a pixel of where the target says.
        red = cv2.GaussianBlur(crop[..., 2].astype(np.float32), (5, 5), 0)
        y, x = np.unravel_index(red.argmax(), red.shape)
        distances.append(np.hypot(*(target[2] * 48 - [x + 0.5, y + 0.5])))
    # A pixel of the halved photos is up to 1.3 of the crop's.
    assert np.mean(distances) < 0.8
    assert np.max(distances) < 2


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
    photos, some = photos_of(faces), np.arange(16)
    first, second = (views(photos, some, SCENES, Augmentation(), np.random.default_rng(9)) for _ in range(2))
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


def test_resized_matrices_see_the_same() -> None:
    matrix = np.array([[[2.0, 0, 3.5], [0, 2, 1.5]]])
    pixel_centre = np.array([10, 20, 1])
    full, half = (m[0] @ pixel_centre + 0.5 for m in (matrix, resized(matrix, np.array([0.5]))))
    np.testing.assert_allclose(half, full / 2)


def test_only_crops_that_end_outside_the_photo_reach_beyond() -> None:
    whole = np.array([[[2.0, 0, 0.5], [0, 2, 0.5]]])  # a 96-pixel photo, whole
    assert not reaches_beyond(whole, np.array([96]))[0]
    assert reaches_beyond(whole * 1.5, np.array([96]))[0]


def test_surroundings_leave_the_photo_alone() -> None:
    photo = np.full((96, 96, 3), 200, np.uint8)
    matrix = np.array([[4.0, 0, -46.5], [0, 4, -46.5]])  # the photo fills the middle half of the crop
    others = set()
    for seed in range(40):
        crop = np.zeros((48, 48, 3), np.uint8)
        surround(photo, matrix, crop, np.full_like(photo, 90), np.full_like(photo, 30), np.random.default_rng(seed))
        assert (abs(crop[20:28, 20:28].astype(int) - 200) <= 1).all()
        others.add(round(int(crop[0, 0, 0]), -1))
    assert others == {30, 90, 200}


def test_what_is_worn_covers_its_points() -> None:
    face = np.array([[0.35, 0.35], [0.65, 0.35], [0.5, 0.5], [0.38, 0.68], [0.62, 0.68]], np.float32)
    for wear, covered in ((wear_glasses, (0, 1)), (wear_mask, (2, 3, 4))):
        for seed in range(10):
            crop = np.full((48, 48, 3), (7, 130, 251), np.uint8)
            wear(crop, face, np.random.default_rng(seed))
            changed = (crop != (7, 130, 251)).any(2)
            assert [k for k in range(5) if changed[tuple((face[k, ::-1] * 48).astype(int))]] == list(covered)
