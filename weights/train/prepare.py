"""Turn the public MTFL archive into training and validation sets: `python -m weights.train.prepare MTFL out/faces`.

The archive (`MTFL.zip`, from the authors' page at mmlab.ie.cuhk.edu.hk/projects/TCDCN.html, for research use) unpacks to
`AFLW/`, `lfw_5590/`, `net_7876/`, `training.txt` and `testing.txt`; a row of the two lists is a path (with either slash),
the x of five points, their y, and four attributes. Every picture is stretched to 80×80, as JPEG. 300 faces of each
source, chosen by the hash of their file names, become `val.csv`, in boxes jittered like a detector's; the others
become `train.csv`. Pictures whose points fail a check of plausibility go to `unlabelled/`, without their labels.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
from pathlib import Path

import cv2
import numpy as np

from .evaluate import boxes_around, jittered

EXTENT = 80
HELD_OUT = 300
SOURCES = {"lfw_5590": "lfw", "net_7876": "net", "AFLW": "aflw"}


def read_list(path: Path) -> list[tuple[Path, np.ndarray]]:
    """Relative path and five points (pixels) of each row."""
    rows = []
    for line in path.read_text().splitlines():
        name, *numbers = line.split()
        values = np.array(numbers[:10], np.float64)
        rows.append((Path(name.replace("\\", "/")), np.stack([values[:5], values[5:]], 1)))
    return rows


def plausible(points: np.ndarray) -> bool:
    """Points of an 80×80 picture that lie inside it, eyes above mouth, left before right, and neither tiny nor flat."""
    eyes, mouth = points[:2].mean(0), points[3:].mean(0)
    inside = (points >= 0).all() and (points <= EXTENT).all()
    ordered = points[0, 0] < points[1, 0] and points[3, 0] < points[4, 0] and eyes[1] < mouth[1]
    return bool(inside and ordered and np.linalg.norm(mouth - eyes) >= 5 and np.ptp(points, axis=0).max() >= 10)


def prepare(archive: Path, out: Path) -> dict[str, int]:
    """Write the sets; the number of faces in each."""
    for folder in ("train", "val", "unlabelled"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    listed = read_list(archive / "training.txt") + read_list(archive / "testing.txt")
    listed.sort(key=lambda row: hashlib.sha256(row[0].as_posix().encode()).digest())
    held_out = dict.fromkeys(SOURCES.values(), 0)
    sets: dict[str, list[tuple[str, str, np.ndarray]]] = {"train": [], "val": []}
    unlabelled = 0
    for path, points in listed:
        source = SOURCES[path.parent.name]
        image = cv2.imread(str(archive / path))
        if image is None:
            raise FileNotFoundError(f"{archive / path} is listed but is not a readable image")
        points = points * [EXTENT / image.shape[1], EXTENT / image.shape[0]]
        image = cv2.resize(image, (EXTENT, EXTENT), interpolation=cv2.INTER_AREA)
        if plausible(points):
            name = "val" if held_out[source] < HELD_OUT else "train"
            held_out[source] += name == "val"
            file = f"{name}/{source}_{len(sets[name]):05d}.jpg"
            sets[name].append((file, source, points))
        else:
            file = f"unlabelled/{source}_{unlabelled:05d}.jpg"
            unlabelled += 1
        cv2.imwrite(str(out / file), image, [cv2.IMWRITE_JPEG_QUALITY, 95])
    for name, faces in sets.items():
        write_csv(out / f"{name}.csv", faces, jitter=name == "val")
    return {name: len(faces) for name, faces in sets.items()} | {"unlabelled": unlabelled}


def write_csv(path: Path, faces: list[tuple[str, str, np.ndarray]], jitter: bool) -> None:
    boxes = boxes_around(np.stack([points for _, _, points in faces]), 2.2)
    if jitter:
        boxes = jittered(boxes, np.random.default_rng(17))
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "source", "box_x", "box_y", "box_w", "box_h", *(f"{a}{i}" for i in range(5) for a in "xy")])
        for (name, source, points), box in zip(faces, boxes):
            writer.writerow([name, source, *np.round(box, 3), *np.round(points, 3).ravel()])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.prepare", description=__doc__.split("\n")[0])
    parser.add_argument("archive", type=Path, help="the unpacked archive")
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    for name, count in prepare(options.archive, options.out).items():
        print(f"{name}: {count} faces")


if __name__ == "__main__":
    main()
