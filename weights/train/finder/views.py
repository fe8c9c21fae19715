"""Random views of photos, as training sees them, and what every cell of the network should answer for one."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from ..data import SWAP, eye_share
from .compose import paste
from .network import STRIDES
from .photos import Photo, Store, covered, warp

LEVELS = ((0.0, 46.0), (34.0, 100.0), (78.0, np.inf))
"""Sizes of faces, √(w·h) in pixels, that each stride answers for; they overlap."""

BACKGROUND, IGNORED = -1, -2
"""In place of a face's index, in `targets`."""


@dataclass(frozen=True)
class Augmentation:
    draws: dict[str, float] = field(
        default_factory=lambda: {"wider": 4.0, "webfaces": 1.0, "maskon": 1.0, "fairface": 0.5, "scenes": 8.0}
    )
    """How often a photo of each source is drawn, against one of another."""
    smallest: float = 9.0
    """Faces under this size, in pixels of the view, are ignored."""
    zoomed: float = 0.5
    """Share of views that bring a face to a size drawn evenly on a logarithmic scale, up to `largest` of the view's side."""
    largest: float = 0.9
    alarms: float = 0.15
    """Share of views that show one of the finder's own false alarms, where there are any (`mine`)."""
    profiles: float = 0.0
    """Share of the other views that show a head turned aside (`turned_aside`)."""
    mosaic: float = 0.25
    """Share of views that are put together from four."""
    turned: float = 0.3
    """Share of views that are rotated, by a normal deviation of `turn` degrees."""
    turn: float = 15.0
    covered: float = 0.12
    """Share of faces over 24 pixels with a patch over a part of them."""
    composed: float = 0.0
    """Share of views into which one to twelve heads of `heads` are put."""
    heads: str = "fairface"
    """The source whose faces they are."""
    photometric: float = 0.7
    """Share of views with other colours."""


@dataclass
class View:
    image: np.ndarray
    """S×S×3 bytes, RGB."""
    boxes: np.ndarray
    points: np.ndarray
    ignored: np.ndarray


