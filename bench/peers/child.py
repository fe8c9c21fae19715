"""A peer of PyPI in a process of its own: child.ts's protocol. Models and environments lie where README.md says.

`python -m bench.peers.child '{"detector": "yunet", "maxSide": 320}'`
"""

import json
import sys
import time
from functools import cache
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np

LEAST = 0.02
"""A threshold so low that what it leaves out can't be a face."""
MODELS = Path(".cache/peers")

cv2.setNumThreads(1)
setup = json.loads(sys.argv[1])


def size(*files):
    return sum(Path(file).stat().st_size for file in files)


def point_list(points):
    return [{"x": float(x), "y": float(y)} for x, y in points]


def face(box, score, points):
    return {"score": float(score), "box": dict(zip(("x", "y", "width", "height"), map(float, box))), "points": point_list(points)}


def shrunk(image):
    """The image with its longer side at most `maxSide`, and by how much it was shrunk in x and y."""
    height, width = image.shape[:2]
    scale = min(1, setup["maxSide"] / max(height, width))
    small = cv2.resize(image, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA) if scale < 1 else image
    return small, np.array([width / small.shape[1], height / small.shape[0]])


def yunet():
    model = MODELS / "yunet.onnx"

    @cache
    def create(everything):
        # OpenCV's own threshold is 0.9.
        options = {"score_threshold": LEAST} if everything else {}
        return cv2.FaceDetectorYN.create(str(model), "", (320, 320), **options)

    def detect(image, everything):
        small, back = shrunk(image)
        detector = create(everything)
        detector.setInputSize(small.shape[1::-1])
        rows = detector.detect(np.ascontiguousarray(small[:, :, ::-1]))[1]
        rows = np.zeros((0, 15)) if rows is None else rows * np.append(np.tile(back, 7), 1)
        return [face(row[:4], row[14], row[4:14].reshape(5, 2)) for row in rows]

    return f"OpenCV {cv2.__version__}", size(model), detect


def blazeface(model):
    """It gives nothing below its threshold, whatever `min_detection_confidence` says."""
    import mediapipe

    detector = mediapipe.solutions.face_detection.FaceDetection(model_selection=("short", "full").index(model))

    def detect(image, everything):
        sides = np.array(image.shape[1::-1])
        found = []
        for detection in detector.process(image).detections or []:
            place = detection.location_data
            box = place.relative_bounding_box
            corners = np.array([(box.xmin, box.ymin), (box.width, box.height)]) * sides
            # It has one point for the whole mouth, which stands for both corners; its ears are left out.
            points = np.array([(p.x, p.y) for p in place.relative_keypoints])[[0, 1, 2, 3, 3]] * sides
            found.append(face(corners.ravel(), detection.score[0], points))
        return found

    name = {"short": "face_detection_short_range", "full": "face_detection_full_range_sparse"}[model]
    return f"mediapipe {version('mediapipe')}", size(mediapipe_model(f"face_detection/{name}")), detect


def mediapipe_model(name):
    import mediapipe

    return Path(mediapipe.__file__).parent / f"modules/{name}.tflite"


def mesh(attention):
    """With attention, it looks at eyes and lips once more, each in a crop of its own."""
    import mediapipe

    from weights.train.mesh import five

    reader = mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=True, refine_landmarks=attention)

    def detect(image, everything):
        found = reader.process(image).multi_face_landmarks or []
        return [{"points": point_list(five(np.array([[p.x, p.y] for p in each.landmark])) * image.shape[1::-1])} for each in found]

    own = "face_landmark_with_attention" if attention else "face_landmark"
    models = [mediapipe_model(name) for name in ("face_detection/face_detection_short_range", f"face_landmark/{own}")]
    return f"mediapipe {version('mediapipe')}", size(*models), detect


def mtcnn():
    import facenet_pytorch
    import torch

    torch.set_num_threads(1)

    @cache
    def create(everything):
        detector = facenet_pytorch.MTCNN(keep_all=True)
        if everything:
            detector.thresholds = [*detector.thresholds[:2], LEAST]  # a list of its own: all instances share the default
        return detector

    def detect(image, everything):
        small, back = shrunk(image)
        boxes, scores, points = create(everything).detect(small, landmarks=True)
        if boxes is None:
            return []
        scale = np.tile(back, 2)
        sides = [np.concatenate([box[:2], box[2:] - box[:2]]) * scale for box in boxes]
        return [face(*each) for each in zip(sides, scores, points * back)]

    data = Path(facenet_pytorch.__file__).parent / "data"
    return f"facenet-pytorch {version('facenet-pytorch')}", size(*(data / f"{net}net.pt" for net in "pro")), detect


DETECTORS = {
    "yunet": yunet,
    "blazeface short": lambda: blazeface("short"),
    "blazeface full": lambda: blazeface("full"),
    "mesh": lambda: mesh(False),
    "attention mesh": lambda: mesh(True),
    "mtcnn": mtcnn,
}


def say(value):
    print(json.dumps(value), flush=True)


name, size_of_models, detect = DETECTORS[setup["detector"]]()
say({"version": name, "bytes": size_of_models})
for line in sys.stdin:
    request = json.loads(line)
    pixels = np.fromfile(request["file"], np.uint8)
    found, times = [], []
    for each in request["images"]:
        shape = each["height"], each["width"], 3
        image = pixels[each["offset"] :][: np.prod(shape)].reshape(shape)
        began = time.perf_counter()
        answer = detect(image, request["all"])
        times.append(1e3 * (time.perf_counter() - began))
        found.append(answer)
    say({"found": found, "ms": times})
