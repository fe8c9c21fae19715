"""Train the network as a configuration file says: `python -m weights.train.fit weights/train/configs/<name>.toml`.

A run lives in its own folder: `checkpoint.pt` to resume from (the same command does), `weights.safetensors` with the
averaged weights so far, and `log.tsv` with a row an evaluation. The same configuration gives the same run: every random
number follows from the seed and the epoch.
"""

from __future__ import annotations

import argparse
import copy
import math
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from . import checkpoint, container
from .augment import Augmentation, views
from .container import rounded, write_safetensors
from .evaluate import Evaluation, development, predictor
from .network import Network, to_tensor
from .photos import Photos, read_photos
from .score_head import LIMIT, other_crops
from .soap import Soap

SHOWN = ("raw mean", "raw side", "box 2.1×", "box 2.7×", "box 3.3×", "turned ±20°", "turned ±40°")
"""The scores that an evaluation prints; the log has all."""


@dataclass(frozen=True)
class Config:
    name: str
    seed: int = 1
    start: str = ""
    """Weights to start from (safetensors, official .bin, .npz); empty: from scratch."""
    width: int = 1
    """Channels as a multiple of the package's network; above 1 for a teacher."""
    train: str = "build/fairface/train.csv"
    """The training faces, a list of labels (`photos`)."""
    judged: str = "build/fairface/val.csv"
    """The faces to score on while training, such a list, too."""
    scenes: str = "build/scenes/train.npy"
    """Backgrounds (`scenes`)."""
    others: int = 0
    """Crops without a face beside each batch, to teach the features that the score reads (`score_head.other_crops`)."""
    score: float = 0.0
    """Weight of the score's loss beside the points'."""
    faces: int = 16384
    """Faces drawn an epoch, by weight."""
    epochs: int = 85
    batch: int = 64
    rate: float = 3e-3
    warmup: float = 0.05
    """Share of the run in which the rate rises from nothing."""
    floor: float = 0.005
    """The rate at the end, as a share of `rate`; cosine in between."""
    decay: float = 0.02
    soap: bool = False
    """Train by SOAP in place of AdamW."""
    average: float = 0.9985
    """Decay of the running average of the weights, a step."""
    mild: float = 0.15
    """Share of the run, at its end, with half the photometric changes and a quarter of the occlusions."""
    frozen: float = 0.0
    """Share of the run, at its end, with the batch norms' statistics held."""
    evaluate_every: int = 20
    augmentation: Augmentation = field(default_factory=Augmentation)

    @staticmethod
    def read(path: Path) -> Config:
        values = tomllib.loads(path.read_text())
        augmentation = {k: tuple(v) if isinstance(v, list) else v for k, v in values.pop("augmentation", {}).items()}
        return Config(**values, name=path.stem, augmentation=Augmentation(**augmentation))


def normed_loss(predicted: Tensor, true: Tensor) -> Tensor:
    """The metric, smoothed near nought, and with the eye distance of profiles held at half the points' extent."""
    return (((predicted - true) / unit(true)[..., None]).square().sum(-1) + 1e-4).sqrt().mean()


def errors(predicted: Tensor, true: Tensor) -> Tensor:
    """Each face's mean error, N, in eye distances, that of profiles held at half the points' extent."""
    return ((predicted - true).norm(dim=-1) / unit(true)).mean(1)


def unit(true: Tensor) -> Tensor:
    eyes = (true[:, 0] - true[:, 1]).norm(dim=-1)
    extent = (true.amax(1) - true.amin(1)).amax(1)
    return torch.maximum(eyes, 0.5 * extent)[:, None]


def rate_at(progress: float, config: Config) -> float:
    """The learning rate at a share of the run: linear warm-up, then cosine to the floor."""
    if progress < config.warmup:
        return config.rate * progress / config.warmup
    angle = math.pi * (progress - config.warmup) / (1 - config.warmup)
    return config.rate * (config.floor + (1 - config.floor) * (0.5 + 0.5 * math.cos(angle)))


