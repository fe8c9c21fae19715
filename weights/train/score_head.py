"""The score head: `python -m weights.train.score_head a.safetensors --out b.safetensors`.

A face's score is the probability that the mean error of its five points is below 0.1 eye distances:

    score = σ(score.bias + score.weight · h)

`h` is what fc2 reads, 256 values that the network has computed anyway. One dense row is fitted to them by logistic regression,
on faces in good boxes, in bad ones (1.2 to 5 times the points' extent, far off, at any turn, blurred, covered) and on
crops without a face; then it is calibrated by Platt's method on held-out faces in boxes of either kind.

Data: the training faces and scenes of the landmarks themselves, and what is drawn here. The scenes held out are judged with the
judged faces. Non-faces are patches of scenes, parts of faces and their surroundings, faces cut into quarters and
shuffled, texts, shapes, noise and plain colours, a face finder's false alarms (`finder.mine`); then those of a larger pool that fool
the first fit, once more.

It is the last step of the recipe: the network's tensors are kept as they are, and `b` is stored as F16. `score` measures it on sets that it never saw.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from . import container
from .augment import Augmentation, photometric, views
from .container import SIDE, Weights, rounded, write_safetensors
from .evaluate import normed_errors
from .finder.mine import MARGIN
from .network import infer, tensors, to_tensor
from .photos import Photos, read_photos

LIMIT = 0.1
"""A good answer's mean error stays below this many eye distances."""
BAD = 0.15
USUAL = Augmentation(rotation=30, scale=(1.7, 3.0))
WILD = Augmentation(rotation=90, any_turn=0.15, scale=(1.2, 5.0), shift=0.15, clipped=0.5, photometric=1.2, occlusion=0.3, worn=0.1)
HALVES = Augmentation(rotation=30, scale=(1.2, 3.0), shift=0.3, clipped=0.7)


@dataclass
class Sample:
    """What the network makes of crops: the activations that the head reads, and how far off its points are."""

    h: np.ndarray
    errors: np.ndarray
    """Mean error in eye distances; infinite where there is no face."""
    kinds: np.ndarray

    @property
    def good(self) -> np.ndarray:
        return self.errors < LIMIT

    def __add__(self, other: Sample) -> Sample:
        pairs = zip((self.h, self.errors, self.kinds), (other.h, other.errors, other.kinds))
        return Sample(*(np.concatenate(pair) for pair in pairs))

    def take(self, which: np.ndarray) -> Sample:
        return Sample(self.h[which], self.errors[which], self.kinds[which])


@torch.inference_mode()
def activations(weights: dict[str, Tensor], crops: np.ndarray, tap=lambda name, x: x) -> tuple[np.ndarray, np.ndarray]:
    """The 256 values that fc2 reads, and the points, of N crops."""
    read, points = [], []

    def keep(name: str, x: Tensor) -> Tensor:
        x = tap(name, x)
        if name == "fc1":
            read.append(x)
        return x

    for start in range(0, len(crops), 256):
        points.append(infer(weights, to_tensor(crops[start : start + 256]), keep))
    return torch.cat(read).numpy(), torch.cat(points).numpy()


def faces_sample(weights: dict[str, Tensor], photos: Photos, scenes: np.ndarray, count: int, rng: np.random.Generator) -> Sample:
    """Faces in boxes of every kind: half usual, a third wild, the rest mostly halves of faces."""
    parts = []
    for kind, how, share in (("usual", USUAL, 0.5), ("wild", WILD, 0.35), ("half", HALVES, 0.15)):
        chosen = rng.choice(len(photos), int(share * count), p=photos.weights / photos.weights.sum())
        crops, true = views(photos, chosen, scenes, how, rng)
        h, points = activations(weights, crops)
        parts.append(Sample(h, normed_errors(points, true).mean(1), np.full(len(h), kind)))
    return parts[0] + parts[1] + parts[2]


def others_sample(weights: dict[str, Tensor], crops: dict[str, np.ndarray]) -> Sample:
    kinds = np.concatenate([np.full(len(each), kind) for kind, each in crops.items()])
    h, _ = activations(weights, np.concatenate(list(crops.values())))
    return Sample(h, np.full(len(h), np.inf), kinds)


