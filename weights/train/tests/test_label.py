from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from weights.train.label import APART, PASSES, SHARE, merge, read_meshes, write_boxes
from weights.train.mesh import COLUMNS, LEFT, RIGHT, five, last_photo, yaw_of
from weights.train.neutral import read_listed
from weights.train.photos import SIZES, read_photos
from weights.train.teach import moved, units

FACE = np.array([[60.0, 60], [100, 60], [80, 85], [65, 105], [95, 105]])


def spun(points: np.ndarray, degrees: float) -> np.ndarray:
    a = np.radians(degrees)
    return (points - 80) @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]) + 80


def test_teachers_meet_in_the_mesh_s_place_and_half_way_at_the_nose() -> None:
    """The official points are those of the mesh 0.05 eye distances further down each face, however it is rotated."""
    angles = np.linspace(-40, 40, 50)
    mesh = np.stack([spun(FACE, a) for a in angles])
    lower = FACE + [0, 2]
    official = np.stack([spun(lower, a) for a in angles])
    labels, apart, weight = merge(mesh, official, np.zeros(50), np.zeros(50))
    np.testing.assert_allclose(labels[:, [0, 1, 3, 4]], mesh[:, [0, 1, 3, 4]], atol=1e-9)
    np.testing.assert_allclose(labels[:, 2], (mesh[:, 2] + official[:, 2]) / 2, atol=1e-9)
    np.testing.assert_allclose(apart, 0, atol=1e-12)
    np.testing.assert_array_equal(weight, 1)


def test_a_share_of_the_official_answer_counts_and_outliers_do_not() -> None:
    mesh = np.repeat(FACE[None], 1000, 0)
    official = mesh.copy()
    official[0, 3] += [4, 0]
    official[1] += [0, 1.2 * APART[0] * 40]
    official[2] += [0, 1.2 * APART[0] * 40]
    yaw, passes = np.zeros(1000), np.zeros(1000)
    yaw[2], passes[3] = 0.6, 1.1 * PASSES[0]
    yaw[4:6], passes[4:6] = 0.6, [1.1 * PASSES[0], 1.1 * PASSES[1]]
    labels, _, weight = merge(mesh, official, yaw, passes)
    np.testing.assert_allclose(labels[0, 3] - mesh[0, 3], [4 * SHARE[3], 0], atol=0.05)
    assert weight[[0, 1, 2, 3, 4, 5, 6]].tolist() == [1, 0, 3, 0, 3, 0, 1]


def test_units_of_profiles_are_half_their_extent() -> None:
    profile = FACE.copy()
    profile[1] = profile[0] + [2, 0]
    np.testing.assert_allclose(units(np.stack([FACE, profile])), [40, np.ptp(profile, axis=0).max() / 2])


def test_yaw_is_nought_for_frontal_faces_and_grows_either_way() -> None:
    def turned(degrees: float) -> np.ndarray:
        flat = np.c_[FACE - FACE.mean(0), np.zeros(5)]
        a = np.radians(degrees)
        flat = flat @ np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
        return flat

    assert yaw_of(turned(0)) == pytest.approx(0, abs=1e-9)
    assert abs(yaw_of(turned(30))) == pytest.approx(0.5, abs=1e-9)
    assert yaw_of(turned(30)) == pytest.approx(-yaw_of(turned(-30)), abs=1e-9)


def test_an_eye_is_the_mean_of_its_lids() -> None:
    mesh = np.random.default_rng(1).normal(size=(468, 3))
    points = five(mesh)
    assert len(set(LEFT)) == len(set(RIGHT)) == 16
    np.testing.assert_allclose(points[0], mesh[LEFT].mean(0))
    np.testing.assert_allclose(points[1], mesh[RIGHT].mean(0))


def test_the_nose_is_the_mean_of_both_meshes_on_photos_that_both_have(tmp_path: Path) -> None:
    def write(name: str, faces: dict[str, np.ndarray]) -> None:
        rows = [",".join([file, *map(str, points.ravel()), "0", "0"]) for file, points in faces.items()]
        (tmp_path / name).write_text("\n".join([",".join(COLUMNS), *rows]) + "\n")

    write("mesh.csv", {"a": FACE, "b": FACE, "c": FACE + 1})
    write("plain.csv", {"c": FACE + [5, 9], "a": FACE + [2, 4]})
    rows, points = read_meshes(tmp_path)
    assert [row["file"] for row in rows] == ["a", "c"]
    np.testing.assert_allclose(points[:, 2], [FACE[2] + [1, 2], FACE[2] + [3, 5]])
    np.testing.assert_allclose(points[:, [0, 1, 3, 4]], np.stack([FACE, FACE + 1])[:, [0, 1, 3, 4]])


def test_lists_are_packed_at_every_size(tmp_path: Path) -> None:
    image = np.zeros((224, 224, 3), np.uint8)
    image[:112] = 200
    cv2.imwrite(str(tmp_path / "a.png"), image)
    header = ",".join(["file", *(f"{axis}{i}" for i in range(5) for axis in "xy"), "weight"])
    (tmp_path / "faces.csv").write_text(f"{header}\na.png,{','.join(['112', '56'] * 5)},2\n")
    photos = read_photos(tmp_path / "faces.csv")
    np.testing.assert_allclose(photos.points[0, 0], [SIZES[0] / 2, SIZES[0] / 4])
    for level, size in zip(photos.levels, SIZES):
        assert level.shape == (1, size, size, 3)
        assert level[0, size // 4, 0, 0] == 200
        assert level[0, 3 * size // 4, 0, 0] == 0
    assert photos.weights.tolist() == [2]


def test_boxes_for_int8_have_the_columns_of_the_package(tmp_path: Path) -> None:
    write_boxes(tmp_path / "boxes.csv", ["a", "b"], np.stack([FACE, FACE]))
    first, *rows = (tmp_path / "boxes.csv").read_text().splitlines()
    assert first == "file,x,y,width,height"
    assert [float(row.split(",")[3]) for row in rows] == pytest.approx([1.8 * 45, 2.0 * 45])


def test_a_list_s_photos_are_read_from_its_archive(reference_folder: Path) -> None:
    path = reference_folder / "faces/sharp.csv"
    if not path.exists():
        pytest.skip(f"no {path}")
    faces = read_listed(path)
    assert len(faces) == len(faces.points) == 8380
    assert set(faces.sources) == {"lfpw", "helen", "wider"}


def test_a_mesh_goes_on_after_its_last_whole_row(tmp_path: Path) -> None:
    path = tmp_path / "mesh.csv"
    assert last_photo(path) is None
    header = ",".join(COLUMNS) + "\r\n"
    path.write_bytes(header.encode())
    assert last_photo(path) is None
    whole = f"{header}train/7.jpg,1,2\r\nval/3.jpg,4,5\r\n".encode()
    path.write_bytes(whole + b"val/4.jpg,6,")
    assert last_photo(path) == "val/3.jpg"
    assert path.read_bytes() == whole


def test_labels_move_towards_the_taught_points_by_their_share() -> None:
    first = np.stack([FACE, FACE - FACE[0]])  # a point may lie in the photo's corner
    labels = first * 0.5
    np.testing.assert_allclose(moved(first, labels, labels + 1, 0.3), first + 0.6)
