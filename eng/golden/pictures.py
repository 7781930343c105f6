#!/usr/bin/python3
"""Small image files with the pixels that Pillow decodes, for tests/Temper.Data.Tests/Golden/pictures.json.

Run from the root of the repository: /usr/bin/python3 eng/golden/pictures.py (Debian: python3-pil, python3-numpy).
"""
import base64
import io
import json
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image

RANDOM = np.random.default_rng(3)
GRAY = RANDOM.integers(0, 256, (5, 7), dtype=np.uint8)
COLOR = RANDOM.integers(0, 256, (5, 7, 3), dtype=np.uint8)
OPACITY = RANDOM.integers(0, 256, (5, 7, 4), dtype=np.uint8)
SMOOTH = np.add.outer(np.arange(16) * 3, np.arange(20) * 2).astype(np.uint8)


def saved(picture, form, **options):
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(pixels, depth, kind, filters):
    """Encodes rows [H, bytes], with the given filters in turn, in two IDAT chunks."""
    height, stride = pixels.shape
    samples = {0: 1, 2: 3, 4: 2, 6: 4}[kind]
    width, step = stride * 8 // (depth * samples), max(samples * depth // 8, 1)
    data, above = b"", np.zeros(stride, dtype=int)
    for row, line in enumerate(pixels.astype(int)):
        left, corner = np.r_[np.zeros(step, int), line[:-step]], np.r_[np.zeros(step, int), above[:-step]]
        guess = left + above - corner
        a, b, c = abs(guess - left), abs(guess - above), abs(guess - corner)
        paeth = np.where((a <= b) & (a <= c), left, np.where(b <= c, above, corner))
        used = filters[row % len(filters)]
        data += bytes([used]) + ((line - [0 * line, left, above, (left + above) // 2, paeth][used]) % 256).astype(np.uint8).tobytes()
        above = line
    packed = zlib.compress(data)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)) + chunk(b"tEXt", b"a\0b")
            + chunk(b"IDAT", packed[:9]) + chunk(b"IDAT", packed[9:]) + chunk(b"IEND", b""))


def text(kind, array, most):
    lines = "\n".join(" ".join(str(v) for v in row.reshape(-1)) for row in array)
    return f"{kind}\n# a comment\n{array.shape[1]} {array.shape[0]}\n{most}\n{lines}\n".encode()


def main():
    palette = Image.fromarray(COLOR).quantize(5)
    files = {
        "png gray": saved(Image.fromarray(GRAY), "PNG"),
        "png color": saved(Image.fromarray(COLOR), "PNG"),
        "png opacity": saved(Image.fromarray(OPACITY), "PNG"),
        "png gray opacity": saved(Image.fromarray(OPACITY).convert("LA"), "PNG"),
        "png 1 bit": saved(Image.fromarray(GRAY > 99), "PNG"),
        "png palette 8 bits": saved(palette, "PNG", bits=8),
        "png palette 4 bits": saved(palette, "PNG", bits=4),
        "png palette with opacity": saved(palette, "PNG", transparency=bytes([0, 128, 255])),
        "png smooth": saved(Image.fromarray(SMOOTH), "PNG", optimize=True),
        "png all filters": png(COLOR.reshape(5, -1), 8, 2, [4, 3, 2, 1, 0]),
        "png first row filters opacity": png(OPACITY.reshape(5, -1), 8, 6, [2, 4, 3, 4, 1]),
        "png 16 bits": png(OPACITY.reshape(5, -1)[:, :14], 16, 0, [4, 3, 1]),
        "png 16 bits color opacity": png(RANDOM.integers(0, 256, (3, 16), dtype=np.uint8), 16, 6, [4, 3]),
        "png 2 bits": png(RANDOM.integers(0, 256, (3, 2), dtype=np.uint8), 2, 0, [1, 4]),
        "png 4 bits": png(RANDOM.integers(0, 256, (3, 2), dtype=np.uint8), 4, 0, [2, 3]),
        "bmp color": saved(Image.fromarray(COLOR), "BMP"),
        "bmp gray": saved(Image.fromarray(GRAY), "BMP"),
        "bmp palette": saved(palette, "BMP"),
        "ppm": saved(Image.fromarray(COLOR), "PPM"),
        "pgm": saved(Image.fromarray(GRAY), "PPM"),
        "pgm text": text("P2", GRAY // 3, 101),
        "ppm text": text("P3", COLOR, 255),
        "pgm 16 bits": b"P5 7 5 65535\n" + OPACITY.reshape(5, -1)[:, :14].tobytes(),
    }
    cases = {}
    for name, file in files.items():
        with Image.open(io.BytesIO(file)) as picture:
            # Pillow returns 16-bit grayscale samples; Temper reads 8 bits: the upper byte for PNG, rounded for PNM.
            values = np.asarray(picture)
            if picture.mode.startswith("I"):
                values = (values.astype(int) >> 8 if "png" in name else (values.astype(int) * 255 + 32767) // 65535).astype(np.uint8)
            else:
                wanted = "RGBA" if "opacity" in name else "L" if picture.mode in ("1", "L") and "bmp" not in name else "RGB"
                values = np.asarray(picture.convert(wanted))
        cases[name] = {
            "file": base64.b64encode(file).decode(), "height": values.shape[0], "width": values.shape[1],
            "channels": 1 if values.ndim == 2 else values.shape[2], "pixels": base64.b64encode(values.tobytes()).decode()}
    path = pathlib.Path("tests/Temper.Data.Tests/Golden/pictures.json")
    path.write_text("{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(case)}" for name, case in cases.items()) + "\n}\n")


if __name__ == "__main__":
    main()
