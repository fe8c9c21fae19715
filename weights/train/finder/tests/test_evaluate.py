from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from weights.train.finder import evaluate, prepare
from weights.train.finder.detect import find, save
from weights.train.finder.evaluate import agreement, by_attribute, by_size, by_turn, judge, labelled_photos, read_attributes
from weights.train.finder.metrics import Judged
from weights.train.finder.network import Network


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    for name, size in (("a.png", (300, 400)), ("b.png", (50, 60))):
        assert cv2.imwrite(str(tmp_path / name), np.full((*size, 3), (1, 2, 3), np.uint8))
    path = tmp_path / "val.csv"
    path.write_text("file,x,y,width,height,level\na.png,10,20,100,120,1\na.png,200,20,16,16,4\nb.png,1,2,20,30,3\n")
    return path


def test_photos_are_read_as_rgb_with_their_faces(labels: Path) -> None:
    (name, image, boxes, level), other = labelled_photos(labels)
    assert name == "a.png" and image.shape == (300, 400, 3) and image[0, 0].tolist() == [3, 2, 1]
    assert boxes.tolist() == [[10, 20, 110, 140], [200, 20, 216, 36]] and level.tolist() == [1, 4]
    assert other[0] == "b.png"
    assert [photo[0] for photo in labelled_photos(labels, lambda name: name == "b.png")] == ["b.png"]


def test_a_detector_sees_the_shrunk_photo_and_answers_in_the_photo(labels: Path) -> None:
    seen = []

    def detector(image: np.ndarray) -> tuple:
        seen.append(image.shape[:2])
        return np.array([[5.0, 10, 55, 70]]), np.array([0.9]), np.zeros((1, 5, 2))

    boxes, _ = find(detector, labelled_photos(labels)[0][1], 200)
    np.testing.assert_allclose(boxes, [[10, 20, 110, 140]])
    judge(detector, labelled_photos(labels), 200)
    assert seen == [(150, 200), (150, 200), (50, 60)], "small photos must not be enlarged"


def photo() -> Judged:
    truth = np.array([[0, 0, 50, 50], [60, 0, 110, 50], [200, 0, 220, 20], [300, 0, 350, 50]], float)
    return Judged((512, 400), truth, np.array([1, 3, 2, 4]), truth[[0, 1, 3]], np.array([0.9, 0.3, 0.8]))


def test_recall_by_size_by_hand() -> None:
    assert by_size([photo()], 0.5) == {
        "3%–5%": (0, 1),
        "5%–10%": (1, 2),
        "10%–20%": (0, 0),
        "20%–40%": (0, 0),
        "from 40%": (0, 0),
    }
    assert by_size([photo()], 0.2)["5%–10%"] == (2, 2)


def test_recall_by_attribute_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "gt.txt"
    path.write_text(
        "0--A/none.jpg\n0\n0 0 0 0 0 0 0 0 0 0\n"
        "0--A/a.jpg\n3\n0 0 100 100 0 0 0 0 2 1\n120 0 100 100 2 0 0 0 0 0\n600 0 100 100 1 0 0 0 1 0\n"
    )
    assert list(read_attributes(path)) == ["none.jpg", "a.jpg"]
    result = by_attribute([photo()], ["a.jpg"], path, 0.5, share=0.05)
    assert result == {
        **{"blur heavy": (0, 1), "blur none": (1, 1), "occlusion heavy": (1, 1), "occlusion none": (0, 1)},
        **{"pose typical": (0, 1), "pose unusual": (1, 1)},
    }


def face(x: int, eyes: int) -> str:
    """An annotated face of 100 pixels, whose points span 60."""
    box = f"<bndbox><xmin>{x}</xmin><ymin>0</ymin><xmax>{x + 100}</xmax><ymax>100</ymax></bndbox>"
    points = [(x + 50, 20), (x + 50 + eyes, 20), (x + 50, 50), (x + 50, 80), (x + 50 + eyes, 80)]
    marks = "".join(f"<x{i}>{u}</x{i}><y{i}>{v}</y{i}>" for i, (u, v) in enumerate(points, 1))
    return f"<object>{box}<has_lm>{int(eyes > 0)}</has_lm><lm>{marks}</lm></object>"


def test_recall_by_turn_by_hand(tmp_path: Path) -> None:
    faces = face(0, 18) + face(120, 54) + face(600, 0)  # of photo()'s faces, twice as large: two with points, one without
    (tmp_path / "0--Parade_0_Parade_a.xml").write_text(f"<annotation>{faces}</annotation>")
    result = by_turn([photo()], ["0_Parade_a.jpg"], tmp_path, 0.5)
    assert result == {"0–0.4": (1, 1), "0.4–0.6": (0, 0), "0.6–0.8": (0, 0), "from 0.8": (0, 1)}
    assert sum(count for _, count in by_turn([photo()], ["other.jpg"], tmp_path, 0.5).values()) == 0


def test_agreement_counts_portraits_in_which_the_teacher_is_sure() -> None:
    images = [np.full((8, 8, 3), i, np.uint8) for i in range(4)]
    box, five = np.array([[0.0, 0, 4, 4]]), np.zeros((1, 5, 2))

    def teacher(image: np.ndarray) -> tuple:  # of the last photo it isn't sure
        return box, np.array([0.9 if image[0, 0, 0] < 3 else 0.5]), five

    def detector(image: np.ndarray) -> tuple:  # right, elsewhere, nothing
        found = {0: (box, np.array([0.2]), five), 1: (box + 3, np.array([0.9]), five)}
        return found.get(int(image[0, 0, 0]), (box[:0], np.zeros(0), five[:0]))

    assert agreement(detector, teacher, images) == (1, 3)


def test_every_run_is_scored_though_their_files_have_one_name(
    labels: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [labels.parent / run / "weights.safetensors" for run in ("first", "second")]
    for file in files:
        file.parent.mkdir()
        save(file, Network().export(), {})
    arguments = ["evaluate", *map(str, files), "--photos", str(labels.parent), "--longest", "64"]
    monkeypatch.setattr(sys, "argv", arguments)
    evaluate.main()
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == ["first at 64", "second at 64"]


@pytest.mark.parametrize(
    ("module", "arguments", "message"),
    [
        (evaluate, ["--portraits", "portraits"], "--portraits needs --yunet"),
        (prepare, ["--out", "x", "--scenes", "scenes"], "--fairface, --portraits and --scenes need --yunet"),
        (prepare, ["--out", "x"], "expected a source"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_done(
    module, arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["command", *arguments])
    with pytest.raises(SystemExit):
        module.main()
    assert message in capsys.readouterr().err
