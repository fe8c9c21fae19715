from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from weights.train import prepare as recipe
from weights.train.data import crop, read_faces


def archive_of(folder: Path, count: int) -> Path:
    """An archive in MTFL's layout with `count` faces of each source, and one broken label."""
    rng = np.random.default_rng(3)
    rows = []
    for directory, extent in (("lfw_5590", 250), ("net_7876", 120), ("AFLW", 150)):
        (folder / directory).mkdir(parents=True)
        for i in range(count):
            cv2.imwrite(str(folder / directory / f"{i}.jpg"), rng.integers(0, 256, (extent, extent, 3), dtype=np.uint8))
            face = np.array([[0.4, 0.4], [0.6, 0.4], [0.5, 0.5], [0.42, 0.6], [0.58, 0.6]]) * extent
            rows.append(f" {directory}\\{i}.jpg " + " ".join(f"{v:.2f}" for v in face.T.ravel()) + " 1 1 1 3")
    rows[0] = rows[0].replace("100.00", "-40.00")
    (folder / "training.txt").write_text("\n".join(rows[:-count]) + "\n")
    (folder / "testing.txt").write_text("\n".join(rows[-count:]) + "\n")
    return folder


def test_archive_becomes_sets(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(recipe, "HELD_OUT", 3)
    counts = recipe.prepare(archive_of(tmp_path / "MTFL", 8), tmp_path / "faces")
    assert counts == {"train": 14, "val": 9, "unlabelled": 1}
    train, val = (read_faces(tmp_path / f"faces/{name}.csv") for name in ("train", "val"))
    np.testing.assert_allclose(train.points[0], [[32, 32], [48, 32], [40, 40], [33.6, 48], [46.4, 48]], atol=1e-3)
    assert [int((val.sources == source).sum()) for source in ("lfw", "net", "aflw")] == [3, 3, 3]
    assert crop(val, val.boxes)[0].shape == (9, 48, 48, 3)
    assert len(list((tmp_path / "faces/unlabelled").iterdir())) == 1
