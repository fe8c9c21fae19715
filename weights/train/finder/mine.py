"""List a finder's false alarms on its training photos: `python -m weights.train.finder.mine weights.safetensors …`.

Writes N×5 (photo's index, box corners in its pixels) beside the photos, for `alarms` of a configuration. A box that
overlaps a labelled face or an ignored region, or that YuNet takes for a face, is none: labels of photos are incomplete.
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
from .photos import Store, overlaps
from .yunet import Yunet

DENIED = 0.12
"""YuNet's score from which a box may be a face that nobody labelled."""


def false_alarms(boxes: np.ndarray, *others: np.ndarray) -> np.ndarray:
    """Which boxes touch none of the others by more than a fifth."""
    alone = np.ones(len(boxes), bool)
    for other in others:
        alone &= overlaps(boxes, other).max(1, initial=0) < 0.2
        centres = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
        inside = ((centres >= other[None, :, :2]) & (centres <= other[None, :, 2:])).all(2)
        alone &= ~inside.any(1)
    return alone


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.finder.mine", description=__doc__.split("\n")[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("--photos", type=Path, required=True, help="a prepared folder")
    parser.add_argument("--yunet", type=Path, required=True)
    parser.add_argument("--longest", type=int, default=320)
    parser.add_argument("--score", type=float, default=0.3)
    parser.add_argument("--sources", nargs="+", default=["wider", "maskon", "scenes"])
    parser.add_argument("--out", default="alarms.npy")
    options = parser.parse_args()

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    store, finder = Store(options.photos), Finder(rounded(load(options.weights)), options.score)
    teacher = Yunet(options.yunet, DENIED)
    seen = np.isin(store.sources, options.sources)
    seen[development(store)] = False
    rows: list[np.ndarray] = []
    for count, i in enumerate(np.flatnonzero(seen)):
        photo = store[i]
        boxes, _ = find(finder, photo.image, options.longest)
        if len(boxes):
            boxes = boxes[false_alarms(boxes, photo.boxes, photo.ignored)]
        if len(boxes):
            boxes = boxes[false_alarms(boxes, find(teacher, photo.image, 480)[0])]
        rows += [np.concatenate([[i], box]) for box in boxes]
        if sys.stderr.isatty():
            print(f"{count + 1}/{seen.sum()}  {len(rows)} false alarms", end="\r", file=sys.stderr)
    np.save(options.photos / options.out, np.array(rows, np.float32).reshape(-1, 5))
    print(f"{len(rows)} false alarms in {seen.sum()} photos")


if __name__ == "__main__":
    main()
