#!/usr/bin/python3
"""Golden optical flow of OpenCV for a synthetic pair of frames, for tests/Temper.Tests/Tensors/Golden/flow.json.

Run from the root of the repository: /usr/bin/python3 eng/golden/flow.py (Debian: python3-opencv, 4.6 with the contrib
modules). The frames show a smooth texture that rotates, grows and moves. Frames are stored as grayscale bytes and flows
as float16 [H, W, 2] (dx, dy), both in base64.
"""
import base64
import json
import pathlib

import cv2
import numpy as np

SIDE = 48


def texture(x, y):
    random = np.random.default_rng(5)
    value = np.full(x.shape, 128.0)
    for _ in range(12):
        k = random.uniform(0.1, 0.7)
        angle, phase, strength = random.uniform(0, np.pi), random.uniform(0, 2 * np.pi), random.uniform(8, 22)
        value += strength * np.cos(k * (np.cos(angle) * x + np.sin(angle) * y) + phase)
    return np.clip(np.round(value), 0, 255).astype(np.uint8)


def text(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


ys, xs = np.mgrid[0:SIDE, 0:SIDE].astype(np.float64)
cx, cy = xs - SIDE / 2, ys - SIDE / 2
first = texture(cx, cy)
second = texture(0.97 * (np.cos(0.03) * cx + np.sin(0.03) * cy) - 0.8, 0.97 * (-np.sin(0.03) * cx + np.cos(0.03) * cy) + 0.4)

tvl1 = cv2.optflow.DualTVL1OpticalFlow_create()
flows = {
    "tvl1": tvl1.calc(first, second, None),
    "farneback": cv2.calcOpticalFlowFarneback(first, second, None, 0.5, 3, 15, 3, 5, 1.2, 0),
    "dis": cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(first, second, None),
}
out = {"opencv": cv2.__version__, "side": SIDE, "first": text(first), "second": text(second)}
out.update({name: text(flow.astype("<f2")) for name, flow in flows.items()})
path = pathlib.Path(__file__).parents[2] / "tests/Temper.Tests/Tensors/Golden/flow.json"
path.write_text(json.dumps(out, indent=1) + "\n")
for a in flows:
    print(a, [f"{b} {np.linalg.norm(flows[a] - flows[b], axis=2).mean():.3f}" for b in flows])
