from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from weights.train.finder import fit
from weights.train.finder.fit import Config, Run, enclosing_loss, losses, rate_at, stack
from weights.train.finder.mine import false_alarms
from weights.train.finder.network import cells
from weights.train.finder.photos import Store, held_out, write
from weights.train.finder.views import IGNORED, Augmentation, Views
from weights.train.tests.interruption import evaluations


def run_of(store: Store, folder: Path, **settings: object) -> Run:
    config = Config("test", **{"batch": 4, "steps": 2, "rounds": 2, "sides": {"64": 0.5, "96": 0.5}} | settings)
    return Run(config, Views(store, np.ones(len(store), bool), config.augmentation), folder)


def test_rate_rises_stays_and_falls() -> None:
    config = Config("x", rate=1e-3, warmup=0.1, constant=0.4, floor=0.01)
    assert rate_at(0.05, config) == pytest.approx(5e-4)
    assert rate_at(0.3, config) == rate_at(0.5, config) == pytest.approx(1e-3)
    assert rate_at(0.75, config) == pytest.approx(1e-3 * (0.01 + 0.99 / 2))
    assert rate_at(1, config) == pytest.approx(1e-5)


def test_box_loss_by_hand() -> None:
    true = torch.tensor([[0.0, 0.0, 10.0, 10.0]])
    loss, iou = enclosing_loss(true, true)
    assert loss.item() == pytest.approx(0, abs=1e-5) and iou.item() == pytest.approx(1, abs=1e-5)
    # Half as wide, the left half: IoU 0.5, centre off by 2.5 of a diagonal √200, width off by 5 of a hull 10 wide.
    loss, iou = enclosing_loss(torch.tensor([[0.0, 0.0, 5.0, 10.0]]), true)
    assert iou.item() == pytest.approx(0.5, abs=1e-5)
    assert loss.item() == pytest.approx(0.5 + 6.25 / 200 + 25 / 100, abs=1e-4)


