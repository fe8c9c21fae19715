from __future__ import annotations

from pathlib import Path

import pytest
import torch

from weights.train.data import Faces, read_faces, reference

ROOT = Path(__file__).parents[3]

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def reference_folder() -> Path:
    folder = reference()
    if not folder.is_dir():
        pytest.skip(f"no reference data at {folder}; set FIVEPOINT_REFERENCE")
    return folder


@pytest.fixture(scope="session")
def faces(reference_folder: Path) -> Faces:
    return read_faces(reference_folder / "faces/val.csv")
