"""Average precision by WIDER FACE's protocol, and recall of faces by their size in the photo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .photos import overlaps

MATCH = 0.5
"""Overlap at which a found box is a labelled one's."""


@dataclass
class Judged:
    """One photo: its labelled faces, which count, and what was found, best first."""

    size: tuple[int, int]
    """The photo's width and height in pixels."""
    truth: np.ndarray
    """N×4 corners."""
    level: np.ndarray
    """N: 1 easy, 2 medium, 3 hard, 4 not counted."""
    boxes: np.ndarray
    scores: np.ndarray

    def share(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes' longer sides as shares of the photo's."""
        return (boxes[:, 2:] - boxes[:, :2]).max(1, initial=0) / max(self.size)


def assign(photo: Judged, counted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What each found box is (1 a counted face's first, 0 false or a repeat, -1 another face's), and its face or -1."""
    overlap = overlaps(photo.boxes, photo.truth)
    kinds, faces = np.zeros(len(photo.boxes), np.int64), np.full(len(photo.boxes), -1)
    taken = np.zeros(len(photo.truth), bool)
    for i in range(len(photo.boxes) if len(photo.truth) else 0):
        face = overlap[i].argmax()
        if overlap[i, face] < MATCH:
            continue
        faces[i] = face
        kinds[i] = -1 if not counted[face] else int(not taken[face])
        taken[face] = True
    return kinds, faces


def precision_area(scores: np.ndarray, hits: np.ndarray, faces: int) -> float:
    """The area under precision over recall, precision made monotone."""
    hits = hits[np.argsort(-scores, kind="stable")]
    found = hits.cumsum()
    precision = found / np.arange(1, len(hits) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(found / max(faces, 1), prepend=0) * precision).sum())


def average_precision(photos: list[Judged], level: int) -> float:
    """WIDER's: faces up to a level count, the others and what is found there are left out."""
    scores, hits, faces = [], [], 0
    for photo in photos:
        counted = photo.level <= level
        faces += counted.sum()
        kinds, _ = assign(photo, counted)
        scores.append(photo.scores[kinds >= 0])
        hits.append(kinds[kinds >= 0])
    return precision_area(np.concatenate(scores), np.concatenate(hits), faces)


def recall(photos: list[Judged], share: float, proposals: int = 20) -> float:
    """Share of the counted faces of at least this share of the photo's longer side that the first proposals contain."""
    found = faces = 0
    for photo in photos:
        truth = photo.truth[(photo.level <= 3) & (photo.share(photo.truth) >= share)]
        faces += len(truth)
        if len(truth) and len(photo.boxes):
            found += (overlaps(photo.boxes[:proposals], truth).max(0) >= MATCH).sum()
    return found / max(faces, 1)


def recall_curve(photos: list[Judged], share: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Recall of faces of at least `share`, false alarms a photo, and the threshold that gives both, threshold falling.

    A box on a smaller or uncounted face is neither; nor is one on nothing that is smaller than 0.8 of `share`.
    """
    scores, hits, faces = [], [], 0
    for photo in photos:
        counted = (photo.level <= 3) & (photo.share(photo.truth) >= share)
        faces += counted.sum()
        kinds, matched = assign(photo, counted)
        stray = (matched < 0) & (photo.share(photo.boxes) >= 0.8 * share)
        used = (kinds == 1) | stray
        scores.append(photo.scores[used])
        hits.append(kinds[used])
    order = np.argsort(-np.concatenate(scores), kind="stable")
    hits = np.concatenate(hits)[order]
    return hits.cumsum() / max(faces, 1), (1 - hits).cumsum() / len(photos), np.concatenate(scores)[order]


def recall_at(photos: list[Judged], share: float, alarms: float) -> tuple[float, float]:
    """Recall with at most so many false alarms a photo, and the threshold for it."""
    recalls, false, thresholds = recall_curve(photos, share)
    allowed = np.searchsorted(false, alarms + 1e-9, "right")
    return (float(recalls[allowed - 1]), float(thresholds[allowed - 1])) if allowed else (0.0, 1.0)


def table(photos: list[Judged]) -> dict[str, float]:
    """The scores by which finders are compared."""
    names = {"easy": 1, "medium": 2, "hard": 3}
    result = {f"AP {name}": average_precision(photos, level) for name, level in names.items()}
    result |= {f"recall@20 ≥{share:.0%}": recall(photos, share) for share in (0.1, 0.05)}
    for alarms in (0.1, 0.3):
        result[f"recall ≥10% at {alarms} false"], result[f"threshold at {alarms} false"] = recall_at(photos, 0.1, alarms)
    return result
