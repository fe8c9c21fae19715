from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from weights.train.finder.detect import Finder, decode, load, save, suppress
from weights.train.finder.export import mean, shortened
from weights.train.finder.network import STRIDES, TAPS, Network, cells, infer, shapes, to_input


@pytest.fixture(scope="module")
def trained() -> Network:
    """Random weights with statistics and slopes that are not those of the start."""
    torch.manual_seed(4)
    network = Network()
    network.train()
    with torch.no_grad():
        for i, stage in enumerate(network.stages.values()):
            stage.slope.fill_(0.05 * i)
        for _ in range(3):
            network(torch.rand(2, 12, 32, 48))
    return network.eval()


def test_size_is_within_the_package_limits() -> None:
    assert sum(p.numel() for p in Network().parameters()) == sum(int(np.prod(s)) for s in shapes().values()) == 149_579
    products = 0
    sides = {"conv1": 2, "conv2": 4, "conv3": 4, "conv4": 8, "conv5": 8, "conv6": 16, "conv7": 16, "conv8": 32, "conv9": 32}
    sides |= {"conv10": 16, "conv11": 8, "up16": 32, "up8": 16, "head8": 8, "head16": 16, "head32": 32}
    assert {f"{name}.weight" for name in sides} == {name for name in shapes() if name.endswith(".weight")}
    for name, stride in sides.items():
        products += int(np.prod(shapes()[f"{name}.weight"])) * (320 // stride) * (240 // stride)
    assert products == 172_416_000


def test_input_is_the_space_to_depth_of_the_image() -> None:
    images = np.random.default_rng(1).integers(0, 256, (2, 32, 64, 3), np.uint8)
    planes = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    torch.testing.assert_close(to_input(images), F.pixel_unshuffle(planes, 2))


def test_exported_weights_answer_as_the_trained_network(trained: Network) -> None:
    x = torch.rand(1, 12, 32, 48)
    weights = {name: torch.from_numpy(value) for name, value in trained.export().items()}
    maps = infer(weights, x)
    answers = torch.cat([maps[head].permute(0, 2, 3, 1).flatten(1, 2) for head in TAPS.values()], 1)
    with torch.no_grad():
        torch.testing.assert_close(answers, trained(x), atol=1e-4, rtol=1e-4)
    assert [maps[head].shape[2:] for head in TAPS.values()] == [(8, 12), (4, 6), (2, 3)]


def test_an_earlier_network_gives_what_fits(trained: Network) -> None:
    earlier = {name: value.clone() for name, value in trained.state_dict().items() if not name.startswith(("ups.", "stages.conv10."))}
    earlier["heads.head8.weight"] = torch.ones(16, 32, 3, 3)
    earlier["stages.up.conv.weight"] = torch.ones(3)  # which this network hasn't
    network = Network()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    network.start_from(earlier)
    kept = {name for name in before if name.startswith(("ups.", "stages.conv10."))} | {"heads.head8.weight"}
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, before[name] if name in kept else earlier[name], rtol=0, atol=0)


def test_weights_survive_their_file(trained: Network, tmp_path: Path) -> None:
    weights = trained.export()
    save(tmp_path / "finder.safetensors", weights, {"version": "0"})
    read = load(tmp_path / "finder.safetensors")
    assert list(read) == list(shapes())
    for name, shape in shapes().items():
        assert read[name].shape == shape
        np.testing.assert_allclose(read[name], weights[name], rtol=1e-3, atol=1e-6)


def test_a_cell_decodes_by_hand() -> None:
    places = torch.from_numpy(cells(64, 32))
    assert len(places) == sum(64 // s * 32 // s for s in STRIDES)
    answers = torch.zeros(len(places), 16)
    answers[9, 1:7] = torch.tensor([0.25, -0.5, np.log(2.0), 0.0, 1.0, -1.0])  # second row, second cell of stride 8
    boxes, points = decode(answers, places)
    # Centre 12 + 2, 12 − 4; width 3·8·2, height 3·8; the first point two strides right and up.
    np.testing.assert_allclose(boxes[9], [14 - 24, 8 - 12, 14 + 24, 8 + 12], rtol=1e-6)
    np.testing.assert_allclose(points[9, 0], [12 + 16, 12 - 16])
    np.testing.assert_allclose(points[9, 1], [12, 12])


def test_suppression_keeps_the_best_of_what_overlaps() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [30, 0, 40, 10], [0, 6, 10, 16]], np.float32)
    assert suppress(boxes, np.array([0.6, 0.9, 0.5, 0.7], np.float32)).tolist() == [1, 3, 2]
    assert suppress(boxes[:0], np.zeros(0, np.float32)).tolist() == []


def test_an_image_of_any_size_is_padded_and_boxes_end_at_its_edge(trained: Network) -> None:
    weights = trained.export()
    weights["head32.bias"] = np.array([5, 0, 0, 4, 4] + [0] * 11, np.float32)  # whatever is seen, a huge face
    boxes, scores, points = Finder(weights, 0.9)(np.zeros((45, 71, 3), np.uint8))
    np.testing.assert_allclose(boxes, [[0, 0, 71, 45]])
    assert scores.shape == (1,) and points.shape == (1, 5, 2)


def test_exported_filters_are_rounded_to_steps_of_a_power_of_two() -> None:
    values = np.random.default_rng(5).normal(0, 0.07, (32, 16, 3, 3)).astype(np.float32)
    got = shortened({"conv1.weight": values, "conv1.bias": values})
    np.testing.assert_array_equal(got["conv1.bias"], values)
    step = 2.0**-9  # 0.07 / 32 is 1.12 times as much
    assert np.abs(got["conv1.weight"] - values).max() <= step / 2
    np.testing.assert_array_equal(got["conv1.weight"] / step, np.round(got["conv1.weight"] / step))
    assert np.gcd.reduce((got["conv1.weight"] / step).astype(int).ravel()) == 1


def test_the_mean_of_runs_is_that_of_their_weights_and_statistics() -> None:
    first, second = Network().state_dict(), Network().state_dict()
    second["stages.conv1.norm.num_batches_tracked"] += 5
    result = mean([first, second])
    for name in ("heads.head8.weight", "stages.conv3.norm.running_var"):
        torch.testing.assert_close(result[name], (first[name] + second[name]) / 2)
    assert result["stages.conv1.norm.num_batches_tracked"] == 0
    Network().load_state_dict(result)
