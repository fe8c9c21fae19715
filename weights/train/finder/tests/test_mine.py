from __future__ import annotations

import numpy as np
import pytest

from weights.train.finder.mine import MARGIN, PATCH, false_alarms, patch


def test_a_false_alarm_touches_no_face() -> None:
    boxes = np.array([[0, 0, 10, 10], [100, 0, 120, 20], [48, 48, 53, 53]], np.float32)
    faces, ignored = np.array([[2, 0, 12, 10]], np.float32), np.array([[40, 40, 60, 60]], np.float32)
    assert false_alarms(boxes, faces, ignored).tolist() == [False, True, False]


def test_a_patch_is_the_square_that_is_read_and_more_around_it() -> None:
    """A ramp is read back: its value at the patch's middle and its slope tell where the patch lies and how large it is."""
    y, x = np.mgrid[:300, :400].astype(np.float32)
    image = np.dstack([x / 2, y / 2, np.full_like(x, 7)]).astype(np.uint8)
    box = np.array([100, 80, 180, 180], np.float32)
    found = patch(image, box).astype(np.float64)
    side = MARGIN * 1.08 * np.sqrt(80 * 100)
    assert found.shape == (PATCH, PATCH, 3)
    assert (found[:, :, 0] == 7).all()  # BGR
    across, down = found[:, :, 2].mean(0), found[:, :, 1].mean(1)
    # A pixel at x, whose centre is at x + 1/2, holds x / 2 rounded down: a quarter less on average.
    assert 2 * (across.mean() + 0.5) == pytest.approx(140, abs=0.3)
    assert 2 * (down.mean() + 0.5) == pytest.approx(130 + 0.045 * 100, abs=0.3)
    assert abs(2 * (across[-1] - across[0]) - side * (PATCH - 1) / PATCH) < 2
