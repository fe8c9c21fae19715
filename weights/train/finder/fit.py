"""Train the finder as a configuration says: `python -m weights.train.finder.fit weights/train/finder/configs/<name>.toml`.

A run's folder holds `checkpoint.pt`, renewed every round, from which the same command goes on, `weights.safetensors`, the
averaged weights so far, and `log.tsv` with a row an evaluation on held-out photos. Every random number follows from the
seed and the round, so a resumed run equals one that was not interrupted.
"""

from __future__ import annotations

import argparse
import copy
import math
import sys
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .. import checkpoint
from ..container import rounded
from ..soap import Soap
from .detect import Finder, decode, find, save
from .metrics import Judged, table
from .network import Network, cells, to_input
from .photos import Store, held_out
from .views import IGNORED, Augmentation, View, Views, targets


@dataclass(frozen=True)
class Config:
    name: str
    seed: int = 1
    start: str = ""
    """A checkpoint of an earlier run; empty: from scratch."""
    data: str = "research"
    """Folder under `--data`."""
    alarms: str = ""
    """False alarms to show again (`mine`), an .npy file in the data's folder."""
    rounds: int = 100
    """Lengths are counted in rounds of `steps` steps."""
    steps: int = 50
    batch: int = 32
    """Views of 256×256 a step; fewer of larger ones, by area."""
    sides: dict[str, float] = field(default_factory=lambda: {"256": 0.7, "320": 0.2, "384": 0.1})
    """Sides of the views, and how often a step uses each."""
    rate: float = 3e-3
    warmup: float = 0.02
    constant: float = 0.0
    """Share of the run, after the warm-up, at the full rate; then a cosine to `floor`."""
    floor: float = 0.01
    decay: float = 0.02
    average: float = 0.998
    """Decay of the running average of the weights, a step."""
    held: int = 0
    """How many of the first stages stay as they start; with three, a step takes half the time."""
    box: float = 1.0
    points: float = 0.5
    """Weights of the box's and the points' losses beside the score's."""
    evaluate_every: int = 10
    augmentation: Augmentation = field(default_factory=Augmentation)

    @staticmethod
    def read(path: Path) -> Config:
        values = tomllib.loads(path.read_text())
        return Config(**values | {"name": path.stem, "augmentation": Augmentation(**values.get("augmentation", {}))})


def rate_at(progress: float, config: Config) -> float:
    if progress < config.warmup:
        return config.rate * progress / config.warmup
    fall = max(0.0, progress - config.warmup - config.constant) / (1 - config.warmup - config.constant)
    return config.rate * (config.floor + (1 - config.floor) * (0.5 + 0.5 * math.cos(math.pi * fall)))


def enclosing_loss(boxes: Tensor, true: Tensor) -> tuple[Tensor, Tensor]:
    """EIoU (Zhang et al., 2021) of corners N×4: 1 − IoU and the misses of centre, width and height; and the IoU."""
    size, true_size = boxes[:, 2:] - boxes[:, :2], true[:, 2:] - true[:, :2]
    shared = (torch.minimum(boxes[:, 2:], true[:, 2:]) - torch.maximum(boxes[:, :2], true[:, :2])).clamp(min=0).prod(1)
    iou = shared / (size.prod(1) + true_size.prod(1) - shared + 1e-6)
    hull = torch.maximum(boxes[:, 2:], true[:, 2:]) - torch.minimum(boxes[:, :2], true[:, :2])
    centres = (boxes[:, :2] + boxes[:, 2:] - true[:, :2] - true[:, 2:]) / 2
    distance = centres.square().sum(1) / (hull.square().sum(1) + 1e-6)
    return 1 - iou + distance + ((size - true_size).square() / (hull.square() + 1e-6)).sum(1), iou


