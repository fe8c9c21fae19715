"""Surroundings without faces, as backgrounds and as non-faces: `python -m weights.train.scenes folder … --yunet model --out build/scenes`.

From images under free licences (README.md lists them), square patches at many scales that no face reaches into: landscapes,
textures and text, and what is around faces in portraits: hair, ears, necks, clothes, flags, walls. YuNet
tells where faces are. `train.npy` and `held.npy` hold N×96×96×3 uint8, BGR, of nine and one in ten of the images.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import cv2
import numpy as np

from .finder.photos import covered
from .finder.yunet import Yunet

SIDE = 96
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
LONGEST = 1280
"""Larger images are reduced to this; YuNet misses faces much larger than it was trained for."""
MAYBE = 0.2
"""YuNet's score from which something may be a face."""
GROWN = 1.2
"""Its boxes end at the hairline and the chin; patches keep off a little more."""
AREA = 25_000
"""One patch for so many pixels of an image, as far as there is room."""
PLAIN = 10.0
"""Mean deviation of grey levels under which a patch shows nothing."""


def image_files(folders: list[Path]) -> list[Path]:
    """One file for each image: the largest of its folder where a wallpaper comes in several sizes."""
    largest: dict[Path, Path] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix not in SUFFIXES or path.is_symlink():
                continue
            key = path.parent if path.parent.name.startswith("images") else path
            if key not in largest or path.stat().st_size > largest[key].stat().st_size:
                largest[key] = path
    return [largest[key] for key in sorted(largest)]


def patches(image: np.ndarray, faces: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Square patches with sides from 72 pixels, log-uniform, to the image's shorter one; `faces` N×4 corners are kept off."""
    height, width = image.shape[:2]
    wanted = height * width // AREA if min(height, width) >= SIDE else 0
    found: list[np.ndarray] = []
    for _ in range(12 * wanted):
        side = int(math.exp(rng.uniform(math.log(0.75 * SIDE), math.log(min(height, width)))))
        top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
        box = np.array([[left, top, left + side, top + side]], np.float32)
        if len(faces) and max(covered(box, faces).max(), covered(faces, box).max()) > 0.03:
            continue
        how = cv2.INTER_AREA if side > SIDE else cv2.INTER_LINEAR
        patch = cv2.resize(image[top : top + side, left : left + side], (SIDE, SIDE), interpolation=how)
        if patch.mean(2).std() > PLAIN:
            found.append(patch)
        if len(found) == wanted:
            break
    return np.stack(found) if found else np.zeros((0, SIDE, SIDE, 3), np.uint8)


def grown(boxes: np.ndarray) -> np.ndarray:
    centres, half = (boxes[:, :2] + boxes[:, 2:]) / 2, GROWN * (boxes[:, 2:] - boxes[:, :2]) / 2
    return np.c_[centres - half, centres + half]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.scenes", description=__doc__.split("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--yunet", type=Path, required=True, help="YuNet's ONNX file")
    parser.add_argument("--out", type=Path, default=Path("build/scenes"))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    rng = np.random.default_rng(31)
    detector = Yunet(options.yunet, MAYBE)
    files = image_files(options.folders)
    parts: dict[str, list[np.ndarray]] = {"train": [], "held": []}
    for place, i in enumerate(rng.permutation(len(files))):
        image = cv2.imread(str(files[i]))
        if image is None:
            raise FileNotFoundError(f"{files[i]} is not a readable image")
        scale = LONGEST / max(image.shape)
        if scale < 1:
            image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        faces = grown(detector(np.ascontiguousarray(image[:, :, ::-1]))[0])
        parts["held" if place % 10 == 9 else "train"].append(patches(image, faces, rng))
        if place % 100 == 99:
            print(f"{place + 1}/{len(files)} images", flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    for name, found in parts.items():
        np.save(options.out / f"{name}.npy", np.concatenate(found))
        print(f"{options.out / name}.npy: {sum(map(len, found))} patches of {len(found)} images")


if __name__ == "__main__":
    main()
