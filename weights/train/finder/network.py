"""The finder in PyTorch: trainable with batch norms, exported with them frozen into scale and shift.

| stage | in → out | at | then |
| --- | --- | --- | --- |
| space-to-depth | 3 → 12 | 1/2 | |
| conv1 | 12 → 16 | 1/2 | max-pool |
| conv2 | 16 → 32 | 1/4 | |
| conv3 | 32 → 32 | 1/4 | max-pool |
| conv4, conv5 | 32 → 64 → 32 | 1/8 | max-pool |
| conv6, conv7 | 32 → 64 → 32 | 1/16 | max-pool |
| conv8, conv9 | 32 → 64 → 32 | 1/32 | head32 |
| up16 | 32 → 32 | 1/32 | doubled, added to conv7's map |
| conv10 | 32 → 32 | 1/16 | head16 |
| up8 | 32 → 32 | 1/16 | doubled, added to conv5's map |
| conv11 | 32 → 32 | 1/8 | head8 |

A conv is a 3×3 convolution, max-pool where the table says so for conv1 and conv3, PReLU of one slope in 0..1, batch norm. The way
back up is that of feature pyramids (Lin et al., 2017): an up is a 1×1 convolution, doubled to the nearest pixel. A head is a 1×1
convolution of 32 → 16: score, box (4), points (10), one unused.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..network import max_pool

STRIDES = (8, 16, 32)
OUTPUTS = 16
"""Numbers a cell answers with: score, box x, y, width, height, five points, one unused."""

STAGES = (
    *(("conv1", 12, 16, True), ("conv2", 16, 32, False), ("conv3", 32, 32, True)),
    *(("conv4", 32, 64, False), ("conv5", 64, 32, False)),
    *(("conv6", 32, 64, False), ("conv7", 64, 32, False)),
    *(("conv8", 32, 64, False), ("conv9", 64, 32, False)),
    *(("conv10", 32, 32, False), ("conv11", 32, 32, False)),
)
"""Name, channels in and out, and whether a pool follows the convolution."""

DOWN = tuple(name for name, *_ in STAGES[:9])
HALVED = ("conv5", "conv7")
"""Stages whose map the next one reads pooled."""

UPS = {"conv10": ("up16", "conv7"), "conv11": ("up8", "conv5")}
"""What a stage on the way up reads: the map of this stage plus what this 1×1 convolution makes of the coarser one, doubled."""

TAPS = {"conv11": "head8", "conv10": "head16", "conv9": "head32"}
"""Which head reads which stage."""

CHANNELS = 32
"""Channels of every map that a head or an up reads."""

Weights = dict[str, np.ndarray]


def shapes() -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor of a weights file, in its order."""
    result: dict[str, tuple[int, ...]] = {}
    for name, inputs, outputs, _ in STAGES:
        result[f"{name}.weight"] = (outputs, inputs, 3, 3)
        result |= {
            f"{name}.bias": (outputs,),
            f"{name}.slope": (1,),
            f"{name}.scale": (outputs,),
            f"{name}.shift": (outputs,),
        }
    outputs_of = {up: CHANNELS for up, _ in UPS.values()} | {head: OUTPUTS for head in TAPS.values()}
    for name, outputs in outputs_of.items():
        result |= {f"{name}.weight": (outputs, CHANNELS, 1, 1), f"{name}.bias": (outputs,)}
    return result