def answers_for(kinds: torch.Tensor, boxes: torch.Tensor, points: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """What a perfect network would say."""
    answers = torch.zeros(*kinds.shape, 16)
    answers[..., 0] = torch.where(kinds >= 0, 12.0, -12.0)
    image, cell = torch.nonzero(kinds >= 0, as_tuple=True)
    box, place = boxes[kinds[image, cell]], places[cell]
    centre, stride = place[:, :2], place[:, 2:]
    answers[image, cell, 1:3] = ((box[:, :2] + box[:, 2:]) / 2 - centre) / stride
    answers[image, cell, 3:5] = torch.log((box[:, 2:] - box[:, :2]) / stride / 3)
    answers[image, cell, 5:15] = ((points[kinds[image, cell]] - centre[:, None]) / stride[:, None] / 2).flatten(1)
    return answers


def test_a_perfect_answer_has_no_loss_and_ignored_cells_do_not_matter(store: Store) -> None:
    views = Views(store, np.ones(len(store), bool), Augmentation())
    rng = np.random.default_rng(9)
    x, kinds, boxes, points = stack([views.draw(128, rng) for _ in range(6)])
    assert x.shape == (6, 12, 64, 64)
    places = torch.from_numpy(cells(128, 128))
    perfect = answers_for(kinds, boxes, points, places)
    assert all(part.item() < 1e-3 for part in losses(perfect, kinds, places, boxes, points))
    spoiled = perfect.clone()
    spoiled[..., 0][kinds == IGNORED] = 5
    assert (kinds == IGNORED).any()
    assert all(part.item() < 1e-3 for part in losses(spoiled, kinds, places, boxes, points))
    spoiled[..., 0][kinds == -1] = 5
    assert losses(spoiled, kinds, places, boxes, points)[0].item() > 1


def test_unknown_points_do_not_matter(store: Store) -> None:
    views = Views(store, np.ones(len(store), bool), Augmentation())
    _, kinds, boxes, points = stack([views.draw(128, np.random.default_rng(10))])
    places = torch.from_numpy(cells(128, 128))
    answers = torch.zeros(*kinds.shape, 16, requires_grad=True)
    total = sum(losses(answers, kinds, places, boxes, torch.full_like(points, torch.nan)))
    total.backward()
    assert torch.isfinite(answers.grad).all()
    assert not answers.grad[..., 5:].any()


def test_one_batch_overfits(store: Store, tmp_path: Path) -> None:
    run = run_of(store, tmp_path)
    rng = np.random.default_rng(11)
    batch = [run.views.draw(96, rng) for _ in range(4)]
    run.network.train()
    results = [run.step(batch, 3e-3).sum().item() for _ in range(120)]
    assert results[-1] < 0.4 * results[0]


def test_a_resumed_run_equals_an_uninterrupted_one(store: Store, tmp_path: Path) -> None:
    whole = run_of(store, tmp_path)
    losses_ = [whole.train_round() for _ in range(2)]
    half = run_of(store, tmp_path)
    half.train_round()
    half.save()
    resumed = run_of(store, tmp_path)
    resumed.resume()
    np.testing.assert_array_equal(resumed.train_round(), losses_[1])
    for name, value in whole.averaged.export().items():
        np.testing.assert_array_equal(resumed.averaged.export()[name], value, err_msg=name)


def test_a_run_starts_from_the_averaged_weights_of_another(store: Store, tmp_path: Path) -> None:
    first = run_of(store, tmp_path)
    first.train_round()
    first.save()
    second = run_of(store, tmp_path, start=str(tmp_path / "checkpoint.pt"))
    for name, value in first.averaged.export().items():
        np.testing.assert_array_equal(second.network.export()[name], value, err_msg=name)


def test_held_stages_stay_as_they_were(store: Store, tmp_path: Path) -> None:
    run = run_of(store, tmp_path, held=3)
    before = run.network.export()
    run.train_round()
    for name, value in run.network.export().items():
        same = np.array_equal(value, before[name])
        assert same == (name.split(".")[0] in ("conv1", "conv2", "conv3")), name


def test_slopes_stay_where_pooling_may_come_first(store: Store, tmp_path: Path) -> None:
    run = run_of(store, tmp_path)
    with torch.no_grad():
        for stage in run.network.stages.values():
            stage.slope.fill_(-1)
    run.train_round()
    assert all(0 <= stage.slope.item() <= 1 for stage in run.network.stages.values())


def test_one_photo_in_twelve_is_held_out_whatever_else_there_is() -> None:
    names = [f"{i}.jpg" for i in range(6000)]
    share = np.mean([held_out(name) for name in names])
    assert share == pytest.approx(1 / 12, abs=0.01)


def test_boxes_on_or_within_something_are_no_false_alarms() -> None:
    boxes = np.array([[0, 0, 10, 10], [2, 2, 4, 4], [50, 50, 60, 60]], np.float32)
    assert false_alarms(boxes, np.array([[0, 0, 11, 11]], np.float32)).tolist() == [False, False, True]
    assert false_alarms(boxes, np.zeros((0, 4), np.float32)).tolist() == [True] * 3


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[1] / "configs").glob("*.toml")), ids=lambda path: path.stem)
def test_the_configurations_of_the_project_are_valid(path: Path) -> None:
    assert Config.read(path).rounds > 0


def test_an_evaluation_that_was_interrupted_is_made_up_for(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "research", store)
    config = tmp_path / "short.toml"
    config.write_text("rounds = 1\nsteps = 1\nbatch = 1\nsides = { 64 = 1.0 }\n")
    arguments = [str(config), "--data", str(tmp_path), "--runs", str(tmp_path)]
    assert evaluations(fit, arguments, "round", monkeypatch) == [1, 1]


def test_photos_that_are_gathered_in_vain_leave_those_before(store: Store, tmp_path: Path) -> None:
    write(tmp_path, store)

    def interrupted():
        yield store[1]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, interrupted())
    kept = Store(tmp_path)
    assert len(kept) == len(store)
    for ours, theirs in zip(kept, store):
        np.testing.assert_array_equal(ours.image, theirs.image)
