"""The network in PyTorch: trainable with batch norms, and exported with them frozen into scale and shift."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .container import CHANNELS, POOLED, SHAPES, Weights

MEAN_FACE = torch.tensor([[0.32, 0.35], [0.68, 0.35], [0.50, 0.52], [0.36, 0.74], [0.64, 0.74]])
"""Where an upright face's points lie in its crop, roughly: what an untrained network answers."""


class FusedMaxPool(torch.autograd.Function):
    """2×2 max-pool as plain arithmetic, so that the compiler fuses it with its neighbours, both ways.

    Of equal largest values each receives the gradient; it makes no difference to training.
    """

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        windows = x.permute(0, 2, 3, 1).reshape(n, h // 2, 2, w // 2, 2, c)
        largest = windows.amax((2, 4), keepdim=True)
        ctx.save_for_backward(windows, largest)
        return largest.view(n, h // 2, w // 2, c).permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        windows, largest = ctx.saved_tensors
        spread = torch.where(windows == largest, gradient.permute(0, 2, 3, 1)[:, :, None, :, None], 0)
        n, h, _, w, _, c = spread.shape
        return spread.reshape(n, 2 * h, 2 * w, c).permute(0, 3, 1, 2)


def max_pool(x: Tensor) -> Tensor:
    return FusedMaxPool.apply(x) if torch.compiler.is_compiling() else F.max_pool2d(x, 2)


class Network(nn.Module):
    """landmarks-regression-retail-0009 as it is trained: N×3×48×48 BGR in 0..255 → N×5×2 in 0..1.

    `width` multiplies the channels of every hidden layer, for a teacher; the package runs width 1 only.
    """

    def __init__(self, width: int = 1) -> None:
        super().__init__()
        channels = [3, *(width * c for c in CHANNELS[1:])]
        last, hidden1, hidden2 = channels[-1], 256 * width, 64 * width
        self.register_buffer("scale", torch.full((1, 3, 1, 1), 1 / 64))
        self.register_buffer("shift", torch.full((1, 3, 1, 1), -2.0))
        self.convs = nn.ModuleList(nn.Conv2d(i, o, 3, padding=1) for i, o in pairwise(channels))
        self.depthwise = nn.Conv2d(last, last, 6, groups=last)
        self.fc1, self.fc2, self.fc3 = nn.Linear(last, hidden1), nn.Linear(hidden1, hidden2), nn.Linear(hidden2, 10)
        self.score = nn.Linear(hidden1, 1)
        norms = [nn.BatchNorm2d(c) for c in channels[1:]] + [nn.BatchNorm1d(last), nn.BatchNorm1d(hidden1)]
        self.norms = nn.ModuleList(norms)
        self.slopes = nn.ParameterList(nn.Parameter(torch.full((1,), 0.1)) for _ in range(8))
        for layer in (*self.convs, self.fc1, self.fc2):
            nn.init.kaiming_normal_(layer.weight, a=0.1)
        nn.init.normal_(self.depthwise.weight, std=1 / 6)
        nn.init.normal_(self.fc3.weight, std=0.02)
        nn.init.zeros_(self.score.weight)
        for layer in (*self.convs, self.depthwise, self.fc1, self.fc2):
            nn.init.zeros_(layer.bias)
        with torch.no_grad():
            self.fc3.bias.copy_(torch.logit(MEAN_FACE).flatten())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The points N×5×2, and the logit N of the score, which is fitted anew to the finished network (`score_head`)."""
        x = x * self.scale + self.shift
        for conv, pooled, norm, slope in zip(self.convs, POOLED, self.norms, self.slopes):
            x = conv(x)
            if pooled:
                x = max_pool(x)  # before the PReLU: a quarter of the work, the same answer for slopes ≥ 0
            x = norm(F.prelu(x, slope))
        # The depthwise layer covers its whole input, so it is a product and a sum: faster than a grouped convolution.
        x = (x * self.depthwise.weight[:, 0]).sum((2, 3)) + self.depthwise.bias
        x = self.norms[5](F.prelu(x, self.slopes[5]))
        x = self.norms[6](F.prelu(self.fc1(x), self.slopes[6]))
        logit = self.score(x)[:, 0]
        x = F.prelu(self.fc2(x), self.slopes[7])
        return torch.sigmoid(self.fc3(x)).view(-1, 5, 2), logit

    @torch.no_grad()
    def clamp_slopes(self) -> None:
        """Hold the slopes of the pooled stages in [0, 1], where pooling before PReLU is exact."""
        for slope, pooled in zip(self.slopes, POOLED):
            if pooled:
                slope.clamp_(0, 1)

    def _stages(self) -> list[tuple[str, nn.Module, Tensor | None, nn.Module | None]]:
        layers = [*self.convs, self.depthwise, self.fc1, self.fc2]
        names = [f"conv{i + 1}" for i in range(5)] + ["depthwise", "fc1", "fc2"]
        stages = list(zip(names, layers, self.slopes, [*self.norms, None]))
        return [*stages, ("fc3", self.fc3, None, None)]

    @torch.no_grad()
    def export(self) -> Weights:
        """The weights with each batch norm frozen to the affine it stands for at inference."""
        tensors = {"input.scale": self.scale.flatten(), "input.shift": self.shift.flatten()}
        for name, layer, slope, norm in self._stages():
            weight = layer.weight[:, 0] if layer is self.depthwise else layer.weight
            tensors[f"{name}.weight"], tensors[f"{name}.bias"] = weight, layer.bias
            if slope is not None:
                tensors[f"{name}.slope"] = slope
            if norm is not None:
                scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
                tensors[f"{name}.scale"] = scale
                tensors[f"{name}.shift"] = norm.bias - norm.running_mean * scale
        return {name: tensors[name].float().contiguous().numpy().copy() for name in SHAPES}

    @torch.no_grad()
    def restore(self, weights: Weights, sample: Tensor) -> None:
        """Start from frozen weights: put batch norms back whose statistics are those of `sample`, answers unchanged.

        The size of a filter that a batch norm follows is free, and decides how much a step of a given rate turns it.
        Training lets some grow tenfold; here each gets back the size that filters have at first. The channels that the
        depthwise layer reads, which are stored in one range for int8, get back a deviation of one.
        """
        moments: dict[str, tuple[Tensor, Tensor]] = {}

        def measure(name: str, x: Tensor) -> Tensor:
            dims = [0, *range(2, x.dim())]
            moments[name] = x.mean(dims), x.var(dims)
            return x

        frozen = tensors(weights)
        infer(frozen, sample, measure)
        mean, variance = moments["conv5"]
        deviation = variance.sqrt().clamp_min(1e-6)
        moments["conv5"] = mean / deviation, torch.ones_like(variance)
        frozen["conv5.scale"] = frozen["conv5.scale"] / deviation
        frozen["conv5.shift"] = frozen["conv5.shift"] / deviation
        frozen["depthwise.weight"] = frozen["depthwise.weight"] * deviation[:, None, None]
        self.scale.copy_(frozen["input.scale"].view(1, 3, 1, 1))
        self.shift.copy_(frozen["input.shift"].view(1, 3, 1, 1))
        for name, layer, slope, norm in self._stages():
            weight, bias = frozen[f"{name}.weight"].view_as(layer.weight), frozen[f"{name}.bias"]
            size = torch.ones_like(bias)
            if norm is not None:
                size = layer.weight.square().mean().sqrt() / weight.flatten(1).square().mean(1).sqrt().clamp_min(1e-6)
            layer.weight.copy_(weight * size.view(-1, *[1] * (weight.dim() - 1)))
            layer.bias.copy_(bias * size)
            if slope is not None:
                slope.copy_(frozen[f"{name}.slope"])
            if norm is not None:
                scale, shift = frozen[f"{name}.scale"] / size, frozen[f"{name}.shift"]
                mean, variance = moments[name]  # of the affine's output; those of its input follow
                norm.running_mean.copy_((mean - shift) / scale)
                norm.running_var.copy_(variance / scale**2)
                norm.weight.copy_(scale * torch.sqrt(norm.running_var + norm.eps))
                norm.bias.copy_(mean)
        self.clamp_slopes()


def to_tensor(crops: np.ndarray) -> Tensor:
    """N×H×W×3 bytes as N×3×H×W floats; the memory stays channels-last, which the CPU's convolutions prefer."""
    return torch.from_numpy(crops).permute(0, 3, 1, 2).float()


def tensors(weights: Weights) -> dict[str, Tensor]:
    return {name: torch.from_numpy(np.asarray(value, np.float32)) for name, value in weights.items()}


def infer(weights: dict[str, Tensor], x: Tensor, tap=lambda name, x: x) -> Tensor:
    """The frozen network. `tap(name, x)` sees, and may replace, each activation that a layer reads."""

    def affine(name: str, x: Tensor) -> Tensor:
        shape = (1, -1) + (1,) * (x.dim() - 2)
        return x * weights[f"{name}.scale"].view(shape) + weights[f"{name}.shift"].view(shape)

    x = tap("input", affine("input", x))
    for i, pooled in enumerate(POOLED):
        name = f"conv{i + 1}"
        x = F.prelu(F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=1), weights[f"{name}.slope"])
        x = tap(name, affine(name, F.max_pool2d(x, 2) if pooled else x))
    x = (x * weights["depthwise.weight"]).sum((2, 3)) + weights["depthwise.bias"]
    x = tap("depthwise", affine("depthwise", F.prelu(x, weights["depthwise.slope"])))
    x = F.prelu(F.linear(x, weights["fc1.weight"], weights["fc1.bias"]), weights["fc1.slope"])
    x = tap("fc1", affine("fc1", x))
    x = tap("fc2", F.prelu(F.linear(x, weights["fc2.weight"], weights["fc2.bias"]), weights["fc2.slope"]))
    return torch.sigmoid(F.linear(x, weights["fc3.weight"], weights["fc3.bias"])).view(-1, 5, 2)
