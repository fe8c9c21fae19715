from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from weights.train import checkpoint, fit
from weights.train.augment import Augmentation, views
from weights.train.data import Faces
from weights.train.evaluate import normed_errors
from weights.train.fit import Config, Run, epoch_order, normed_loss, rate_at
from weights.train.network import to_tensor
from weights.train.photos import photos_of
from weights.train.tests.interruption import evaluations

SCENES = np.zeros((1, 96, 96, 3), np.uint8)


def test_loss_is_the_metric_where_errors_are_large() -> None:
    true = torch.tensor([[[0.3, 0.35], [0.7, 0.35], [0.5, 0.5], [0.35, 0.75], [0.65, 0.75]]])
    predicted = true + torch.tensor([0.12, 0.16])
    assert normed_loss(predicted, true).item() == pytest.approx(
        normed_errors(predicted.numpy(), true.numpy()).mean(), rel=1e-3
    )
    assert normed_loss(true, true).item() == pytest.approx(0.01, rel=1e-3)


def test_loss_of_a_profile_is_measured_by_its_extent() -> None:
    true = torch.tensor([[[0.5, 0.3], [0.51, 0.3], [0.6, 0.5], [0.5, 0.7], [0.51, 0.7]]])
    assert normed_loss(true + 0.1, true).item() < 1


def test_rate_rises_then_falls_to_its_floor() -> None:
    config = Config("x", rate=1e-3, warmup=0.1, floor=0.01)
    assert rate_at(0.05, config) == pytest.approx(5e-4)
    assert rate_at(0.1, config) == pytest.approx(1e-3)
    assert rate_at(1, config) == pytest.approx(1e-5)


def test_an_epoch_draws_faces_by_weight() -> None:
    weights = np.repeat([1.0, 3.0, 0.0], [100, 50, 10])
    order = np.concatenate(list(epoch_order(weights, Config("x", batch=50, faces=500), np.random.default_rng(1))))
    counts = np.bincount(order, minlength=160)
    assert counts.sum() == 500
    assert set(counts[:100]) == {2}
    assert set(counts[100:150]) == {6}
    assert not counts[150:].any()


def run_of(faces: Faces, folder: Path, **settings: float) -> Run:
    return Run(Config("test", batch=32, faces=96, **settings), photos_of(faces), SCENES, folder)


def test_one_batch_overfits(faces: Faces, tmp_path: Path) -> None:
    some = faces.take(np.arange(0, 900, 60))
    run = run_of(some, tmp_path)
    crops, true = views(photos_of(some), np.arange(len(some)), SCENES, Augmentation(), np.random.default_rng(2))
    x, y = to_tensor(crops), torch.from_numpy(true)
    run.network.train()
    losses = [run.step(x, y, 3e-3).item() for _ in range(150)]
    assert losses[-1] < 0.2 * losses[0]


@pytest.mark.parametrize("settings", [{}, {"soap": True, "frozen": 1.0}], ids=["adamw", "soap, frozen"])
def test_a_resumed_run_equals_an_uninterrupted_one(faces: Faces, tmp_path: Path, settings: dict) -> None:
    some = faces.take(np.arange(0, 900, 10))
    whole = run_of(some, tmp_path, epochs=2, **settings)
    losses = [whole.train_epoch() for _ in range(2)]
    half = run_of(some, tmp_path, epochs=2, **settings)
    half.train_epoch()
    half.save()
    resumed = run_of(some, tmp_path, epochs=2, **settings)
    resumed.resume()
    assert resumed.train_epoch() == losses[1]
    for name, value in whole.averaged.export().items():
        np.testing.assert_array_equal(resumed.averaged.export()[name], value, err_msg=name)


def test_frozen_norms_keep_their_statistics(faces: Faces, tmp_path: Path) -> None:
    run = run_of(faces.take(np.arange(0, 900, 10)), tmp_path, epochs=2, frozen=0.5)
    run.train_epoch()
    before = [norm.running_mean.clone() for norm in run.averaged.norms]
    scales = [norm.weight.clone() for norm in run.network.norms]
    run.train_epoch()
    for norm, averaged, mean, scale in zip(run.network.norms, run.averaged.norms, before, scales):
        torch.testing.assert_close(norm.running_mean, mean)
        torch.testing.assert_close(averaged.running_mean, mean)
        assert not torch.equal(norm.weight, scale)


def test_configuration_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "short.toml"
    path.write_text("epochs = 3\n[augmentation]\nscale = [1.5, 2.0]\n")
    config = Config.read(path)
    assert (config.name, config.epochs, config.augmentation.scale) == ("short", 3, (1.5, 2.0))


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[1] / "configs").glob("*.toml")), ids=lambda path: path.stem)
def test_the_configurations_of_the_project_are_valid(path: Path) -> None:
    assert Config.read(path).epochs > 0


def test_a_table_holds_each_evaluation_once(tmp_path: Path) -> None:
    log = tmp_path / "log.tsv"
    checkpoint.note(log, {"epoch": 1, "loss": "0.5"})
    checkpoint.note(log, {"epoch": 10, "loss": "0.2"})
    assert log.read_text() == "epoch\tloss\n1\t0.5\n10\t0.2\n"
    checkpoint.note(log, {"epoch": 10, "loss": "0.3"})
    assert log.read_text() == "epoch\tloss\n1\t0.5\n10\t0.3\n"


def test_an_evaluation_that_was_interrupted_is_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    face = np.array([[60, 60], [100, 60], [80, 85], [65, 105], [95, 105]])
    lines = ["file," + ",".join(f"{axis}{i}" for i in range(5) for axis in "xy") + ",weight"]
    for i in range(4):
        assert cv2.imwrite(str(tmp_path / f"{i}.png"), rng.integers(0, 256, (160, 160, 3), np.uint8))
        lines.append(f"{i}.png," + ",".join(map(str, face.ravel())) + ",1")
    (tmp_path / "list.csv").write_text("\n".join(lines))
    np.save(tmp_path / "scenes.npy", SCENES)
    config = tmp_path / "short.toml"
    files = "".join(f'{key} = "{tmp_path / "list.csv"}"\n' for key in ("train", "judged"))
    config.write_text(f'{files}scenes = "{tmp_path / "scenes.npy"}"\nepochs = 1\nbatch = 2\nfaces = 2\n')
    assert evaluations(fit, [str(config), "--runs", str(tmp_path)], "epoch", monkeypatch) == [1, 1]