def losses(answers: Tensor, kinds: Tensor, places: Tensor, boxes: Tensor, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The score's, the box's and the points' losses, each by the number of cells that hold a face.

    `answers` N×cells×16; `kinds` N×cells: at or above 0 a row of `boxes` (M×4) and `points` (M×5×2).
    The score learns the overlap that the cell's own box reaches (quality focal loss; Li et al., 2020).
    """
    image, cell = torch.nonzero(kinds >= 0, as_tuple=True)
    face = kinds[image, cell]
    count = max(1, len(face))
    found, found_points = decode(answers[image, cell], places[cell])
    box_loss, iou = enclosing_loss(found, boxes[face])
    size = (boxes[face, 2:] - boxes[face, :2]).prod(1).sqrt()[:, None, None]
    miss = ((found_points - points[face]) / size)[torch.isfinite(points[face])]
    point_loss = F.smooth_l1_loss(miss, torch.zeros_like(miss), beta=0.1, reduction="sum") / max(1, len(miss) / 2)

    logits = answers[:, :, 0]
    quality = torch.zeros_like(logits)
    quality[image, cell] = iou.detach().clamp(0.05, 1)
    score = logits.detach().sigmoid()
    weight = torch.where(quality > 0, (quality - score).abs(), 0.75 * score.square()) * (kinds != IGNORED)
    score_loss = (F.binary_cross_entropy_with_logits(logits, quality, reduction="none") * weight).sum() / count
    return score_loss, box_loss.sum() / count, point_loss


def stack(views: list[View]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Input, kinds, boxes and points of a batch."""
    kinds, first = [], 0
    for view in views:
        own = targets(view)
        kinds.append(np.where(own >= 0, own + first, own))
        first += len(view.boxes)
    boxes, points = (np.concatenate([getattr(view, key) for view in views]) for key in ("boxes", "points"))
    arrays = (np.stack(kinds), boxes.astype(np.float32), points.astype(np.float32))
    return to_input(np.stack([view.image for view in views])), *(torch.from_numpy(a) for a in arrays)


class Run:
    """One training run and everything that a checkpoint holds of it."""

    def __init__(self, config: Config, views: Views, folder: Path) -> None:
        self.config, self.views, self.folder = config, views, folder
        torch.manual_seed(config.seed)
        self.network = Network()
        if config.start:
            self.network.start_from(torch.load(config.start, weights_only=True)["averaged"])
        self.network.to(memory_format=torch.channels_last)
        self.averaged = copy.deepcopy(self.network)
        self._held = list(self.network.stages.values())[: config.held]
        for stage in self._held:
            stage.requires_grad_(False)
        self.optimiser = Soap(checkpoint.groups(self.network, config.decay), lr=config.rate, betas=(0.9, 0.98))
        self.round, self.steps, self.seconds = 0, 0, 0.0
        self.average = checkpoint.Average(self.averaged, self.network, config.average)
        self.parts = {"network": self.network, "averaged": self.averaged, "optimiser": self.optimiser}

    def train_round(self) -> np.ndarray:
        """The mean score, box and points losses of one round."""
        config, started = self.config, time.perf_counter()
        rng = np.random.default_rng([config.seed, self.round + 1])
        sides, shares = [int(side) for side in config.sides], list(config.sides.values())
        self.network.train()
        for stage in self._held:
            stage.eval()
        results = []
        for i in range(config.steps):
            side = int(rng.choice(sides, p=np.array(shares) / sum(shares)))
            batch = max(1, round(config.batch * (256 / side) ** 2))
            views = [self.views.draw(side, rng) for _ in range(batch)]
            results.append(self.step(views, rate_at((self.round + (i + 1) / config.steps) / config.rounds, config)))
        self.round += 1
        self.seconds += time.perf_counter() - started
        return torch.stack(results).mean(0).numpy()

    def step(self, views: list[View], rate: float) -> Tensor:
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        x, kinds, boxes, points = stack(views)
        side = views[0].image.shape[0]
        parts = torch.stack(losses(self.network(x), kinds, torch.from_numpy(cells(side, side)), boxes, points))
        self.optimiser.zero_grad(set_to_none=True)
        (parts * torch.tensor([1.0, self.config.box, self.config.points])).sum().backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 10.0)
        self.optimiser.step()
        self.network.clamp_slopes()
        self.steps += 1
        self.average.update(self.steps)
        return parts.detach()

    def save(self) -> None:
        """The checkpoint comes last: a run that is interrupted before repeats the round, and the weights are never older than it."""
        save(self.folder / "weights.safetensors", self.averaged.export(), {"name": self.config.name}, "F32")
        checkpoint.save(self.folder / "checkpoint.pt", self.parts, (self.round, self.steps, self.seconds))

    def resume(self) -> None:
        self.round, self.steps, self.seconds = checkpoint.resume(self.folder / "checkpoint.pt", self.parts)


def judge(detector, store: Store, chosen: np.ndarray, longest: int) -> list[Judged]:
    """What a detector finds in photos of a store; every labelled face of at least 10 pixels at 320 counts as hard."""
    result = []
    for i in chosen:
        photo = store[i]
        boxes, scores = find(detector, photo.image, longest)
        side = max(photo.image.shape[:2])
        large = (photo.boxes[:, 3] - photo.boxes[:, 1]) >= 10 / 320 * side
        result.append(Judged(photo.image.shape[1::-1], photo.boxes, np.where(large, 3, 4), boxes, scores))
    return result


def development(store: Store) -> np.ndarray:
    """Which photos of a store decide: the WIDER photos held out."""
    return np.flatnonzero((store.sources == "wider") & [held_out(name) for name in store.names])


def report(run: Run, store: Store, parts: np.ndarray) -> str:
    """Score the averaged weights as they would be stored, note them in the run's log."""
    scores = table(judge(Finder(rounded(run.averaged.export())), store, development(store), 320))
    scores = {name: scores[name] for name in scores if name not in ("AP easy", "AP medium")}
    row = dict(zip(("score loss", "box loss", "points loss"), parts)) | scores
    progress = {"round": run.round, "seconds": f"{run.seconds:.0f}"}
    checkpoint.note(run.folder / "log.tsv", progress | {name: f"{value:.4f}" for name, value in row.items()})
    return "  ".join(f"{name} {value:.3f}" for name, value in scores.items() if "threshold" not in name)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.finder.fit", description=__doc__.split("\n")[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("--data", type=Path, default=Path("build/finder"), help="folder of prepared data")
    parser.add_argument("--runs", type=Path, default=Path("build/runs"), help="where runs are kept")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    config = Config.read(options.config)
    folder = options.runs / config.name
    folder.mkdir(parents=True, exist_ok=True)
    store = Store(options.data / config.data)
    judged = store if "wider" in store.sources else Store(options.data / "research")
    alarms = np.load(options.data / config.data / config.alarms) if config.alarms else None
    seen = np.ones(len(store), bool)
    seen[development(store)] = False
    run = Run(config, Views(store, seen, config.augmentation, alarms), folder)
    if (folder / "checkpoint.pt").exists():
        run.resume()
    while run.round < config.rounds:
        parts = run.train_round()
        left = (config.rounds - run.round) * run.seconds / run.round
        losses_ = " ".join(f"{part:.3f}" for part in parts)
        line = f"{config.name} {run.round}/{config.rounds}  loss {losses_}  {left / 60:.0f} min left"
        if run.round % config.evaluate_every == 0 or run.round == config.rounds:
            print(f"{line}  {report(run, judged, parts)}", flush=True)
        elif sys.stderr.isatty():
            print(line, end="\r", file=sys.stderr, flush=True)
        run.save()  # after the evaluation, which would be missing if the run were interrupted between the two


if __name__ == "__main__":
    main()
