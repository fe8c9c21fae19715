"""Score finders on labelled photos: `python -m weights.train.finder.evaluate a.safetensors … [--yunet model.onnx]`.

Without `--held-out` the photos are `photos/val.csv` of the reference data (WIDER FACE val at up to 512 pixels), which
nothing is chosen by; with it, the photos of `photos/train.csv` that training leaves out. A photo is shrunk to
`--longest` pixels and never enlarged.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from ..container import rounded
from ..data import reference
from .detect import Finder, find, load
from .metrics import Judged, recall_curve, table
from .photos import corners, held_out, read_boxes
from .yunet import Yunet

Labelled = list[tuple[np.ndarray, np.ndarray, np.ndarray]]
"""RGB image, corners of its faces, their levels."""


def labelled_photos(path: Path, chosen: Callable[[str], bool] = lambda name: True) -> Iterator[tuple]:
    """Photos of a CSV of `file,x,y,width,height[,level]`; without a level, a face of 10 pixels at 320 counts as hard."""
    for file, rows in read_boxes(path).items():
        if not chosen(Path(file).name):
            continue
        image = cv2.imread(str(path.parent / file))
        if image is None:
            raise FileNotFoundError(f"{path.parent / file} is not a readable image")
        if rows.shape[1] > 4:
            level = rows[:, 4].astype(int)
        else:
            level = np.where(rows[:, 3] >= 10 / 320 * max(image.shape), 3, 4)
        yield np.ascontiguousarray(image[:, :, ::-1]), corners(rows), level


def judge(detector, photos: Labelled, longest: int) -> list[Judged]:
    return [Judged(max(image.shape), truth, level, *find(detector, image, longest)) for image, truth, level in photos]


def by_size(photos: list[Judged], threshold: float) -> dict[str, str]:
    """Recall at a threshold by the face's size in the photo, with the number of faces."""
    edges = (0.03, 0.05, 0.1, 0.2, 0.4, np.inf)
    result = {}
    for low, high in zip(edges, edges[1:]):
        found = faces = 0
        for photo in photos:
            share = photo.share(photo.truth)
            one = Judged(photo.longest, photo.truth, np.where((share >= low) & (share < high), photo.level, 4), photo.boxes, photo.scores)
            counted = one.level <= 3
            faces += counted.sum()
            recalls, _, thresholds = recall_curve([one], 0)
            above = np.searchsorted(-thresholds, -threshold, "right")
            found += round(recalls[above - 1] * max(counted.sum(), 1)) if above else 0
        result[f"{low:.0%}–{high:.0%}" if high < 1 else f"from {low:.0%}"] = f"{found / max(faces, 1):.3f} of {faces}"
    return result


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.finder.evaluate", description=__doc__.split("\n")[0])
    parser.add_argument("weights", type=Path, nargs="*")
    parser.add_argument("--yunet", type=Path, action="append", default=[], help="YuNet's dynamic ONNX file, scored beside")
    parser.add_argument("--photos", type=Path, default=reference() / "photos", help="folder of train.csv and val.csv")
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--longest", type=int, nargs="+", default=[320, 640])
    parser.add_argument("--sizes", type=float, metavar="SCORE", help="recall by the face's size too, at this threshold")
    options = parser.parse_args()

    cv2.setNumThreads(1)
    if options.held_out:
        photos = list(labelled_photos(options.photos / "train.csv", held_out))
    else:
        photos = list(labelled_photos(options.photos / "val.csv"))
    detectors = {path.stem: Finder(rounded(load(path))) for path in options.weights}
    detectors |= {path.stem: Yunet(path, 0.02) for path in options.yunet}
    for longest in options.longest:
        for name, detector in detectors.items():
            judged = judge(detector, photos, longest)
            print(f"{name} at {longest}:", "  ".join(f"{key} {value:.3f}" for key, value in table(judged).items()), flush=True)
            if options.sizes is not None:
                print("   by size:", "  ".join(f"{key} {value}" for key, value in by_size(judged, options.sizes).items()))


if __name__ == "__main__":
    main()
