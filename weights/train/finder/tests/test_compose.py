from __future__ import annotations

import numpy as np
import pytest

from weights.train.finder.compose import paste
from weights.train.finder.photos import Store
from weights.train.finder.views import Augmentation, Views


@pytest.mark.parametrize("seed", range(6))
def test_a_pasted_face_lies_where_its_box_and_points_say(store: Store, seed: int) -> None:
    rng = np.random.default_rng(seed)
    canvas = np.zeros((200, 200, 3), np.uint8)
    box, points, counts = paste(canvas, store[0], 60.0, np.array([90.0, 110.0]), rng)
    assert counts
    np.testing.assert_allclose([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2], [90, 110], atol=1e-3)
    assert np.sqrt((box[2:] - box[:2]).prod()) == pytest.approx(60, rel=1e-4)
    assert all(canvas[int(y), int(x), 0] > 60 for x, y in points), "a point is not on the face"
    assert canvas[:, :, 0].max() > 60 and not canvas[:10, -10:].any()
    # The eyes are above the mouth, the image-left eye left of the other: rotations stay under a right angle.
    assert points[0, 0] < points[1, 0] and points[:2, 1].mean() < points[3:, 1].mean()


def test_a_face_mostly_outside_the_view_does_not_count(store: Store) -> None:
    canvas = np.zeros((100, 100, 3), np.uint8)
    box, _, counts = paste(canvas, store[0], 60.0, np.array([2.0, 50.0]), np.random.default_rng(1))
    assert not counts and box[0] == 0


def test_what_a_head_hides_is_no_longer_asked_for(store: Store) -> None:
    how = Augmentation(composed=1, heads="drawn", mosaic=0, turned=0, covered=0, photometric=0, largest=0.9)
    views = Views(store, np.ones(len(store), bool), how)
    rng = np.random.default_rng(12)
    for _ in range(30):
        view = views.draw(128, rng)
        assert len(view.boxes) == len(view.points)
        # Of two faces that meet, neither hides much of the other.
        for i, (x0, y0, x1, y1) in enumerate(view.boxes):
            for u0, v0, u1, v1 in view.boxes[i + 1 :]:
                shared = max(0, min(x1, u1) - max(x0, u0)) * max(0, min(y1, v1) - max(y0, v0))
                assert shared / ((x1 - x0) * (y1 - y0)) <= 0.3 + 1e-3, "the later one hides the earlier"
