"""The first teacher, MediaPipe's face mesh (Apache-2.0): `python -m weights.train.mesh build/fairface --out build/fairface/mesh.csv`.

Reads every photo of `train/` and `val/` and its mirror image. A face's row has its five points as the mean of both passes, in pixels;
how far the passes lie apart, in units (`teach.units`); and its yaw, the sine of the angle by which the plane of eyes
and mouth is turned away. Photos without a face are left out. The same command goes on where it was interrupted.

The mesh is the one that looks at eyes and lips once more, each in a crop of its own ("attention mesh", Grishchenko et al., 2020);
with `--plain` the one without, whose nose `label` averages with the first.

The convention of the points: an eye is the mean of its sixteen eyelid points, so that it follows the lids and not the gaze; the nose is
its tip, point 4; the mouth's corners are points 61 and 291.

MediaPipe's releases from 1.0 on no longer bring the mesh's model: this step has an environment of its own
(`requirements-mesh.txt`).
"""

from __future__ import annotations

import argparse
import csv
import os
from pathlib import Path

import cv2
import numpy as np

from .data import SWAP

LEFT = [33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246]
RIGHT = [263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466]
NOSE, MOUTH_LEFT, MOUTH_RIGHT = 4, 61, 291
MARGINS = (0.15, 0.5)
"""The border added to a photo, in sides; the second where the first shows no face."""
COLUMNS = ["file", *(f"{axis}{i}" for i in range(5) for axis in "xy"), "apart", "yaw"]


def five(mesh: np.ndarray) -> np.ndarray:
    """The five points of a mesh, 478×3, or 468×3 without irises → 5×3."""
    return np.stack([mesh[LEFT].mean(0), mesh[RIGHT].mean(0), mesh[NOSE], mesh[MOUTH_LEFT], mesh[MOUTH_RIGHT]])


def yaw_of(points: np.ndarray) -> float:
    """The sideways part of the unit normal of the plane through eyes and mouth, in the face's own upright frame."""
    across, down = points[1] - points[0], points[3:].mean(0) - points[:2].mean(0)
    normal = np.cross(across, down)
    right = np.array([down[1], -down[0]]) / np.hypot(down[0], down[1])
    return float(normal[:2] @ right / np.linalg.norm(normal))


def read_mesh(reader, image: np.ndarray) -> np.ndarray | None:
    """The five points in pixels, 5×3, of the one face of a square photo."""
    side = image.shape[0]
    for margin in MARGINS:
        ring = int(margin * side)
        framed = cv2.copyMakeBorder(image, ring, ring, ring, ring, cv2.BORDER_REPLICATE)
        faces = reader.process(cv2.cvtColor(framed, cv2.COLOR_BGR2RGB)).multi_face_landmarks
        if faces:
            mesh = np.array([[p.x, p.y, p.z] for p in faces[0].landmark]) * framed.shape[0]
            return five(mesh - [ring, ring, 0])
    return None


def row_of(reader, path: Path, name: str) -> list | None:
    image = cv2.imread(str(path))
    seen = read_mesh(reader, image)
    mirrored = read_mesh(reader, np.ascontiguousarray(image[:, ::-1]))
    if seen is None or mirrored is None:
        return None
    mirrored = mirrored[SWAP] * [-1, 1, 1] + [image.shape[1], 0, 0]
    mean = (seen + mirrored) / 2
    flat = mean[:, :2]
    unit = max(np.linalg.norm(flat[0] - flat[1]), 0.5 * np.ptp(flat, axis=0).max())
    apart = np.linalg.norm((seen - mirrored)[:, :2], axis=1).mean() / unit
    return [name, *np.round(flat, 2).ravel().tolist(), round(float(apart), 4), round(yaw_of(mean), 4)]


def last_photo(path: Path) -> str | None:
    """The photo of a list's last row; what an interrupted run tore off behind it is cut away."""
    if not path.exists():
        return None
    text = path.read_bytes()
    whole = text[: text.rfind(b"\n") + 1]
    os.truncate(path, len(whole))
    rows = whole.decode().splitlines()[1:]
    return rows[-1].split(",")[0] if rows else None


def main() -> None:
    import mediapipe

    parser = argparse.ArgumentParser(prog="python -m weights.train.mesh", description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--plain", action="store_true", help="the mesh that doesn't look at eyes and lips once more")
    parser.add_argument("--first", type=int, help="read only so many photos of each part")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    names = [
        f"{part}/{path.name}"
        for part in ("train", "val")
        for path in sorted((options.folder / part).glob("*.jpg"), key=lambda path: int(path.stem))[: options.first]
    ]
    last = last_photo(options.out)
    start = names.index(last) + 1 if last else 0
    reader = mediapipe.solutions.face_mesh.FaceMesh(
        static_image_mode=True, max_num_faces=1, refine_landmarks=not options.plain, min_detection_confidence=0.2
    )
    with options.out.open("a" if start else "w", newline="") as file:
        writer = csv.writer(file)
        if not start:
            writer.writerow(COLUMNS)
        for i, name in enumerate(names[start:], start + 1):
            row = row_of(reader, options.folder / name, name)
            if row:
                writer.writerow(row)
            if i % 500 == 0 or i == len(names):
                print(f"{i}/{len(names)}", flush=True)


if __name__ == "__main__":
    main()
