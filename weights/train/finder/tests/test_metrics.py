from __future__ import annotations

import numpy as np
import pytest

from weights.train.finder.metrics import Judged, average_precision, recall, recall_at


def official(photos: list[Judged], level: int) -> float:
    """AP as WIDER FACE's evaluation code computes it: precision and recall at a thousand thresholds, then VOC's area."""
    faces = sum(int((p.level <= level).sum()) for p in photos)
    counts = np.zeros((1000, 2))
    for photo in photos:
        hit = np.zeros(len(photo.truth))
        proposal = np.ones(len(photo.boxes))
        recalled = np.zeros(len(photo.boxes))
        for h, box in enumerate(photo.boxes):
            ious = []
            for t in photo.truth:
                w = max(0, min(box[2], t[2]) - max(box[0], t[0]))
                h_ = max(0, min(box[3], t[3]) - max(box[1], t[1]))
                area = (box[2] - box[0]) * (box[3] - box[1]) + (t[2] - t[0]) * (t[3] - t[1])
                ious.append(w * h_ / (area - w * h_))
            if ious and max(ious) >= 0.5:
                best = int(np.argmax(ious))
                if photo.level[best] > level:
                    hit[best] = -1
                    proposal[h] = -1
                elif hit[best] == 0:
                    hit[best] = 1
            recalled[h] = (hit == 1).sum()
        for t in range(1000):
            above = np.flatnonzero(photo.scores >= 1 - (t + 1) / 1000)
            if len(above):
                counts[t] += (proposal[: above[-1] + 1] == 1).sum(), recalled[above[-1]]
    precision = np.divide(counts[:, 1], counts[:, 0], out=np.zeros(1000), where=counts[:, 0] > 0)
    rec = np.concatenate([[0], counts[:, 1] / faces, [1]])
    precision = np.concatenate([[0], precision, [0]])
    for i in range(len(precision) - 1, 0, -1):
        precision[i - 1] = max(precision[i - 1], precision[i])
    steps = np.flatnonzero(rec[1:] != rec[:-1])
    return float(((rec[steps + 1] - rec[steps]) * precision[steps + 1]).sum())


def random_photos(seed: int) -> list[Judged]:
    rng = np.random.default_rng(seed)
    photos = []
    grid = rng.permutation(999)[: 30 * 14].reshape(30, 14) / 1000 + 0.0005  # one score between two official thresholds
    for scores in grid:
        corner = rng.uniform(0, 300, (12, 2))
        truth = np.c_[corner, corner + rng.uniform(10, 80, (12, 2))]
        boxes = np.concatenate([truth[:9] + rng.normal(size=(9, 4)) * 4, rng.uniform(0, 200, (5, 4)) + (0, 0, 200, 200)])
        order = np.argsort(-scores, kind="stable")
        photos.append(Judged((400, 300), truth, rng.integers(1, 5, 12), boxes[order], scores[order]))
    return photos


@pytest.mark.parametrize("level", [1, 2, 3])
def test_average_precision_is_the_official_one(level: int) -> None:
    for seed in range(3):
        photos = random_photos(seed)
        assert average_precision(photos, level) == pytest.approx(official(photos, level), abs=1e-9)


def test_recall_and_false_alarms_by_hand() -> None:
    truth = np.array([[0, 0, 50, 50], [100, 100, 160, 160], [300, 0, 305, 5]], float)
    boxes = np.array([[0, 0, 50, 48], [200, 200, 260, 260], [101, 100, 160, 160], [300, 0, 305, 5], [390, 0, 395, 5]], float)
    photo = Judged((400, 300), truth, np.array([1, 3, 3]), boxes, np.array([0.9, 0.8, 0.7, 0.6, 0.5]))
    empty = Judged((400, 300), truth[:0], np.zeros(0, int), boxes[:0], np.zeros(0))
    assert recall([photo], 0.1) == 1
    assert recall([photo], 0.1, proposals=2) == 0.5
    # One false alarm in two photos; the small boxes are neither.
    assert recall_at([photo, empty], 0.1, 0.1) == (0.5, 0.9)
    assert recall_at([photo, empty], 0.1, 0.5) == (1.0, 0.7)


def test_faces_that_do_not_count_are_neither_found_nor_false() -> None:
    truth = np.array([[0, 0, 50, 50], [100, 100, 160, 160]], float)
    photo = Judged((400, 300), truth, np.array([1, 4]), truth[::-1].copy(), np.array([0.9, 0.8]))
    assert average_precision([photo], 3) == 1
