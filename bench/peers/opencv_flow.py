#!/usr/bin/python3
"""Time of OpenCV's TV-L1 flow of a pair of 112x112 frames.

The settings are those of `video speed`: 5 scales of factor 0.5, 5 warps, 30 iterations, 2 threads.
Run: /usr/bin/python3 bench/peers/opencv_flow.py (Debian: python3-opencv). The same measurement with Temper:
dotnet run -c Release --project bench/Temper.Experiments -- video speed FOLDER
"""
import time

import cv2
import numpy as np

cv2.setNumThreads(2)
y, x = np.mgrid[0:112, 0:112]


def frame(t):
    return np.round(255 * (0.5 + 0.4 * np.sin(0.31 * x + 0.17 * y + 0.4 * t))).astype(np.uint8)


def fastest(flow, runs=9):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        flow.calc(frame(0), frame(1), None)
        times.append(time.perf_counter() - start)
    return 1000 * min(times)


# The settings that Temper implements: epsilon 0 (no early stopping), median 1 (no median filter), one outer iteration.
equal = cv2.optflow.DualTVL1OpticalFlow_create(0.25, 0.15, 0.3, 5, 5, 0.0, 30, 1, 0.5, 0.0, 1, False)
print(f"OpenCV {cv2.__version__}, TV-L1 of a pair of 112x112 frames, equal settings: {fastest(equal):.1f} ms")
print("OpenCV's defaults (10 outer iterations, median 5, factor 0.8): "
      f"{fastest(cv2.optflow.DualTVL1OpticalFlow_create(), 3):.1f} ms")
