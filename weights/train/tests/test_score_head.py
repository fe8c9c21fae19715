from __future__ import annotations

import numpy as np
import pytest

from weights.train import container
from weights.train.container import HEAD, SHAPES
from weights.train.data import Faces
from weights.train.network import tensors
from weights.train.photos import photos_of
from weights.train.score_head import (
    Sample,
    activations,
    auc,
    calibrated,
    calibration_error,
    faces_sample,
    fit,
    logits,
    other_crops,
    others_sample,
    reliability,
    sigmoid,
)

from .conftest import ROOT
from .reference_network import forward

DEFAULT = ROOT / "weights/default.safetensors"


def drawn(count: int, seed: int) -> Sample:
    """Activations of which the first two decide, with the chance of a logistic model."""
    rng = np.random.default_rng(seed)
    h = rng.normal(0, 1, (count, 256))
    good = 3 * h[:, 0] - 2 * h[:, 1] + 1 + rng.logistic(size=count) > 0
    return Sample(h, np.where(good, 0.05, 0.2), np.full(count, "x"))


def test_fit_finds_what_decides() -> None:
    head = fit(drawn(20000, 1))
    weight = head["score.weight"][0]
    assert {name: value.shape for name, value in head.items()} == HEAD
    assert weight[0] / weight[1] == pytest.approx(-1.5, abs=0.1)
    assert np.abs(weight[2:]).max() < 0.1 * weight[0]


def test_calibration_gives_probabilities() -> None:
    seen, unseen = drawn(20000, 2), drawn(20000, 3)
    head = fit(seen)
    wrong = {"score.weight": 3 * head["score.weight"], "score.bias": head["score.bias"] - 4}
    before, after = (calibration_error(sigmoid(logits(h, unseen.h)), unseen.good) for h in (wrong, calibrated(wrong, seen)))
    assert before > 0.1
    assert after < 0.015


def test_calibration_error_is_that_of_its_bins() -> None:
    scores, good = np.array([0.05, 0.05, 0.95, 0.95]), np.array([False, True, True, True])
    assert reliability(scores, good) == [(2, pytest.approx(0.05), 0.5), (2, pytest.approx(0.95), 1.0)]
    assert calibration_error(scores, good) == pytest.approx((0.45 + 0.05) / 2)


def test_auc_counts_pairs() -> None:
    assert auc(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == 1
    assert auc(np.array([1.0, 3.0]), np.array([2.0, 3.0])) == pytest.approx((1 + 0 + 1 + 0.5) / 4)


def test_activations_are_what_fc2_reads(faces: Faces) -> None:
    weights = container.load(DEFAULT)
    crops = np.ascontiguousarray(faces.images[:3, 16:64, 16:64])
    h, points = activations(tensors(weights), crops)
    z = h @ weights["fc2.weight"].T + weights["fc2.bias"]
    z = np.where(z > 0, z, z * weights["fc2.slope"]) @ weights["fc3.weight"].T + weights["fc3.bias"]
    np.testing.assert_allclose(sigmoid(z), [forward(weights, crop) for crop in crops], atol=1e-5)
    np.testing.assert_allclose(points.reshape(3, 10), sigmoid(z), atol=1e-5)


def test_the_default_head_tells_faces_from_others(faces: Faces) -> None:
    weights = container.load(DEFAULT)
    frozen = tensors({name: weights[name] for name in SHAPES})
    head = {name: weights[name] for name in HEAD}
    rng = np.random.default_rng(6)
    photos, scenes = photos_of(faces), np.zeros((1, 96, 96, 3), np.uint8)
    found = faces_sample(frozen, photos, scenes, 600, rng)
    others = others_sample(frozen, {k: v for k, v in other_crops(photos, scenes, 480, rng).items() if k != "scene"})
    scores, rest = sigmoid(logits(head, found.h)), sigmoid(logits(head, others.h))
    assert auc(scores[~found.good], scores[found.good]) > 0.9
    assert auc(rest, scores[found.good]) > 0.99


def test_other_crops_follow_from_the_generator(faces: Faces) -> None:
    photos = photos_of(faces)
    alarms = faces.images[:4]
    first, second = (other_crops(photos, faces.images, 96, np.random.default_rng(2), alarms) for _ in range(2))
    assert len(first["false alarm"]) == 48
    for kind, crops in first.items():
        assert crops.shape[1:] == (48, 48, 3)
        np.testing.assert_array_equal(crops, second[kind])
