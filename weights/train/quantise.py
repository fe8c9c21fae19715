"""Int8: the exact rescaling that lets it work, and a simulation of what it loses.

`python -m weights.train.quantise a.safetensors …` prints the loss on a labelled set.

Weights: symmetric, −127..127, a step for each output channel. Activations: asymmetric, 0..255 with a zero point, a range
for each tensor that a layer reads, calibrated on training crops: the range leaves out 3e-5 of the values at either end
and always holds zero. Biases, slopes, scales and shifts stay in float. The package's kernels lose less from conv5 on, where
they keep 15 bits: `fivepoint eval --precision f32,int8` measures them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from . import container
from .augment import Augmentation, views
from .container import Weights, rounded
from .data import read_faces, reference
from .evaluate import Evaluation, Predictor, predictor
from .network import infer, tensors, to_tensor
from .photos import Photos, read_photos

TAIL = 3e-5
"""Share of an activation's values beyond either end of its calibrated range."""

Ranges = dict[str, tuple[float, float]]


def ste_round(x: Tensor) -> Tensor:
    """Round; let gradients pass as if it hadn't."""
    return x + (x.round() - x).detach()


def quantised_weight(weight: Tensor) -> Tensor:
    """The weights that int8 stands for, a step for each output channel."""
    step = weight.detach().flatten(1).abs().amax(1).clamp_min(1e-12) / 127
    step = step.view(-1, *[1] * (weight.dim() - 1))
    return ste_round(weight / step) * step


def quantised_weights(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: quantised_weight(value) if name.endswith(".weight") else value for name, value in weights.items()}


def quantised_activation(x: Tensor, low: float, high: float) -> Tensor:
    step = (high - low) / 255
    zero = round(-low / step)
    return (ste_round(x / step + zero).clamp(0, 255) - zero) * step


def calibrate(weights: dict[str, Tensor], x: Tensor) -> Ranges:
    """The range of every activation on a batch of crops."""
    ranges: Ranges = {}

    def measure(name: str, x: Tensor) -> Tensor:
        values = x.flatten()
        beyond = max(1, int(TAIL * values.numel()))
        low = float(values.kthvalue(beyond).values)
        high = float(values.kthvalue(values.numel() + 1 - beyond).values)
        ranges[name] = min(low, 0.0), max(high, 0.0)
        return x

    with torch.inference_mode():
        infer(weights, x, measure)
    return ranges


def equalise(weights: Weights, calibration: np.ndarray) -> Weights:
    """The same function with the channels that the depthwise layer reads brought to one range.

    Some of them span 170 times more than others, and one step for all of them alone costs int8 4 to 10 % in error; every
    other activation is harmless. Conv5's affine and the depthwise filters are both per channel, so what one divides by
    the other multiplies, and nothing changes in float.
    """
    spans = np.empty(0)

    def measure(name: str, x: Tensor) -> Tensor:
        nonlocal spans
        if name == "conv5":
            channels = x.abs().transpose(0, 1).flatten(1)
            spans = channels.kthvalue(int(channels.shape[1] * 0.999), dim=1).values.clamp_min(1e-6).numpy()
        return x

    with torch.inference_mode():
        infer(tensors(weights), to_tensor(calibration), measure)
    return weights | {
        "conv5.scale": weights["conv5.scale"] / spans,
        "conv5.shift": weights["conv5.shift"] / spans,
        "depthwise.weight": weights["depthwise.weight"] * spans[:, None, None],
    }


def quantised_tap(ranges: Ranges) -> Callable[[str, Tensor], Tensor]:
    return lambda name, x: quantised_activation(x, *ranges[name])


def calibration_crops(photos: Photos, scenes: np.ndarray, count: int = 1000) -> np.ndarray:
    """Crops of training faces in any size and turn that they are read in, so that none saturates."""
    rng = np.random.default_rng(3)
    some = rng.permutation(len(photos))[:count]
    how = Augmentation(rotation=45, any_turn=0, photometric=0.5, occlusion=0, worn=0)
    return views(photos, some, scenes, how, rng)[0]


def int8_predictor(weights: Weights, calibration: np.ndarray) -> Predictor:
    int8 = quantised_weights(tensors(weights))
    ranges = calibrate(int8, to_tensor(calibration))
    return predictor({name: value.numpy() for name, value in int8.items()}, quantised_tap(ranges))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.quantise", description=__doc__.split("\n")[0])
    parser.add_argument("weights", nargs="+", type=Path)
    parser.add_argument("--faces", type=Path, default=reference() / "faces/val.csv", help="labelled set (default: val.csv)")
    parser.add_argument("--train", type=Path, default=Path("build/fairface/train.csv"), help="faces to calibrate on, a list")
    parser.add_argument("--scenes", type=Path, default=Path("build/scenes/train.npy"))
    options = parser.parse_args()
    evaluation = Evaluation(read_faces(options.faces))
    calibration = calibration_crops(read_photos(options.train), np.load(options.scenes))
    for path in options.weights:
        weights = rounded(container.load(path))
        float_table = evaluation.table(predictor(weights))
        int8_table = evaluation.table(int8_predictor(weights, calibration))
        print(f"{path.stem:16} {'f32':>9} {'int8':>9} {'int8 ÷ f32':>10}")
        for row, score in float_table.items():
            print(f"{row:16} {score:9.4f} {int8_table[row]:9.4f} {int8_table[row] / score:10.4f}")


if __name__ == "__main__":
    main()
