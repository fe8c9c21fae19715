"""Score finders on labelled photos: `python -m weights.train.finder.evaluate a.safetensors … [--yunet model.onnx]`.

Without `--held-out` the photos are `photos/val.csv` of the reference data (WIDER FACE val at up to 512 pixels), which
nothing is chosen by; with it, the photos of `photos/train.csv` that training leaves out. A photo is shrunk to
`--longest` pixels and never enlarged.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from ..container import label, rounded
from ..data import eye_share, reference
from .detect import Finder, find, load
from .metrics import MATCH, Judged, table
from .photos import SURE, corners, held_out, overlaps, read_boxes
from .prepare import read_annotation, wider_points
from .yunet import Yunet

Labelled = list[tuple[str, np.ndarray, np.ndarray, np.ndarray]]
"""Name, RGB image, corners of its faces, their levels."""


def labelled_photos(path: Path, chosen: Callable[[str], bool] = lambda name: True) -> Labelled:
    """Photos of a CSV of `file,x,y,width,height[,level]`; without a level, a face of 10 pixels at 320 counts as hard."""
    photos = []
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
        photos.append((Path(file).name, np.ascontiguousarray(image[:, :, ::-1]), corners(rows), level))
    return photos


def judge(detector, photos: Labelled, longest: int) -> list[Judged]:
    return [Judged(image.shape[1::-1], truth, level, *find(detector, image, longest)) for _, image, truth, level in photos]


def found_faces(photo: Judged, threshold: float) -> np.ndarray:
    """Which of a photo's faces have a box of at least this score."""
    if not len(photo.truth) or not len(photo.boxes):
        return np.zeros(len(photo.truth), bool)
    return (overlaps(photo.boxes[photo.scores >= threshold], photo.truth) >= MATCH).any(0)


def by_size(photos: list[Judged], threshold: float) -> dict[str, tuple[int, int]]:
    """Faces found at a threshold, and faces, by their size in the photo."""
    found = np.concatenate([found_faces(photo, threshold) for photo in photos])
    share = np.concatenate([photo.share(photo.truth) for photo in photos])
    counted = np.concatenate([photo.level <= 3 for photo in photos])
    result = {}
    for low, high in pairwise((0.03, 0.05, 0.1, 0.2, 0.4, np.inf)):
        these = counted & (share >= low) & (share < high)
        result[f"{low:.0%}–{high:.0%}" if high < 1 else f"from {low:.0%}"] = int(found[these].sum()), int(these.sum())
    return result


WIDER_WIDTH = 1024
"""Pixels, of every photo of WIDER FACE at full size."""

ATTRIBUTES = {"blur": ("none", "some", "heavy"), "occlusion": ("none", "some", "heavy"), "pose": ("typical", "unusual")}


