"""Weights files: the safetensors container of the package, the official constants, NumPy archives.

A set of weights is a dict of NumPy arrays named as in the container (`conv1.weight`, `fc2.slope`, …), in float32.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np

Weights = dict[str, np.ndarray]

CHANNELS = (3, 16, 32, 64, 64, 128)
POOLED = (True, True, True, False, False)
SIDE = 48


def _layout() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"input.scale": (3,), "input.shift": (3,)}

    def stage(name: str, weight: tuple[int, ...], affine: bool = True, slope: bool = True) -> None:
        out = weight[0]
        shapes[f"{name}.weight"] = weight
        shapes[f"{name}.bias"] = (out,)
        if slope:
            shapes[f"{name}.slope"] = (1,)
        if affine:
            shapes[f"{name}.scale"] = (out,)
            shapes[f"{name}.shift"] = (out,)

    for i, (inputs, outputs) in enumerate(pairwise(CHANNELS)):
        stage(f"conv{i + 1}", (outputs, inputs, 3, 3))
    stage("depthwise", (128, 6, 6))
    stage("fc1", (256, 128))
    stage("fc2", (64, 256), affine=False)
    stage("fc3", (10, 64), affine=False, slope=False)
    return shapes


SHAPES = _layout()
"""Name and shape of every tensor of the network, in the order of the official constants."""

HEAD = {"score.weight": (1, 256), "score.bias": (1,)}
"""The score head (`score_head`), which a file may have after them: both of its tensors or neither."""


def load(path: str | Path) -> Weights:
    """Read weights from a fivepoint safetensors file, the official FP32 `.bin`, or an `.npz` in the official order."""
    path = Path(path)
    if path.suffix == ".bin":
        return _from_constants([np.fromfile(path, "<f4")])
    if path.suffix == ".npz":
        with np.load(path) as archive:
            return _from_constants([archive[name] for name in archive.files])
    return read_safetensors(path)[0]


def label(path: Path) -> str:
    """What tables call a file of weights: its name, or that of its run, since runs' files all have the same one."""
    return path.parent.name if path.stem == "weights" else path.stem


def _from_constants(arrays: list[np.ndarray]) -> Weights:
    flat = np.concatenate([np.ravel(array) for array in arrays]).astype(np.float32)
    expected = sum(int(np.prod(shape)) for shape in SHAPES.values())
    if flat.size != expected:
        raise ValueError(f"expected {expected} constants, found {flat.size}")
    weights, start = {}, 0
    for name, shape in SHAPES.items():
        stop = start + int(np.prod(shape))
        weights[name] = flat[start:stop].reshape(shape).copy()
        start = stop
    return weights


def read_safetensors(path: str | Path) -> tuple[Weights, dict[str, str]]:
    """The landmark network's tensors and those of the score head where the file has one, widened to float32, and the metadata."""
    return read_tensors(path, SHAPES, HEAD)


def read_tensors(path: str | Path, names: Iterable[str], optional: Iterable[str] = ()) -> tuple[Weights, dict[str, str]]:
    """The named tensors and what there is of the optional ones, widened to float32, and the metadata."""
    data = Path(path).read_bytes()
    (size,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + size])
    metadata = header.pop("__metadata__", {})
    dtypes = {"F32": "<f4", "F16": "<f2"}
    weights = {}
    for name in [*names, *(name for name in optional if name in header)]:
        entry = header[name]
        start, stop = (8 + size + offset for offset in entry["data_offsets"])
        weights[name] = np.frombuffer(data[start:stop], dtypes[entry["dtype"]]).reshape(entry["shape"]).astype(np.float32)
    return weights, metadata


def write_safetensors(
    path: str | Path,
    weights: Mapping[str, np.ndarray],
    metadata: Mapping[str, str],
    dtype: str = "F16",
    names: Iterable[str] | None = None,
) -> None:
    """Write the named tensors, those of the landmark network unless told otherwise; a reader never sees half a file."""
    if names is None:
        names = [*SHAPES, *(name for name in HEAD if name in weights)]
    narrow = {"F16": "<f2", "F32": "<f4"}[dtype]
    header: dict[str, object] = {"__metadata__": dict(metadata)}
    body = bytearray()
    for name in names:
        with np.errstate(over="ignore"):
            values = np.asarray(weights[name], np.float32).astype(narrow)
        if not np.isfinite(values).all():
            raise ValueError(f"{name} does not fit {dtype}")
        header[name] = {"dtype": dtype, "shape": list(values.shape), "data_offsets": [len(body), len(body) + values.nbytes]}
        body += values.tobytes()
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the format wants the data aligned to 8 bytes
    path = Path(path)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(struct.pack("<Q", len(text)) + text + body)
    partial.replace(path)


def rounded(weights: Mapping[str, np.ndarray]) -> Weights:
    """The weights as they come back from an F16 file."""
    return {name: value.astype(np.float16).astype(np.float32) for name, value in weights.items()}
