from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from weights.train import container
from weights.train.blend import blend
from weights.train.container import (
    HEAD,
    SHAPES,
    Weights,
    read_safetensors,
    rounded,
    write_safetensors,
)
from weights.train.data import Faces
from weights.train.evaluate import OFFICIAL, Evaluation, predictor
from weights.train.network import Network, to_tensor
from weights.train.photos import photos_of
from weights.train.quantise import calibration_crops, equalise, int8_predictor

from .conftest import ROOT
from .reference_network import forward

DEFAULT = ROOT / "weights/default.safetensors"


@pytest.fixture(scope="module")
def trained() -> tuple[Network, Weights]:
    """A network with batch norms that have seen data, and its export."""
    torch.manual_seed(4)
    network = Network()
    optimiser = torch.optim.SGD(network.parameters(), lr=0.05)
    for _ in range(5):
        loss = (network(torch.rand(16, 3, 48, 48) * 255)[0] - torch.rand(16, 5, 2)).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        network.clamp_slopes()
    return network.eval(), network.export()


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    return np.random.default_rng(8).integers(0, 256, (8, 48, 48, 3), dtype=np.uint8)


def test_export_answers_as_the_network_does(trained: tuple[Network, Weights], crops: np.ndarray) -> None:
    network, weights = trained
    with torch.inference_mode():
        answers = network(to_tensor(crops))[0].numpy()
    np.testing.assert_allclose(predictor(weights)(crops), answers, atol=1e-5)
    np.testing.assert_allclose([forward(weights, c).reshape(5, 2) for c in crops], answers, atol=1e-5)


def test_restore_undoes_export(trained: tuple[Network, Weights], crops: np.ndarray) -> None:
    _, weights = trained
    grown = weights | {
        "conv1.weight": 20 * weights["conv1.weight"],
        "conv1.bias": 20 * weights["conv1.bias"],
        "conv1.scale": weights["conv1.scale"] / 20,
    }
    network = Network()
    size = network.convs[0].weight.square().mean().item()
    network.restore(grown, torch.rand(64, 3, 48, 48) * 255)
    np.testing.assert_allclose(predictor(network.export())(crops), predictor(weights)(crops), atol=1e-5)
    assert network.convs[0].weight.square().mean().item() == pytest.approx(size, rel=1e-4)
    assert network.norms[4].weight.abs().mean().item() == pytest.approx(1, rel=1e-2)


def test_container_keeps_every_tensor(trained: tuple[Network, Weights], tmp_path: Path) -> None:
    _, weights = trained
    for dtype, expected in (("F32", weights), ("F16", rounded(weights))):
        write_safetensors(tmp_path / "w.safetensors", weights, {"format": "fivepoint", "name": "test"}, dtype)
        read, metadata = read_safetensors(tmp_path / "w.safetensors")
        assert metadata == {"format": "fivepoint", "name": "test"}
        for name in SHAPES:
            np.testing.assert_array_equal(read[name], expected[name], err_msg=name)


def test_container_keeps_the_score_head(trained: tuple[Network, Weights], tmp_path: Path) -> None:
    head = {name: np.full(shape, 0.5, np.float32) for name, shape in HEAD.items()}
    write_safetensors(tmp_path / "w.safetensors", trained[1] | head, {})
    read, _ = read_safetensors(tmp_path / "w.safetensors")
    assert {name: value.shape for name, value in read.items()} == SHAPES | HEAD
    assert list(read)[-2:] == list(HEAD)


def test_values_beyond_f16_are_refused(trained: tuple[Network, Weights], tmp_path: Path) -> None:
    weights = trained[1] | {"fc3.bias": np.full(10, 1e6, np.float32)}
    with pytest.raises(ValueError, match="fc3.bias does not fit F16"):
        write_safetensors(tmp_path / "w.safetensors", weights, {})