class Stage(nn.Module):
    def __init__(self, inputs: int, outputs: int, pooled: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.slope = nn.Parameter(torch.full((1,), 0.1))
        self.norm = nn.BatchNorm2d(outputs, momentum=0.03)
        self.pooled = pooled
        nn.init.kaiming_normal_(self.conv.weight, a=0.1)
        nn.init.zeros_(self.conv.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        if self.pooled:
            x = max_pool(x)  # before the PReLU: a quarter of the work, the same answer for slopes ≥ 0
        return self.norm(F.prelu(x, self.slope))


class Network(nn.Module):
    """N×12×H/2×W/2, the space-to-depth of RGB in 0..1 → N×cells×16: stride 8, row by row, then 16, then 32."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleDict({name: Stage(i, o, pooled) for name, i, o, pooled in STAGES})
        self.ups = nn.ModuleDict({up: nn.Conv2d(CHANNELS, CHANNELS, 1) for up, _ in UPS.values()})
        self.heads = nn.ModuleDict({head: nn.Conv2d(CHANNELS, OUTPUTS, 1) for head in TAPS.values()})
        for head in self.heads.values():
            nn.init.normal_(head.weight, std=0.01)
            nn.init.zeros_(head.bias)
            with torch.no_grad():
                head.bias[0] = -4.0  # nearly every cell is background

    def forward(self, x: Tensor) -> Tensor:
        maps = {}
        for name in DOWN:
            maps[name] = x = self.stages[name](x)
            if name in HALVED:
                x = max_pool(x)
        for name, (up, finer) in UPS.items():
            maps[name] = x = self.stages[name](maps[finer] + doubled(self.ups[up](x)))
        return torch.cat([self.heads[head](maps[stage]).permute(0, 2, 3, 1).flatten(1, 2) for stage, head in TAPS.items()], 1)

    @torch.no_grad()
    def clamp_slopes(self) -> None:
        for stage in self.stages.values():
            stage.slope.clamp_(0, 1)

    @torch.no_grad()
    def export(self) -> Weights:
        """The weights with each batch norm frozen to the affine it stands for at inference."""
        tensors = {}
        for name, stage in self.stages.items():
            scale = stage.norm.weight / torch.sqrt(stage.norm.running_var + stage.norm.eps)
            shift = stage.norm.bias - stage.norm.running_mean * scale
            tensors |= {f"{name}.weight": stage.conv.weight, f"{name}.bias": stage.conv.bias, f"{name}.slope": stage.slope}
            tensors |= {f"{name}.scale": scale, f"{name}.shift": shift}
        for name, conv in (*self.ups.items(), *self.heads.items()):
            tensors |= {f"{name}.weight": conv.weight, f"{name}.bias": conv.bias}
        return {name: tensors[name].float().contiguous().numpy().copy() for name in shapes()}

    def start_from(self, state: dict[str, Tensor]) -> None:
        """Take over an earlier network's state; what it hasn't, or has in another shape, stays as it is."""
        own = self.state_dict()
        self.load_state_dict(own | {key: value for key, value in state.items() if key in own and own[key].shape == value.shape})


def doubled(x: Tensor) -> Tensor:
    """Each pixel as four."""
    return F.interpolate(x, scale_factor=2, mode="nearest")


def to_input(images: np.ndarray) -> Tensor:
    """N×H×W×3 bytes, RGB → N×12×H/2×W/2 in 0..1, channels last in memory; channel = colour·4 + dy·2 + dx."""
    n, height, width, _ = images.shape
    planes = np.empty((n, height // 2, width // 2, 12), np.uint8)
    for y, x in np.ndindex(2, 2):
        planes[..., 2 * y + x :: 4] = images[:, y::2, x::2]
    return torch.from_numpy(planes).permute(0, 3, 1, 2).float().div_(255)


def cells(width: int, height: int) -> np.ndarray:
    """Centre x, centre y and stride of every cell of a width × height input, in the order of the network's answers."""
    result = []
    for stride in STRIDES:
        y, x = np.mgrid[0 : height // stride, 0 : width // stride]
        result.append(np.stack([(x + 0.5) * stride, (y + 0.5) * stride, np.full(x.shape, stride)], -1).reshape(-1, 3))
    return np.concatenate(result).astype(np.float32)


def infer(weights: dict[str, Tensor], x: Tensor) -> dict[str, Tensor]:
    """The frozen network on a space-to-depth input: the maps of the three heads, N×16×h×w."""
    pooled = {name: then for name, _, _, then in STAGES}
    maps = {}

    def stage(name: str, x: Tensor) -> Tensor:
        x = F.prelu(F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=1), weights[f"{name}.slope"])
        if pooled[name]:
            x = F.max_pool2d(x, 2)
        maps[name] = x * weights[f"{name}.scale"].view(1, -1, 1, 1) + weights[f"{name}.shift"].view(1, -1, 1, 1)
        return maps[name]

    for name in DOWN:
        x = stage(name, x)
        if name in HALVED:
            x = F.max_pool2d(x, 2)
    for name, (up, finer) in UPS.items():
        x = stage(name, maps[finer] + doubled(F.conv2d(x, weights[f"{up}.weight"], weights[f"{up}.bias"])))
    return {head: F.conv2d(maps[name], weights[f"{head}.weight"], weights[f"{head}.bias"]) for name, head in TAPS.items()}
