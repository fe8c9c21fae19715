"""Gather the training photos: `python -m weights.train.finder.prepare --out build/finder/research --wider … --webfaces …`.

Every source is a folder of photos as its public set holds them, and may be left out. WIDER FACE's boxes come from
`photos/train.csv` of the reference data, scaled to the photos' full size; Caltech WebFaces and MaskON have YuNet's
(`photos/yunet-*.csv`); FairFace and portraits are labelled here by YuNet; scenes have no face.
"""

from __future__ import annotations

import argparse
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import cv2
import numpy as np

from ..data import reference
from .photos import SURE, Photo, corners, no_points, overlaps, read_boxes, shrink, write
from .yunet import Yunet

LONGEST = 640
"""Pixels of a stored photo's longer side, at most."""

DOUBTFUL = 0.22
"""YuNet's box is a face from `SURE` on, and ignored between the two scores."""


def read_image(path: Path) -> np.ndarray | None:
    image = cv2.imread(str(path))
    return None if image is None else np.ascontiguousarray(image[:, :, ::-1])


def wider_points(folder: Path | None) -> dict[str, Path]:
    """Photo → annotation with RetinaFace's five points; the files' names repeat the event in several ways."""
    files = sorted(folder.glob("*.xml")) if folder else []
    result = {}
    for file in files:
        event = file.stem.split("--")[0]
        result[file.stem[file.stem.index(f"_{event}_") + 1 :]] = file
    return result


def read_annotation(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Boxes, as corners, and points (NaN where there are none) of a Pascal VOC file."""
    boxes, points = [], []
    for face in ET.parse(path).getroot().iter("object"):
        boxes.append([float(face.findtext(f"bndbox/{key}")) for key in ("xmin", "ymin", "xmax", "ymax")])
        known = face.findtext("has_lm") == "1"
        points.append([[float(face.findtext(f"lm/{axis}{i}")) if known else np.nan for axis in "xy"] for i in range(1, 6)])
    return np.array(boxes, np.float32).reshape(-1, 4), np.array(points, np.float32).reshape(-1, 5, 2)


def wider(folder: Path, points_folder: Path | None, labels: Path) -> Iterator[Photo]:
    annotations = wider_points(points_folder)
    for file, rows in read_boxes(labels).items():
        name = Path(file).name
        image = read_image(folder / name)
        small = cv2.imread(str(labels.parent / file))
        if image is None or small is None:
            raise FileNotFoundError(f"{name} is not in {folder} or not beside {labels}")
        boxes = corners(rows) * (image.shape[1] / small.shape[1])
        points = no_points(len(boxes))
        if (annotation := annotations.get(Path(name).stem)) is not None:
            theirs, five = read_annotation(annotation)
            if len(theirs):
                match = overlaps(boxes, theirs)
                sure = match.max(1) > 0.8
                points[sure] = five[match.argmax(1)[sure]]
        image, scale = shrink(image, LONGEST)
        yield Photo("wider", name, image, boxes * scale, points * scale, np.zeros((0, 4), np.float32))


def graded(source: str, name: str, image: np.ndarray, boxes: np.ndarray, scores: np.ndarray, points: np.ndarray) -> Photo:
    """A photo with YuNet's answer for labels."""
    sure = scores >= SURE
    doubtful = boxes[~sure & (scores >= DOUBTFUL)]
    if len(doubtful) and sure.any():
        doubtful = doubtful[overlaps(doubtful, boxes[sure]).max(1) < 0.3]
    image, scale = shrink(image, LONGEST)
    return Photo(source, name, image, boxes[sure] * scale, points[sure] * scale, doubtful * scale)


def labelled(source: str, folder: Path, labels: Path, annotations: Path | None = None) -> Iterator[Photo]:
    """Photos with YuNet's boxes; where people annotated something that YuNet doesn't find, it is ignored."""
    for name, rows in read_boxes(labels).items():
        image = read_image(folder / name)
        if image is None:
            continue
        photo = graded(source, name, image, corners(rows), rows[:, 14], rows[:, 4:14].reshape(-1, 5, 2))
        if annotations and (annotation := annotations / f"{Path(name).stem}.xml").exists():
            theirs = read_annotation(annotation)[0] * (max(photo.image.shape) / max(image.shape))
            if len(theirs):
                missed = overlaps(theirs, photo.boxes).max(1, initial=0) < 0.4
                photo.ignored = np.concatenate([photo.ignored, theirs[missed]])
        yield photo


def people(source: str, folder: Path, teacher: Yunet, count: int | None = None) -> Iterator[Photo]:
    """Photos of people with YuNet's answer for labels; those without a sure face are left out."""
    for path in sorted(folder.rglob("*.jpg"))[:count]:
        image = read_image(path)
        if image is None:
            continue
        photo = graded(source, path.name, image, *teacher(image))
        if len(photo.boxes):
            yield photo


def scenes(folder: Path, teacher: Yunet) -> Iterator[Photo]:
    """Photos without people; where YuNet is sure of a face all the same, the photo is left out, and named."""
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp"}):
        image = read_image(path)
        if image is None:
            continue
        image = shrink(image, 2 * LONGEST)[0]
        photo = graded("scenes", path.name, image, *teacher(image))
        if len(photo.boxes):
            print(f"{path.name}: has a face", file=sys.stderr)
        else:
            yield photo


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.finder.prepare", description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--labels", type=Path, default=reference() / "photos", help="folder of train.csv and yunet-*.csv")
    parser.add_argument("--wider", type=Path, help="photos of WIDER FACE train, named as in train.csv, full size")
    parser.add_argument("--wider-points", type=Path, help="annotations with five points (libfacedetection.train@9d8553d)")
    parser.add_argument("--webfaces", type=Path, help="photos of Caltech WebFaces")
    parser.add_argument("--maskon", type=Path, help="MaskON's images and annotations")
    parser.add_argument("--fairface", type=Path, help="photos of FairFace")
    parser.add_argument("--fairface-count", type=int, default=4000)
    parser.add_argument("--portraits", type=Path, help="portraits of the US House and Senate")
    parser.add_argument("--scenes", type=Path, help="photos without people")
    parser.add_argument("--yunet", type=Path, help="YuNet's dynamic ONNX file, for --fairface, --portraits and --scenes")
    options = parser.parse_args()
    if not (options.wider or options.webfaces or options.maskon or options.fairface or options.portraits or options.scenes):
        parser.error("expected a source: --wider, --webfaces, --maskon, --fairface, --portraits or --scenes")
    if not options.yunet and (options.fairface or options.portraits or options.scenes):
        parser.error("--fairface, --portraits and --scenes need --yunet")

    cv2.setNumThreads(1)
    teacher = Yunet(options.yunet, 0.1) if options.yunet else None
    parts = []
    if options.wider:
        parts.append(wider(options.wider, options.wider_points, options.labels / "train.csv"))
    if options.webfaces:
        parts.append(labelled("webfaces", options.webfaces, options.labels / "yunet-webfaces.csv"))
    if options.maskon:
        folders = options.maskon / "images", options.labels / "yunet-maskon.csv", options.maskon / "annotations"
        parts.append(labelled("maskon", *folders))
    if options.fairface:
        parts.append(people("fairface", options.fairface, teacher, options.fairface_count))
    if options.portraits:
        parts.append(people("portraits", options.portraits, teacher))
    if options.scenes:
        parts.append(scenes(options.scenes, teacher))
    print(f"{write(options.out, chain(*parts))} photos in {options.out}")


if __name__ == "__main__":
    main()