def other_crops(
    photos: Photos, scenes: np.ndarray, count: int, rng: np.random.Generator, alarms: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Crops without a whole face, by kind; half of `count` are scenes, and `alarms`, where they are given, half as many more."""
    kinds = {
        "scene": (count // 2, lambda: scene_patch(scenes, rng)),
        "part of a face": (count // 6, lambda: face_part(photos, rng)),
        "beside a face": (count // 8, lambda: beside_face(photos, rng)),
        "shuffled face": (count // 16, lambda: shuffled_face(photos, rng)),
        "text": (count // 24, lambda: text(rng)),
        "shapes": (count // 24, lambda: shapes(rng)),
        "noise": (count // 24, lambda: noise(rng)),
        "plain": (count // 48, lambda: np.full((SIDE, SIDE, 3), rng.integers(0, 256, 3), np.uint8)),
    }
    if alarms is not None:
        kinds["false alarm"] = count // 2, lambda: false_alarm(alarms, rng)
    shape = -1, SIDE, SIDE, 3
    return {
        kind: np.array([photometric(draw(), 0.7, rng) for _ in range(n)], np.uint8).reshape(shape)
        for kind, (n, draw) in kinds.items()
    }


def window(image: np.ndarray, left: float, top: float, side: float) -> np.ndarray:
    """A square of an image, at 48×48; beyond the border it is reflected."""
    scale = side / SIDE
    matrix = np.array([[scale, 0, left + scale / 2 - 0.5], [0, scale, top + scale / 2 - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(image, matrix, (SIDE, SIDE), flags=flags, borderMode=cv2.BORDER_REFLECT_101)


def scene_patch(scenes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    scene = scenes[rng.integers(len(scenes))]
    side = len(scene) * math.exp(rng.uniform(-1.5, 0))
    left, top = rng.uniform(0, len(scene) - side, 2)
    return np.rot90(window(scene, left, top, side), rng.integers(4)).copy()


def false_alarm(alarms: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A patch as the landmark network sees it, in a box that is a little off."""
    patch = alarms[rng.integers(len(alarms))]
    side = len(patch) / MARGIN * math.exp(rng.normal(0, 0.1))
    left, top = (len(patch) - side) / 2 + rng.normal(0, 0.05, 2) * side
    return window(patch[:, ::-1] if rng.random() < 0.5 else patch, left, top, side)


def face_part(photos: Photos, rng: np.random.Generator) -> np.ndarray:
    """A window of at most 0.9 times the points' extent, somewhere on the face."""
    i = rng.integers(len(photos))
    points = photos.points[i]
    side = (points.max(0) - points.min(0)).max() * rng.uniform(0.3, 0.9)
    left, top = points[rng.integers(5)] + rng.uniform(-0.8, -0.2, 2) * side
    return window(photos.levels[0][i], left, top, side)


def beside_face(photos: Photos, rng: np.random.Generator) -> np.ndarray:
    """A corner of a photo that holds less than two of its points: hair, ears, clothes, walls."""
    while True:
        i = rng.integers(len(photos))
        extent = photos.levels[0].shape[1]
        side = extent * rng.uniform(0.2, 0.5)
        left, top = rng.uniform(0, extent - side, 2)
        inside = (photos.points[i] > [left, top]) & (photos.points[i] < [left + side, top + side])
        if inside.all(1).sum() < 2:
            return window(photos.levels[0][i], left, top, side)


def shuffled_face(photos: Photos, rng: np.random.Generator) -> np.ndarray:
    """The quarters of a face in another order, never all in their places."""
    crop = cv2.resize(photos.levels[-1][rng.integers(len(photos))], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    half = SIDE // 2
    quarters = [crop[y : y + half, x : x + half] for y in (0, half) for x in (0, half)]
    order = np.roll(np.arange(4), rng.integers(1, 4)) if rng.random() < 0.5 else np.array([3, 2, 1, 0])
    a, b, c, d = (quarters[k] for k in order)
    return np.vstack([np.hstack([a, b]), np.hstack([c, d])])


def text(rng: np.random.Generator) -> np.ndarray:
    crop = np.full((SIDE, SIDE, 3), rng.integers(0, 256, 3), np.uint8)
    ink, size = rng.integers(0, 256, 3).tolist(), rng.uniform(0.25, 1.2)
    for line in range(int(5 / size)):
        letters = "".join(chr(rng.integers(33, 127)) for _ in range(14))
        cv2.putText(crop, letters, (int(rng.integers(-8, 4)), int((line + 1) * 18 * size)), int(rng.integers(8)), size, ink, 1, cv2.LINE_AA)
    return crop


def shapes(rng: np.random.Generator) -> np.ndarray:
    """Ellipses, lines and boxes: some of them much like eyes and mouths."""
    crop = np.full((SIDE, SIDE, 3), rng.integers(0, 256, 3), np.uint8)
    for _ in range(rng.integers(2, 9)):
        colour, width = rng.integers(0, 256, 3).tolist(), int(rng.choice([-1, 1, 2]))
        first, second = rng.integers(0, SIDE, (2, 2)).tolist()
        match rng.integers(3):
            case 0:
                axes = rng.integers(2, 20, 2).tolist()
                cv2.ellipse(crop, first, axes, float(rng.uniform(0, 180)), 0, 360, colour, width, cv2.LINE_AA)
            case 1:
                cv2.line(crop, first, second, colour, abs(width), cv2.LINE_AA)
            case _:
                cv2.rectangle(crop, first, second, colour, width)
    return crop


def noise(rng: np.random.Generator) -> np.ndarray:
    coarse = int(rng.integers(2, SIDE + 1))
    return cv2.resize(rng.integers(0, 256, (coarse, coarse, 3), dtype=np.uint8), (SIDE, SIDE))


def logits(head: Weights, h: np.ndarray) -> np.ndarray:
    return h @ head["score.weight"][0].astype(np.float64) + float(head["score.bias"][0])


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(z, -500, 500)))