def test_default_weights_have_the_shapes_of_the_package() -> None:
    weights, metadata = read_safetensors(DEFAULT)
    assert {name: value.shape for name, value in weights.items()} == SHAPES | HEAD
    assert metadata["license"] == "CC-BY-4.0" and "FairFace" in metadata["source"]
    assert {"format", "version", "name", "license", "source"} <= metadata.keys()
    assert metadata["format"] == "fivepoint"
    for i in range(1, 4):
        assert 0 <= weights[f"conv{i}.slope"][0] <= 1


def test_equalising_changes_nothing_in_float(trained: tuple[Network, Weights], crops: np.ndarray) -> None:
    _, weights = trained
    equal = equalise(weights, crops)
    np.testing.assert_allclose(predictor(equal)(crops), predictor(weights)(crops), atol=1e-6)


def test_a_blend_of_equals_is_equal(trained: tuple[Network, Weights], crops: np.ndarray) -> None:
    _, weights = trained
    np.testing.assert_allclose(
        predictor(blend([weights, weights], [1, 3], crops))(crops), predictor(weights)(crops), atol=1e-4
    )


def test_a_blend_sees_through_the_sizes_of_filters(trained: tuple[Network, Weights], crops: np.ndarray) -> None:
    _, weights = trained
    grown = weights | {
        "conv2.weight": 20 * weights["conv2.weight"],
        "conv2.bias": 20 * weights["conv2.bias"],
        "conv2.scale": weights["conv2.scale"] / 20,
        "conv5.scale": 7 * weights["conv5.scale"],
        "conv5.shift": 7 * weights["conv5.shift"],
        "depthwise.weight": weights["depthwise.weight"] / 7,
    }
    np.testing.assert_allclose(predictor(blend([weights, grown], [1, 1], crops))(crops), predictor(weights)(crops), atol=1e-4)


def test_int8_keeps_the_error_of_the_default_weights(faces: Faces) -> None:
    evaluation = Evaluation(faces)
    weights = container.load(DEFAULT)
    as_float = evaluation.given(predictor(weights))["canon"]["mean"]
    as_int8 = evaluation.given(int8_predictor(weights, calibration_crops(photos_of(faces), faces.images)))["canon"]["mean"]
    assert as_int8 / as_float < 1.01


def test_official_constants_give_the_golden_landmarks(reference_folder: Path) -> None:
    golden = reference_folder / "golden"
    crops = np.fromfile(golden / "crops_bgr_u8.bin", np.uint8).reshape(-1, 48, 48, 3)
    landmarks = np.fromfile(golden / "landmarks_f64.bin").reshape(-1, 5, 2)
    official = container.load(reference_folder / OFFICIAL)
    np.testing.assert_allclose(predictor(official)(crops), landmarks, atol=1e-5)
    np.testing.assert_allclose(forward(official, crops[0]), landmarks[0].ravel(), atol=1e-12)


RUN = """
import { readFileSync } from "node:fs";
const [library, weights, crops] = process.argv.slice(1);
const { createLandmarker } = await import(library);
const landmarker = await createLandmarker({ weights: readFileSync(weights) });
const pixels = readFileSync(crops);
console.log(JSON.stringify([...landmarker.run(pixels, pixels.length / (48 * 48 * 3))]));
"""


def test_wasm_answers_as_the_export_does(trained: tuple[Network, Weights], crops: np.ndarray, tmp_path: Path) -> None:
    library = ROOT / "dist/index.js"
    if not library.exists():
        pytest.skip("the package is not built (dist/index.js): npm run build")
    weights = rounded(trained[1])
    metadata = {"format": "fivepoint", "version": "0", "name": "test", "license": "Apache-2.0", "source": "test"}
    write_safetensors(tmp_path / "w.safetensors", weights, metadata)
    crops.tofile(tmp_path / "crops.bin")
    paths = [library.as_uri(), str(tmp_path / "w.safetensors"), str(tmp_path / "crops.bin")]
    command = ["node", "--input-type=module", "--eval", RUN, *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answers = np.array(json.loads(done.stdout)).reshape(-1, 10)
    np.testing.assert_allclose(answers, [forward(weights, c) for c in crops], atol=1e-5)
