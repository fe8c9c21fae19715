"""List a finder's false alarms on its training photos: `python -m weights.train.finder.mine weights.safetensors …`.

Writes N×5 (photo's index, box corners in its pixels) beside the photos, for `alarms` of a configuration. A box that
overlaps a labelled face or an ignored region, or that YuNet takes for a face, is none: labels of photos are incomplete.
With `--patches`, also what the landmark network would see there, N×96×96×3 BGR bytes: non-faces for its score (`score_head`).
`train.npy` is from nine photos in ten, `held.npy` from the rest.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
import torch

from ..container import rounded
from .detect import Finder, find, load
from .fit import development
from .photos import Store, covered, overlaps, warp
from .yunet import Yunet

DENIED = 0.12
"""YuNet's score from which a box may be a face that nobody labelled."""

PART = 0.15
"""Share of a face from which a box around more than it shows that face."""
MARGIN = 1.5
PATCH = 96
"""Pixels of a patch's side."""


def false_alarms(boxes: np.ndarray, *others: np.ndarray) -> np.ndarray:
    """Which boxes touch none of the others by more than a fifth."""
    alone = np.ones(len(boxes), bool)
    for other in others:
        alone &= overlaps(boxes, other).max(1, initial=0) < 0.2
        centres = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
        inside = ((centres >= other[None, :, :2]) & (centres <= other[None, :, 2:])).all(2)
        alone &= ~inside.any(1)
    return alone


def patch(image: np.ndarray, box: np.ndarray) -> np.ndarray:
    """The square that the landmark network reads for a box's corners, enlarged by `MARGIN` for views around it."""
    width, height = box[2:] - box[:2]
    scale = MARGIN * 1.08 * np.sqrt(width * height) / PATCH  # as src/core/framing.ts frames a box
    centre = (box[:2] + box[2:]) / 2 + (0, 0.045 * height)
    matrix = np.c_[np.eye(2) / scale, PATCH / 2 - centre / scale]
    return warp(image, matrix, (PATCH, PATCH), borderMode=cv2.BORDER_REPLICATE)[:, :, ::-1]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.finder.mine", description=__doc__.split("\n")[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("--photos", type=Path, required=True, help="a prepared folder")
    parser.add_argument("--yunet", type=Path, required=True)
    parser.add_argument("--longest", type=int, default=320)
    parser.add_argument("--score", type=float, default=0.3)
    parser.add_argument("--sources", nargs="+", default=["wider", "maskon", "scenes"])
    parser.add_argument("--out", default="alarms.npy")
    parser.add_argument("--patches", type=Path, help="folder for patches of the alarms")
    options = parser.parse_args()

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    store, finder = Store(options.photos), Finder(rounded(load(options.weights)), options.score)
    teacher = Yunet(options.yunet, DENIED)
    seen = np.isin(store.sources, options.sources)
    seen[development(store)] = False
    rows: list[np.ndarray] = []
    patches: dict[str, list[np.ndarray]] = {"train": [], "held": []}
    for count, i in enumerate(np.flatnonzero(seen)):
        photo = store[i]
        boxes, _ = find(finder, photo.image, options.longest)
        if len(boxes):
            boxes = boxes[false_alarms(boxes, photo.boxes, photo.ignored)]
        if len(boxes):
            boxes = boxes[false_alarms(boxes, find(teacher, photo.image, 480)[0])]
        rows += [np.concatenate([[i], box]) for box in boxes]
        if options.patches and len(boxes):
            faces = np.concatenate([photo.boxes, photo.ignored])
            without = boxes[covered(faces, boxes).max(0, initial=0) < PART]
            patches["held" if count % 10 == 9 else "train"] += [patch(photo.image, box) for box in without]
        if sys.stderr.isatty():
            print(f"{count + 1}/{seen.sum()}  {len(rows)} false alarms", end="\r", file=sys.stderr)
    np.save(options.photos / options.out, np.array(rows, np.float32).reshape(-1, 5))
    if options.patches:
        options.patches.mkdir(parents=True, exist_ok=True)
        for name, found in patches.items():
            np.save(options.patches / f"{name}.npy", np.array(found, np.uint8).reshape(-1, PATCH, PATCH, 3))
    print(f"{len(rows)} false alarms in {seen.sum()} photos")


if __name__ == "__main__":
    main()