def fit(sample: Sample, ridge: float = 3e-3) -> Weights:
    """Logistic regression, good and bad answers weighing the same, by L-BFGS on standardised activations."""
    mean, deviation = sample.h.mean(0), sample.h.std(0) + 1e-6
    x = torch.from_numpy((sample.h - mean) / deviation).double()
    y = torch.from_numpy(sample.good).double()
    weight = torch.where(y > 0, 0.5 / y.sum(), 0.5 / (1 - y).sum())
    beta = torch.zeros(x.shape[1] + 1, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([beta], max_iter=300, line_search_fn="strong_wolfe", tolerance_change=1e-10)

    def loss() -> Tensor:
        optimiser.zero_grad()
        z = x @ beta[:-1] + beta[-1]
        value = (weight * torch.nn.functional.binary_cross_entropy_with_logits(z, y, reduction="none")).sum()
        value = value + ridge * beta[:-1].square().mean()
        value.backward()
        return value

    optimiser.step(loss)
    slopes = beta.detach().numpy()[:-1] / deviation
    return {"score.weight": slopes[None], "score.bias": np.array([float(beta[-1].detach()) - slopes @ mean])}


def calibrated(head: Weights, sample: Sample) -> Weights:
    """Platt's method: the slope and the offset of the logit that fit the sample best, folded into the head."""
    z = torch.from_numpy(logits(head, sample.h))
    y = torch.from_numpy(sample.good).double()
    line = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([line], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        value = torch.nn.functional.binary_cross_entropy_with_logits(line[0] * z + line[1], y)
        value.backward()
        return value

    optimiser.step(loss)
    slope, offset = line.detach().numpy()
    return {"score.weight": head["score.weight"] * slope, "score.bias": head["score.bias"] * slope + offset}


def auc(low: np.ndarray, high: np.ndarray) -> float:
    """The chance that a score from `high` exceeds one from `low`: the area under the ROC curve."""
    low = np.sort(low)
    below = np.searchsorted(low, high, "left") + np.searchsorted(low, high, "right")
    return float(below.mean() / 2 / len(low))


def reliability(scores: np.ndarray, good: np.ndarray, bins: int = 10) -> list[tuple[int, float, float]]:
    """Count, mean score and share of good answers in bins of equal width; empty ones are left out."""
    which = np.minimum((scores * bins).astype(int), bins - 1)
    found = [(which == k) for k in range(bins)]
    return [(int(k.sum()), float(scores[k].mean()), float(good[k].mean())) for k in found if k.any()]


def calibration_error(scores: np.ndarray, good: np.ndarray) -> float:
    """Expected calibration error: the mean over answers of |mean score − share of good ones| of their bin."""
    rows = reliability(scores, good)
    return sum(n * abs(score - share) for n, score, share in rows) / len(scores)


def describe(head: Weights, faces: Sample, others: Sample) -> str:
    scores, rest = sigmoid(logits(head, faces.h)), sigmoid(logits(head, others.h))
    right = scores[faces.good]
    threshold = float(np.quantile(right, 0.02))
    lines = [
        f"faces: {len(scores)}, {100 * faces.good.mean():.1f} % good; ECE {calibration_error(scores, faces.good):.3f}",
        f"AUC, errors above {LIMIT} on faces against good answers: {auc(scores[~faces.good], right):.4f}; "
        f"errors above {BAD}: {auc(scores[faces.errors > BAD], right):.4f}",
        f"AUC, non-faces against good answers: {auc(rest, right):.4f}",
        f"at {threshold:.3f}, which keeps 98 % of good answers, {100 * (rest >= threshold).mean():.2f} % of non-faces pass, "
        f"{100 * (scores[~faces.good] >= threshold).mean():.1f} % of bad answers on faces",
    ]
    for limit in (0.3, 0.5, 0.8):
        lines.append(
            f"at {limit}: {100 * (right >= limit).mean():.1f} % of good answers, {100 * (scores[~faces.good] >= limit).mean():.1f} % "
            f"of bad ones on faces and {100 * (rest >= limit).mean():.2f} % of non-faces pass"
        )
    for kind in np.unique(others.kinds):
        at = rest[others.kinds == kind]
        lines.append(f"  {kind}: AUC {auc(at, right):.4f}, {100 * (at >= threshold).mean():.2f} % pass")
    for n, score, share in reliability(scores, faces.good):
        lines.append(f"  mean score {score:.3f}: {100 * share:.1f} % good of {n}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.score_head", description=__doc__.split("\n")[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--version", help="of the weights with this head; by default the network's")
    parser.add_argument("--train", type=Path, default=Path("build/fairface/train.csv"), help="faces to fit on, a list")
    parser.add_argument("--judged", type=Path, default=Path("build/fairface/val.csv"), help="faces to calibrate on, a list")
    parser.add_argument("--scenes", nargs="+", type=Path, default=[Path("build/scenes")], help="folders (`scenes`)")
    parser.add_argument("--alarms", type=Path, help="a folder of a finder's false alarms (`finder.mine --patches`)")
    parser.add_argument("--faces", type=int, default=24000, help="face crops to fit on, and the non-faces of the pool")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    rng = np.random.default_rng(23)
    whole, metadata = container.read_safetensors(options.weights)
    if options.version:
        metadata["version"] = options.version
    frozen = tensors(rounded({name: whole[name] for name in container.SHAPES}))
    photos, judged = read_photos(options.train), read_photos(options.judged)
    seen, unseen = (np.concatenate([np.load(folder / name) for folder in options.scenes]) for name in ("train.npy", "held.npy"))

    alarms, held_alarms = (options.alarms and np.load(options.alarms / name) for name in ("train.npy", "held.npy"))

    sample = faces_sample(frozen, photos, seen, options.faces, rng)
    others = others_sample(frozen, other_crops(photos, seen, options.faces // 2, rng, alarms))
    first = fit(sample + others)
    pool = others_sample(frozen, other_crops(photos, seen, options.faces, rng, alarms))
    hardest = np.argsort(-logits(first, pool.h))[: len(pool.h) // 10]
    head = fit(sample + others + pool.take(hardest))

    held = faces_sample(frozen, judged, unseen, options.faces // 3, rng)
    half = rng.random(len(held.h)) < 0.5
    head = calibrated(head, held.take(half))
    measured = rounded(head)
    strangers = others_sample(frozen, other_crops(judged, unseen, options.faces // 4, rng, held_alarms))
    print(describe(measured, held.take(~half), strangers))
    weights = {name: whole[name] for name in container.SHAPES} | head
    write_safetensors(options.out, weights, metadata)
    print(f"{options.out}: {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