def epoch_order(weights: np.ndarray, config: Config, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """The batches of one epoch: faces by weight, each as evenly as chance would have it at best (systematic sampling)."""
    bounds = np.cumsum(weights) / weights.sum() * config.faces
    order = rng.permutation(np.minimum(np.searchsorted(bounds, rng.random() + np.arange(config.faces)), len(weights) - 1))
    for start in range(0, len(order) - config.batch + 1, config.batch):
        yield order[start : start + config.batch]


class Run:
    """One training run and everything that a checkpoint holds of it."""

    def __init__(self, config: Config, photos: Photos, scenes: np.ndarray, folder: Path) -> None:
        self.config, self.photos, self.scenes, self.folder = config, photos, scenes, folder
        torch.manual_seed(config.seed)
        self.network = Network(config.width)
        if config.start:
            rng = np.random.default_rng([config.seed, 0])
            some = rng.choice(len(photos), min(2000, len(photos)), replace=False)
            crops, _ = views(photos, some, scenes, config.augmentation, rng)
            self.network.restore(container.load(config.start), to_tensor(crops))
        self.network.to(memory_format=torch.channels_last)
        self.averaged = copy.deepcopy(self.network)
        groups = checkpoint.groups(self.network, config.decay)
        if config.soap:
            self.optimiser = Soap(groups, lr=config.rate)
        else:
            self.optimiser = torch.optim.AdamW(groups, lr=config.rate, betas=(0.9, 0.99), fused=True)
        self.epoch, self.steps, self.seconds = 0, 0, 0.0
        self.average = checkpoint.Average(self.averaged, self.network, config.average)
        self.parts = {"network": self.network, "averaged": self.averaged, "optimiser": self.optimiser}

    def train_epoch(self) -> float:
        """One pass over the faces; the mean loss."""
        config = self.config
        rng = np.random.default_rng([config.seed, self.epoch + 1])
        how = config.augmentation
        if self.epoch >= config.epochs * (1 - config.mild):
            how = replace(how, photometric=how.photometric / 2, occlusion=how.occlusion / 4, worn=how.worn / 2)
        self.network.train()
        if self.epoch >= config.epochs * (1 - config.frozen):
            self.hold_statistics()
        batches = list(epoch_order(self.photos.weights, config, rng))
        losses, started = [], time.perf_counter()
        drawn = other_crops(self.photos, self.scenes, config.others * len(batches), rng)
        others = rng.permutation(np.concatenate(list(drawn.values())))
        for i, chosen in enumerate(batches):
            crops, true = views(self.photos, chosen, self.scenes, how, rng)
            crops = np.concatenate([crops, others[i :: len(batches)]])
            rate = rate_at((self.epoch + (i + 1) / len(batches)) / config.epochs, config)
            losses.append(self.step(to_tensor(crops), torch.from_numpy(true), rate))
        self.epoch += 1
        self.seconds += time.perf_counter() - started
        return float(torch.stack(losses).mean())

    def hold_statistics(self) -> None:
        """Keep the batch norms at their averaged statistics; their scales and shifts go on learning."""
        for norm, averaged in zip(self.network.norms, self.averaged.norms):
            norm.load_state_dict(norm.state_dict() | dict(averaged.named_buffers()))
            norm.eval()

    def step(self, x: Tensor, true: Tensor, rate: float) -> Tensor:
        """Learn from N crops: the first have the points `true`, the others no face."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        points, logit = self.network(x)
        points = points[: len(true)]
        loss = normed_loss(points, true)
        good = torch.zeros_like(logit)
        good[: len(true)] = (errors(points.detach(), true) < LIMIT).float()
        loss = loss + self.config.score * F.binary_cross_entropy_with_logits(logit, good)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.network.clamp_slopes()
        self.steps += 1
        self.average.update(self.steps)
        return loss.detach()

    def save(self) -> None:
        """The checkpoint comes last: a run that is interrupted before repeats the epoch, and the weights are never older than it."""
        write_safetensors(self.folder / "weights.safetensors", self.averaged.export(), {"name": self.config.name}, "F32")
        checkpoint.save(self.folder / "checkpoint.pt", self.parts, (self.epoch, self.steps, self.seconds))

    def resume(self) -> None:
        self.epoch, self.steps, self.seconds = checkpoint.resume(self.folder / "checkpoint.pt", self.parts)


def report(run: Run, evaluation: Evaluation, loss: float) -> str:
    """Score the averaged weights as they would be stored, note them in the run's log."""
    table = evaluation.table(predictor(rounded(run.averaged.export())))
    progress = {"epoch": run.epoch, "seconds": f"{run.seconds:.0f}", "loss": f"{loss:.5f}"}
    checkpoint.note(run.folder / "log.tsv", progress | {name: f"{score:.5f}" for name, score in table.items()})
    return "  ".join(f"{name} {table[name]:.4f}" for name in SHOWN)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m weights.train.fit", description=__doc__.split("\n")[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("--runs", type=Path, default=Path("build/runs"), help="where runs are kept")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    config = Config.read(options.config)
    folder = options.runs / config.name
    folder.mkdir(parents=True, exist_ok=True)
    run = Run(config, read_photos(Path(config.train)), np.load(config.scenes, mmap_mode="r"), folder)
    if (folder / "checkpoint.pt").exists():
        run.resume()
    evaluation = Evaluation(development(read_photos(Path(config.judged))))
    while run.epoch < config.epochs:
        loss = run.train_epoch()
        left = (config.epochs - run.epoch) * run.seconds / run.epoch
        line = f"{config.name} {run.epoch}/{config.epochs}  loss {loss:.4f}  {left / 60:.0f} min left"
        if run.epoch % config.evaluate_every == 0 or run.epoch == config.epochs:
            print(f"{line}  {report(run, evaluation, loss)}", flush=True)
        elif sys.stderr.isatty():
            print(line, end="\r", file=sys.stderr, flush=True)
        run.save()  # after the evaluation, which would be missing if the run were interrupted between the two


if __name__ == "__main__":
    main()