def read_attributes(path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """File → corners at full size and N×3 blur, occlusion, pose, of WIDER FACE's `wider_face_val_bbx_gt.txt`."""
    lines = path.read_text().splitlines()
    result, at = {}, 0
    while at < len(lines):
        count = max(1, int(lines[at + 1]))  # a photo without faces has one line of noughts
        rows = np.array([line.split()[:10] for line in lines[at + 2 : at + 2 + count]], np.float32)
        result[Path(lines[at]).name] = corners(rows), rows[:, [4, 8, 9]].astype(int)
        at += 2 + count
    return result


def rows_of(photo: Judged, boxes: np.ndarray, share: float) -> np.ndarray:
    """Which of the boxes, in pixels of WIDER FACE's photos at full size, each counted face of at least `share` is; -1 for none."""
    match = overlaps(photo.truth, boxes * (photo.size[0] / WIDER_WIDTH))
    counted = (photo.level <= 3) & (photo.share(photo.truth) >= share) & (match.max(1) > 0.8)
    return np.where(counted, match.argmax(1), -1)


def by_attribute(
    photos: list[Judged], names: list[str], path: Path, threshold: float, share: float = 0.1
) -> dict[str, tuple[int, int]]:
    """Faces of at least `share` found at a threshold, and faces, by what WIDER FACE says of them."""
    known, counts = read_attributes(path), defaultdict(lambda: np.zeros(2, int))
    for photo, name in zip(photos, names, strict=True):
        if name not in known or not len(photo.truth):
            continue
        boxes, attributes = known[name]
        rows = rows_of(photo, boxes, share)
        found = found_faces(photo, threshold)
        for face in np.flatnonzero(rows >= 0):
            for kind, value in zip(ATTRIBUTES, attributes[rows[face]]):
                counts[f"{kind} {ATTRIBUTES[kind][value]}"] += found[face], 1
    return {key: tuple(counts[key]) for key in sorted(counts)}


def by_turn(
    photos: list[Judged], names: list[str], folder: Path, threshold: float, share: float = 0.05
) -> dict[str, tuple[int, int]]:
    """Faces of at least `share` found at a threshold, and faces, by how far the head is turned.

    The measure is `data.eye_share`, of faces with points in a folder of annotations (`prepare.wider_points`).
    """
    annotations, result = wider_points(folder), {}
    shares, found = [np.zeros(0)], [np.zeros(0, bool)]
    for photo, name in zip(photos, names, strict=True):
        if (annotation := annotations.get(Path(name).stem)) is None or not len(photo.truth):
            continue
        boxes, points = read_annotation(annotation)
        rows = rows_of(photo, boxes, share)
        known = (rows >= 0) & np.isfinite(points[rows]).all((1, 2))
        shares.append(eye_share(points[rows[known]]))
        found.append(found_faces(photo, threshold)[known])
    eyes, hits = np.concatenate(shares), np.concatenate(found)
    for low, high in pairwise((0, 0.4, 0.6, 0.8, np.inf)):
        these = (eyes >= low) & (eyes < high)
        result[f"{low}–{high}" if high < 1 else f"from {low}"] = int(hits[these].sum()), int(these.sum())
    return result


def agreement(detector, teacher, images: Iterable[np.ndarray]) -> tuple[int, int]:
    """Of portraits in which the teacher is sure of a face, in how many the best box is on the teacher's best."""
    agreed = count = 0
    for image in images:
        theirs, scores, _ = teacher(image)
        if not len(scores) or scores.max() < SURE:
            continue
        boxes, own, _ = detector(image)
        count += 1
        best, theirs = boxes[own.argsort()[-1:]], theirs[scores.argmax()][None]
        agreed += int((overlaps(best, theirs) >= MATCH).sum())
    return agreed, count


def line(counts: dict[str, tuple[int, int]]) -> str:
    return "  ".join(f"{key} {found / max(faces, 1):.3f} of {faces}" for key, (found, faces) in counts.items())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.finder.evaluate", description=__doc__.split("\n")[0])
    parser.add_argument("weights", type=Path, nargs="*")
    parser.add_argument("--yunet", type=Path, action="append", default=[], help="YuNet's dynamic ONNX file, scored beside")
    parser.add_argument("--photos", type=Path, default=reference() / "photos", help="folder of train.csv and val.csv")
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--longest", type=int, nargs="+", default=[320, 640])
    parser.add_argument("--score", type=float, help="recall at this threshold by the face's size, too")
    parser.add_argument("--attributes", type=Path, help="and by blur, occlusion and pose: wider_face_val_bbx_gt.txt")
    parser.add_argument("--points", type=Path, help="and by how far heads are turned: annotations with five points (`prepare`)")
    parser.add_argument(
        "--portraits", type=Path, help="and agreement with the first --yunet on a folder's first 1,000 photos"
    )
    options = parser.parse_args()
    if options.portraits and not options.yunet:
        parser.error("--portraits needs --yunet")

    cv2.setNumThreads(1)
    if options.held_out:
        photos = labelled_photos(options.photos / "train.csv", held_out)
    else:
        photos = labelled_photos(options.photos / "val.csv")
    detectors = [(label(path), Finder(rounded(load(path)))) for path in options.weights]
    detectors += [(path.stem, Yunet(path, 0.02)) for path in options.yunet]
    for longest in options.longest:
        for name, detector in detectors:
            judged = judge(detector, photos, longest)
            print(
                f"{name} at {longest}:", "  ".join(f"{key} {value:.3f}" for key, value in table(judged).items()), flush=True
            )
            if options.score is None:
                continue
            print("   by size:", line(by_size(judged, options.score)))
            names = [name for name, *_ in photos]
            if options.attributes:
                print("   faces from 10%:", line(by_attribute(judged, names, options.attributes, options.score)))
            if options.points:
                print("   faces from 5%, eyes ÷ extent:", line(by_turn(judged, names, options.points, options.score)))
    if options.portraits:
        files = sorted(options.portraits.glob("*.jpg"))[:1000]
        for name, detector in detectors:
            images = (np.ascontiguousarray(cv2.imread(str(file))[:, :, ::-1]) for file in files)
            counts = agreement(detector, Yunet(options.yunet[0], 0.02), images)
            print(f"{name}, best box on YuNet's: {line({'portraits': counts})}")


if __name__ == "__main__":
    main()
