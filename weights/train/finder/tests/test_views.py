from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from weights.train.finder.network import cells
from weights.train.finder.photos import Store, covered, overlaps, warp
from weights.train.finder.views import BACKGROUND, IGNORED, Augmentation, View, Views, targets, turned_aside

PLAIN = Augmentation(mosaic=0, turned=0, covered=0, photometric=0)


def view_of(boxes: list[list[float]], ignored: list[list[float]] | None = None) -> View:
    return View(
        np.zeros((256, 256, 3), np.uint8),
        np.array(boxes, np.float32).reshape(-1, 4),
        np.zeros((len(boxes), 5, 2), np.float32),
        np.array(ignored or [], np.float32).reshape(-1, 4),
    )


@pytest.mark.parametrize("zoom", [0.17, 0.4, 0.7, 1.0, 2.3])
@pytest.mark.parametrize("degrees", [0, 30])
def test_what_is_warped_lies_where_the_matrix_says(zoom: float, degrees: float) -> None:
    y, x = np.mgrid[:301, :403] + 0.5
    spot = 250 * np.exp(-((x - 200) ** 2 + (y - 150) ** 2) / (2 * 12**2))
    image = np.dstack([spot] * 3).round().astype(np.uint8)
    cos, sin = zoom * np.cos(np.deg2rad(degrees)), zoom * np.sin(np.deg2rad(degrees))
    turn = np.array([[cos, -sin], [sin, cos]])
    centre = np.array([131.3, 127.8])
    found = warp(image, np.c_[turn, centre - turn @ (200, 150)], (256, 256))[:, :, 0].astype(float)
    y, x = np.mgrid[:256, :256] + 0.5
    middle = np.array([(found * x).sum(), (found * y).sum()]) / found.sum()
    np.testing.assert_allclose(middle, centre, atol=0.05)
    assert found.sum() == pytest.approx(spot.sum() * zoom**2, rel=0.01)


@pytest.mark.parametrize("mosaic", [0.0, 1.0])
def test_boxes_and_points_lie_on_the_faces_that_are_drawn(store: Store, mosaic: float) -> None:
    how = Augmentation(mosaic=mosaic, turned=0, covered=0, photometric=0)
    views = Views(store, np.ones(len(store), bool), how)
    rng = np.random.default_rng(5)
    faces = 0
    for _ in range(40):
        view = views.draw(256, rng)
        for box, points in zip(view.boxes, view.points):
            if min(box[2:] - box[:2]) < 12:
                continue
            x, y = ((box[:2] + box[2:]) / 2).astype(int)
            assert view.image[y, x, 0] > 150, "the middle of a box is not on the face"
            inside = points[((points > 2) & (points < 254)).all(1)]
            bright = [view.image[int(v), int(u), 0] > 120 for u, v in inside if box[0] < u < box[2] and box[1] < v < box[3]]
            assert all(bright)
            whole = (box > 1).all() and (box < 255).all()
            if whole and not mosaic:
                assert points[0, 0] < points[1, 0] and points[0, 1] < points[3, 1]
                np.testing.assert_allclose(points[:, 0].mean(), (box[0] + box[2]) / 2, atol=2)
            faces += 1
    assert faces > 40


def test_small_faces_and_regions_without_labels_are_ignored(store: Store) -> None:
    views = Views(store, np.ones(len(store), bool), Augmentation(smallest=40, mosaic=0.5, covered=0))
    rng = np.random.default_rng(6)
    drawn = [views.draw(256, rng) for _ in range(60)]
    kept = np.concatenate([view.boxes for view in drawn])
    assert len(kept) and sum(len(view.ignored) for view in drawn)
    # What is left of a clipped face is more than half of 40 × 40.
    assert (kept[:, 2:] - kept[:, :2]).prod(1).min() >= 0.55 * 40**2 * 0.99


def test_the_same_generator_draws_the_same_views(store: Store) -> None:
    views = Views(store, np.ones(len(store), bool), Augmentation(covered=1))
    first, second = (views.draw(128, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.boxes, second.boxes)


def test_turned_heads_are_those_with_eyes_close_together() -> None:
    front = [[0, 0], [10, 0], [5, 6], [1, 11], [9, 11]]
    profile = [[0, 0], [4, 0], [-3, 6], [0, 11], [3, 11]]
    points = np.array([front, profile, np.full((5, 2), np.nan)])
    assert turned_aside(points).tolist() == [False, True, False]


def test_turned_heads_are_shown(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    index = 3
    box = store[index].boxes[0]
    points = store._points.copy()
    profile = np.array([[0.4, 0.3], [0.5, 0.3], [0.3, 0.5], [0.4, 0.7], [0.45, 0.7]])
    points[store._first[index]] = profile * (box[2:] - box[:2]) + box[:2]
    monkeypatch.setattr(store, "_points", points)
    views = Views(store, np.ones(len(store), bool), replace(PLAIN, profiles=1))
    assert views.profiles.tolist() == [[index, *box]]
    rng = np.random.default_rng(8)
    for _ in range(10):
        view = views.draw(256, rng)
        assert turned_aside(view.points).any() or len(view.ignored)


def test_false_alarms_are_shown(store: Store) -> None:
    alarms = np.array([[7, 60, 30, 90, 60]], np.float32)  # in the photo without faces
    views = Views(store, np.arange(len(store)) < 7, Augmentation(alarms=1, mosaic=0), alarms)
    assert all(len(views.draw(128, np.random.default_rng(i)).boxes) == 0 for i in range(10))


@pytest.mark.parametrize(("size", "level"), [(20, 0), (40, 0), (40, 1), (70, 1), (90, 1), (90, 2), (200, 2)])
def test_a_face_is_asked_of_the_cells_at_its_middle(size: float, level: int) -> None:
    view = view_of([[128 - size / 2, 128 - size / 2, 128 + size / 2, 128 + size / 2]])
    asked = cells(256, 256)[targets(view) == 0]
    stride = (8, 16, 32)[level]
    near = asked[asked[:, 2] == stride]
    assert 1 <= len(near) <= 16
    assert np.abs(near[:, :2] - 128).max() <= 1.6 * stride
    assert set(asked[:, 2]) <= {8, 16, 32}


def test_every_face_that_counts_is_asked_of_some_cell() -> None:
    rng = np.random.default_rng(8)
    for _ in range(200):
        size = np.exp(rng.uniform(np.log(9), np.log(230)))
        corner = rng.uniform(0, 256 - size, 2)
        assert (targets(view_of([[*corner, *(corner + size)]])) == 0).any()


def test_ignored_regions_are_neither_face_nor_background() -> None:
    view = view_of([[20, 20, 50, 50]], [[100, 100, 160, 160], [201, 201, 203, 203]])
    kinds, places = targets(view), cells(256, 256)
    inside = ((places[:, :2] > 100) & (places[:, :2] < 160)).all(1)
    assert (kinds[inside] == IGNORED).all()
    outside = ((places[:, :2] < 92) | (places[:, :2] > 210)).any(1)
    assert set(kinds[outside]) == {BACKGROUND, IGNORED, 0}
    assert (kinds[(places == (204, 204, 8)).all(1)] == IGNORED).all()


def test_overlap_by_hand() -> None:
    a = np.array([[0, 0, 10, 10]], np.float32)
    np.testing.assert_allclose(covered(a, np.array([[5, 0, 50, 100], [-5, -5, 50, 50], [10, 0, 20, 10]])), [[0.5, 1, 0]])
    np.testing.assert_allclose(overlaps(a, np.array([[5, 0, 15, 10], [20, 0, 30, 10], [0, 0, 10, 10]])), [[1 / 3, 0, 1]])
