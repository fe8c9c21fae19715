"""Average the weights of runs that share a start: `python -m weights.train.blend a.safetensors b.safetensors --out c.safetensors`.

Two networks may answer the same with filters of other sizes: the size of a filter that an affine follows is free, and so is that
of a channel that the depthwise layer reads. Both are brought to the first network's sizes before the mean is taken.

Averaged filters give activations of less variance than either network's, so each stage's scale and shift are then set
to give every channel the mean and the deviation that the networks have on average, measured on training crops.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from . import container
from .container import SHAPES, Weights, write_safetensors
from .network import infer, tensors, to_tensor
from .photos import read_photos
from .quantise import calibration_crops, equalise

Moments = dict[str, tuple[Tensor, Tensor]]


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation by channel."""
    dims = [0, *range(2, x.dim())]
    return x.mean(dims), x.std(dims)


def matched(weights: Weights, first: Weights) -> Weights:
    """The same function with every filter before an affine as large as the first network's."""
    result = dict(weights)
    for name in (name.removesuffix(".scale") for name in SHAPES if name.endswith(".scale") and name != "input.scale"):
        size = [np.sqrt((w[f"{name}.weight"].reshape(len(w[f"{name}.bias"]), -1) ** 2).mean(1)) for w in (first, weights)]
        ratio = size[0] / np.maximum(size[1], 1e-12)
        result[f"{name}.weight"] = weights[f"{name}.weight"] * ratio.reshape(-1, *[1] * (weights[f"{name}.weight"].ndim - 1))
        result[f"{name}.bias"] = weights[f"{name}.bias"] * ratio
        result[f"{name}.scale"] = weights[f"{name}.scale"] / ratio
    return result


@torch.inference_mode()
def blend(networks: list[Weights], shares: list[float], crops: np.ndarray) -> Weights:
    x = to_tensor(crops)
    networks = [equalise(weights, crops) for weights in networks]
    networks = [matched(weights, networks[0]) for weights in networks]
    measured: list[Moments] = [{} for _ in networks]
    for weights, found in zip(networks, measured):

        def measure(name: str, x: Tensor, found: Moments = found) -> Tensor:
            found[name] = moments(x)
            return x

        infer(tensors(weights), x, measure)
    total = sum(shares)
    mean: Weights = {
        name: sum((share / total * weights[name] for share, weights in zip(shares, networks)), np.zeros(shape, np.float32))
        for name, shape in SHAPES.items()
    }

    def correct(name: str, x: Tensor) -> Tensor:
        if f"{name}.scale" not in mean or name == "input":
            return x
        here, deviation = moments(x)
        wanted = [sum(share / total * found[name][i] for share, found in zip(shares, measured)) for i in (0, 1)]
        gain = wanted[1] / deviation.clamp_min(1e-6)
        mean[f"{name}.scale"] = mean[f"{name}.scale"] * gain.numpy()
        mean[f"{name}.shift"] = (mean[f"{name}.shift"] - here.numpy()) * gain.numpy() + wanted[0].numpy()
        shape = (1, -1) + (1,) * (x.dim() - 2)
        return (x - here.view(shape)) * gain.view(shape) + wanted[0].view(shape)

    infer(tensors(mean), x, correct)
    return mean


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.blend", description=__doc__.split("\n")[0])
    parser.add_argument("weights", nargs="+", type=Path)
    parser.add_argument("--shares", nargs="+", type=float, help="share of each (default: equal)")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--train", type=Path, default=Path("build/fairface/train.csv"), help="training faces, a list")
    parser.add_argument("--scenes", type=Path, default=Path("build/scenes/train.npy"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    networks = [container.load(path) for path in options.weights]
    shares = options.shares or [1.0] * len(networks)
    if len(shares) != len(networks):
        parser.error(f"{len(networks)} files but {len(shares)} shares")
    crops = calibration_crops(read_photos(options.train), np.load(options.scenes))
    write_safetensors(options.out, blend(networks, shares, crops), {"name": options.out.stem}, "F32")


if __name__ == "__main__":
    main()
