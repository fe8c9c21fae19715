from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from weights.train.finder.photos import Photo, Store, no_points, write


def drawn_photo(rng: np.random.Generator, name: str) -> Photo:
    """Noise with bright squares for faces, whose five points are known."""
    image = rng.integers(0, 60, (240, 320, 3), np.uint8)
    boxes, points = [], []
    for left in (20, 120, 220):
        side = int(rng.integers(24, 80))
        top = int(rng.integers(0, 240 - side))
        image[top : top + side, left : left + side] = (200, 150, 120)
        boxes.append([left, top, left + side, top + side])
        points.append(np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]]) * side + (left, top))
    return Photo(
        "drawn", name, image, np.array(boxes, np.float32), np.array(points, np.float32), np.zeros((0, 4), np.float32)
    )


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Eight drawn photos, one of which has an ignored region and no face."""
    rng = np.random.default_rng(3)
    photos = [drawn_photo(rng, f"{i}.png") for i in range(7)]
    empty = Photo(
        "drawn",
        "empty.png",
        rng.integers(0, 60, (90, 130, 3), np.uint8),
        np.zeros((0, 4), np.float32),
        no_points(0),
        np.array([[10, 10, 40, 50]], np.float32),
    )
    folder: Path = tmp_path_factory.mktemp("photos")
    assert write(folder, [*photos, empty]) == 8
    return Store(folder)
