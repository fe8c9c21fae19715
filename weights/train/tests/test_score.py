from __future__ import annotations

import numpy as np
import pytest

from weights.train import container
from weights.train.data import Faces
from weights.train.evaluate import predictor
from weights.train.score import Sample, apply, features, logistic, mean_shape, similarity_residual

from .conftest import ROOT

FACE = np.array([[[0.3, 0.35], [0.7, 0.35], [0.5, 0.55], [0.35, 0.75], [0.65, 0.75]]])


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    a = np.radians(degrees)
    return points @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])


def test_residual_ignores_similarities_and_sees_reflections() -> None:
    template = mean_shape(FACE)
    assert similarity_residual(turned(3 * FACE + 0.2, 33), template) == pytest.approx(0, abs=1e-9)
    assert similarity_residual(FACE[:, [1, 0, 2, 3, 4]], template)[0] > 0.5
    assert similarity_residual(FACE * [-1, 1], template)[0] > 0.5


def test_features_of_a_straight_face_are_small() -> None:
    values = features(FACE, mean_shape(FACE))[0]
    np.testing.assert_allclose(values[[2, 3, 5]], 0, atol=1e-9)
    np.testing.assert_allclose(
        features(turned(FACE, 20), mean_shape(FACE))[0, [0, 2, 3, 5]], values[[0, 2, 3, 5]], atol=1e-9
    )


def test_logistic_finds_the_boundary() -> None:
    x = np.random.default_rng(1).normal(0, 1, (2000, 2))
    good = 2 * x[:, 0] - x[:, 1] + np.random.default_rng(2).logistic(size=2000) > 0.5
    constants = logistic(x, good, np.ones(2000))
    np.testing.assert_allclose(constants, [2, -1, -0.5], atol=0.25)
    assert ((apply(constants, x) > 0.5) == good).mean() > 0.75


def test_features_are_finite_and_described(faces: Faces) -> None:
    some = faces.take(np.arange(0, 900, 12))
    sample = Sample(predictor(container.load(ROOT / "weights/default.safetensors")), some)
    found = features(sample.points, mean_shape(some.points))
    assert np.isfinite(found).all()
    assert sample.describe(sample.cross_fitted(found)).startswith("  AUC")
