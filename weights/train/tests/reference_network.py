"""The network in NumPy float64, written from the model's description alone: the meaning that others are held to."""

from __future__ import annotations

import numpy as np

from weights.train.container import Weights


def prelu(x: np.ndarray, slope: float) -> np.ndarray:
    return np.where(x > 0, x, slope * x)


def convolve(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """3×3, padded by one, C×H×W."""
    _, height, width = x.shape
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    out = np.broadcast_to(bias[:, None, None], (len(weight), height, width)).copy()
    for dy in range(3):
        for dx in range(3):
            out += np.tensordot(weight[:, :, dy, dx], padded[:, dy : dy + height, dx : dx + width], 1)
    return out


def forward(weights: Weights, crop: np.ndarray) -> np.ndarray:
    """One 48×48×3 BGR crop of bytes → ten coordinates."""
    w = {name: value.astype(np.float64) for name, value in weights.items()}

    def affine(x: np.ndarray, name: str) -> np.ndarray:
        shape = (-1,) + (1,) * (x.ndim - 1)
        return x * w[f"{name}.scale"].reshape(shape) + w[f"{name}.shift"].reshape(shape)

    x = affine(crop.transpose(2, 0, 1).astype(np.float64), "input")
    for i in range(1, 6):
        x = prelu(convolve(x, w[f"conv{i}.weight"], w[f"conv{i}.bias"]), w[f"conv{i}.slope"][0])
        if i <= 3:
            channels, height, width = x.shape
            x = x.reshape(channels, height // 2, 2, width // 2, 2).max((2, 4))
        x = affine(x, f"conv{i}")
    x = (x * w["depthwise.weight"]).sum((1, 2)) + w["depthwise.bias"]
    x = affine(prelu(x, w["depthwise.slope"][0]), "depthwise")
    x = affine(prelu(w["fc1.weight"] @ x + w["fc1.bias"], w["fc1.slope"][0]), "fc1")
    x = prelu(w["fc2.weight"] @ x + w["fc2.bias"], w["fc2.slope"][0])
    return 1 / (1 + np.exp(-(w["fc3.weight"] @ x + w["fc3.bias"])))
