"""Scenes without faces, as backgrounds and as non-faces: `python -m weights.train.scenes folder … --out build/scenes.npy`.

`folder`: the Debian packages gnome-backgrounds, mate-backgrounds, plasma-workspace-wallpapers and lomiri-wallpapers, unpacked
(`apt-get download …`, `dpkg -x …`); each file's licence, all of them free, stands in its package's copyright file. Images
that show people or drawn figures are left out (`FIGURES`). The result holds square patches at many scales, N×96×96×3 uint8,
the same number of each image in turn, so that a share of the images can be held out by position.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import cv2
import numpy as np

SIDE = 96
PER_IMAGE = 40
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
FIGURES = ("Elephants", "Autumn", "FlyingKonqui", "SafeLanding")
"""Parts of the paths of images with people or drawn figures."""


def scene_files(folders: list[Path]) -> list[Path]:
    """One file for each image: the largest of its folder where a wallpaper comes in several sizes."""
    largest: dict[Path, Path] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix not in SUFFIXES or path.is_symlink() or path.stem == "screenshot":
                continue
            if any(name in str(path) for name in FIGURES):
                continue
            key = path.parent if path.parent.name.startswith("images") else path
            if key not in largest or path.stat().st_size > largest[key].stat().st_size:
                largest[key] = path
    return [largest[key] for key in sorted(largest)]


def patches(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Square patches with sides from 96 pixels, log-uniform, to the image's height."""
    height, width = image.shape[:2]
    found = np.empty((PER_IMAGE, SIDE, SIDE, 3), np.uint8)
    for out in found:
        side = int(math.exp(rng.uniform(math.log(SIDE), math.log(min(height, width)))))
        top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
        cv2.resize(image[top : top + side, left : left + side], (SIDE, SIDE), dst=out, interpolation=cv2.INTER_AREA)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.scenes", description=__doc__.split("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, default=Path("build/scenes.npy"))
    options = parser.parse_args()
    rng = np.random.default_rng(31)
    found = []
    for path in scene_files(options.folders):
        image = cv2.imread(str(path))
        if image is not None and min(image.shape[:2]) >= 400:
            found.append(patches(image, rng))
    np.save(options.out, np.concatenate(found))
    print(f"{options.out}: {PER_IMAGE} patches of each of {len(found)} images")


if __name__ == "__main__":
    main()