class Views:
    """Draws views of a store's photos; `alarms` holds N×5: photo, box corners."""

    def __init__(self, store: Store, chosen: np.ndarray, how: Augmentation, alarms: np.ndarray | None = None) -> None:
        self.store, self.how = store, how
        self.chosen = np.flatnonzero(chosen)
        draws = np.array([how.draws.get(str(source), 1.0) for source in store.sources[self.chosen]])
        self._cumulated = np.cumsum(draws / draws.sum())
        self._heads = self.chosen[(store.sources[self.chosen] == how.heads) & (store.faces[self.chosen] > 0)]
        self.alarms = np.zeros((0, 5), np.float32) if alarms is None else alarms
        self.profiles = self._turned_aside() if how.profiles else np.zeros((0, 5), np.float32)

    def _turned_aside(self) -> np.ndarray:
        """The chosen photos' heads that are turned aside and large enough, N×5: photo, box corners."""
        rows = [np.zeros((0, 5), np.float32)]
        for i in self.chosen:
            photo = self.store[i]
            large = (photo.boxes[:, 2:] - photo.boxes[:, :2]).prod(1) >= self.how.smallest**2
            boxes = photo.boxes[large & turned_aside(photo.points)]
            rows.append(np.c_[np.full(len(boxes), i), boxes])
        return np.concatenate(rows)

    def draw(self, side: int, rng: np.random.Generator) -> View:
        canvas = np.zeros((side, side, 3), np.uint8)
        if rng.random() < self.how.mosaic:
            x, y = (int(rng.uniform(0.35, 0.65) * side) // 2 * 2 for _ in range(2))
            tiles = [(0, 0, x, y), (x, 0, side, y), (0, y, x, side), (x, y, side, side)]
        else:
            tiles = [(0, 0, side, side)]
        parts = [self._place(canvas, tile, rng) for tile in tiles]
        boxes, points, ignored = (np.concatenate(part) for part in zip(*parts))
        if rng.random() < self.how.composed:
            boxes, points, ignored = self._compose(canvas, boxes, points, ignored, rng)
        self._cover(canvas, boxes, rng)
        return View(self._recolour(canvas, rng), boxes, points, ignored)

    def _pick(self, rng: np.random.Generator) -> tuple[Photo, np.ndarray | None]:
        """A photo, and the false alarm or the profile in it that the view should show."""
        for shown, share in ((self.alarms, self.how.alarms), (self.profiles, self.how.profiles)):
            if len(shown) and rng.random() < share:
                photo, *box = shown[rng.integers(len(shown))]
                return self.store[int(photo)], np.array(box)
        i = min(int(np.searchsorted(self._cumulated, rng.random())), len(self.chosen) - 1)
        return self.store[self.chosen[i]], None

    def _place(self, canvas: np.ndarray, tile: tuple[int, ...], rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Show a random part of a random photo in a tile of the canvas; its boxes, points and ignored regions."""
        photo, focus = self._pick(rng)
        left, top, right, bottom = tile
        room = np.array([right - left, bottom - top], np.float64)
        image, size = photo.image, np.array(photo.image.shape[1::-1], np.float64)
        if focus is None and len(photo.boxes) and rng.random() < self.how.zoomed:
            focus = photo.boxes[rng.integers(len(photo.boxes))]
        if focus is not None:
            extent = max(4.0, np.sqrt(max(1.0, (focus[2:] - focus[:2]).prod())))
            zoom = np.exp(rng.uniform(np.log(self.how.smallest), np.log(self.how.largest * room.min()))) / extent
            zoom = max(min(zoom, 2.5 if extent > 24 else 1.6), 0.5 * room.min() / size.max())
            origin = (focus[:2] + focus[2:]) / 2 * zoom - rng.uniform(0.15, 0.85, 2) * room
        else:
            zoom = min(2.2, np.exp(rng.uniform(np.log(0.75), np.log(2.6))) * room.min() / size.max())
            slack = size * zoom - room
            origin = rng.uniform(np.minimum(0, slack), np.maximum(0, slack))
        slack = size * zoom - room
        origin = np.clip(origin, np.minimum(0, slack), np.maximum(0, slack))  # within the photo where it is large enough

        # A rotation about the view's middle, a slight stretch, a mirror image: photo → tile.
        angle = np.deg2rad(rng.normal() * self.how.turn) if rng.random() < self.how.turned else 0.0
        stretch = np.exp(rng.normal() * 0.05)
        mirrored = rng.random() < 0.5
        cos, sin = np.cos(angle) * zoom, np.sin(angle) * zoom
        turn = np.array([[cos, -sin], [sin, cos]])
        matrix = np.c_[turn, room / 2 - turn @ ((room / 2 + origin) / zoom)]
        matrix[1] *= stretch
        matrix[1, 2] += room[1] / 2 * (1 - stretch)
        if mirrored:
            matrix[0] *= -1
            matrix[0, 2] += room[0]

        border = (0, 0, 0) if rng.random() < 0.6 else tuple(int(v) for v in rng.integers(0, 256, 3))
        canvas[top:bottom, left:right] = warp(image, matrix, (right - left, bottom - top), borderValue=border)

        def placed(boxes: np.ndarray) -> np.ndarray:
            """Boxes keep upright and their size, and follow their centres."""
            centres = (boxes[:, :2] + boxes[:, 2:]) / 2 @ matrix[:, :2].T + matrix[:, 2] + (left, top)
            half = (boxes[:, 2:] - boxes[:, :2]) / 2 * (zoom, zoom * stretch)
            return np.c_[centres - half, centres + half]

        def seen(boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            """Boxes clipped to the tile, and the share of each that is left."""
            clipped = np.c_[np.maximum(boxes[:, :2], (left, top)), np.minimum(boxes[:, 2:], (right, bottom))]
            area = np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(1), 1e-3)
            return clipped, np.maximum(clipped[:, 2:] - clipped[:, :2], 0).prod(1) / area

        whole = placed(photo.boxes)
        boxes, share = seen(whole)
        faces = (share > 0.55) & (np.sqrt((whole[:, 2:] - whole[:, :2]).prod(1)) >= self.how.smallest)
        points = photo.points @ matrix[:, :2].T + matrix[:, 2] + (left, top)
        if mirrored:
            points = points[:, SWAP]
        regions, left_over = seen(placed(photo.ignored))
        ignored = np.concatenate([boxes[~faces & (share > 0.1)], regions[left_over > 0.1]])
        return boxes[faces].astype(np.float32), points[faces].astype(np.float32), ignored.astype(np.float32)

    def _compose(
        self, canvas: np.ndarray, boxes: np.ndarray, points: np.ndarray, ignored: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Put heads into the view, the smaller ones first; what they hide is ignored."""
        side = canvas.shape[0]
        count = min(12, int(rng.geometric(0.3)))
        largest = np.log(self.how.largest * side / np.sqrt(count))
        for size in np.sort(np.exp(rng.uniform(np.log(self.how.smallest), largest, count))):
            photo = self.store[rng.choice(self._heads)]
            box, five, counts = paste(canvas, photo, size, rng.uniform(0, side, 2), rng)
            hidden = covered(boxes, box[None])[:, 0] > 0.3
            ignored = np.concatenate([ignored, boxes[hidden]])
            boxes, points = boxes[~hidden], points[~hidden]
            if counts:
                boxes, points = np.concatenate([boxes, box[None]]), np.concatenate([points, five[None]])
            else:
                ignored = np.concatenate([ignored, box[None]])
        return boxes, points, ignored

    def _cover(self, image: np.ndarray, boxes: np.ndarray, rng: np.random.Generator) -> None:
        """Put a patch of the view itself, or of one colour, over a part of some faces."""
        side = image.shape[0]
        for x0, y0, x1, y1 in boxes:
            width, height = x1 - x0, y1 - y0
            if min(width, height) < 24 or rng.random() >= self.how.covered:
                continue
            w, h = int(width * rng.uniform(0.3, 0.9)), int(height * rng.uniform(0.2, 0.5))
            x, y = int(x0 + rng.uniform(-0.1, 1) * (width - w)), int(y0 + rng.uniform(0, 1) * (height - h))
            x, y = np.clip([x, y], 0, [side - w, side - h])
            if rng.random() < 0.5:
                image[y : y + h, x : x + w] = rng.integers(0, 256, 3)
            else:
                u, v = rng.integers(0, side - w + 1), rng.integers(0, side - h + 1)
                image[y : y + h, x : x + w] = image[v : v + h, u : u + w].copy()

    def _recolour(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        if rng.random() < self.how.photometric:
            level = np.arange(256, dtype=np.float32) / 255
            curve = 255 * level ** np.exp(rng.normal() * 0.2) * np.exp(rng.normal() * 0.25) + rng.normal() * 18
            curves = np.clip(np.clip(curve, 0, 255)[:, None] * np.exp(rng.normal(size=3) * 0.06), 0, 255)
            image = cv2.LUT(image, curves.astype(np.uint8).reshape(1, 256, 3))
        kind = rng.random()
        if kind < 0.12:
            image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        elif kind < 0.20:
            image = cv2.GaussianBlur(image, (3, 3), 0)
        elif kind < 0.26:
            quality = int(rng.integers(25, 80))
            image = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
        return image


def turned_aside(points: np.ndarray) -> np.ndarray:
    """Which of N×5×2 faces have eyes less than half of their points' extent apart; not those with NaN."""
    return eye_share(points) < 0.5


def targets(view: View) -> np.ndarray:
    """For every cell of the view, in the network's order: the index of its face, `BACKGROUND` or `IGNORED`."""
    side = view.image.shape[0]
    sizes = np.sqrt(np.maximum((view.boxes[:, 2:] - view.boxes[:, :2]).prod(1), 1))
    result = []
    for stride, (low, high) in zip(STRIDES, LEVELS):
        count = side // stride
        cells = np.full((count, count), BACKGROUND, np.int64)
        centres = (np.arange(count) + 0.5) * stride
        for x0, y0, x1, y1 in view.ignored:
            i0, i1 = np.searchsorted(centres, (x0, x1))
            j0, j1 = np.searchsorted(centres, (y0, y1))
            cells[j0:j1, i0:i1] = IGNORED
            if i0 == i1 or j0 == j1:  # between the cells' centres
                cells[_cell((y0 + y1) / 2, stride, count), _cell((x0 + x1) / 2, stride, count)] = IGNORED
        for face in np.argsort(-sizes, kind="stable"):  # the smaller of two faces that meet keeps its cells
            size = sizes[face]
            x, y = (view.boxes[face, :2] + view.boxes[face, 2:]) / 2
            if low <= size < high:
                reach = min(max(0.72 * stride, 0.22 * size), 1.6 * stride)
                i0, i1 = np.searchsorted(centres, (x - reach, x + reach))
                j0, j1 = np.searchsorted(centres, (y - reach, y + reach))
                cells[j0:j1, i0:i1] = face
            elif 0.7 * low <= size < 1.4 * high:  # another level's face, but nearly one of this level's
                j, i = _cell(y, stride, count), _cell(x, stride, count)
                if cells[j, i] == BACKGROUND:
                    cells[j, i] = IGNORED
        result.append(cells.ravel())
    return np.concatenate(result)


def _cell(position: float, stride: int, count: int) -> int:
    return int(np.clip(position // stride, 0, count - 1))
