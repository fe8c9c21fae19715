"""OpenCV's side of align.ts: one request a line on standard input, one answer a line on standard output, JSON both.

A request: the photo's file (RGBA), its width and height, the chip's size, and the matrices from the photo to each chip. An answer:
OpenCV's version, and of each chip the microseconds of one warpAffine (median), in one thread, and the SHA-256 of its bytes.
"""

import hashlib
import json
import statistics
import sys
import time

import cv2
import numpy as np

cv2.setNumThreads(1)
ROUNDS = 200

for line in sys.stdin:
    request = json.loads(line)
    photo = np.fromfile(request["photo"], np.uint8).reshape(request["height"], request["width"], 4)
    size = (request["size"], request["size"])
    chips = []
    for matrix in request["matrices"]:
        matrix = np.array(matrix).reshape(2, 3)
        times = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            chip = cv2.warpAffine(photo, matrix, size, flags=cv2.INTER_LINEAR, borderValue=0)
            times.append(time.perf_counter() - began)
        microseconds = 1e6 * statistics.median(times)
        chips.append({"microseconds": microseconds, "sha256": hashlib.sha256(chip.tobytes()).hexdigest()})
    print(json.dumps({"opencv": cv2.__version__, "chips": chips}), flush=True)
