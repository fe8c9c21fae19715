"""YuNet through OpenCV: a teacher, and a peer.

Wu, Peng, Yu, *YuNet: A Tiny Millisecond-level Face Detector*, 2023; the model is Apache-2.0.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from .photos import corners


class Yunet:
    def __init__(self, model: Path, threshold: float) -> None:
        self._detector = cv2.FaceDetectorYN.create(str(model), "", (320, 320), threshold, 0.45, 5000)

    def __call__(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Corners N×4, scores N and points N×5×2 of the faces in an RGB image, as large as it is."""
        height, width = image.shape[:2]
        padded = cv2.copyMakeBorder(image[:, :, ::-1], 0, -height % 32, 0, -width % 32, cv2.BORDER_CONSTANT)
        self._detector.setInputSize(padded.shape[1::-1])
        found = self._detector.detect(padded)[1]
        found = np.zeros((0, 15), np.float32) if found is None else found
        return corners(found), found[:, 14], found[:, 4:14].reshape(-1, 5, 2)
