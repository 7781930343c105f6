#!/usr/bin/python3
"""Array files as golden data for tests/Temper.Formats.Tests/Golden/arrays.json.

The .npy and .npz files are written by NumPy; the safetensors files are built according to the format specification.
Run from the root of the repository: /usr/bin/python3 eng/golden/arrays.py (Debian: python3-numpy).
"""
import base64
import io
import json
import pathlib
import struct

import numpy as np

VALUES = np.array([[0, 1, 2], [3, 100, 127]])
DTYPES = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "I8": "i1", "I16": "<i2", "I32": "<i4", "I64": "<i8",
          "U8": "u1", "U16": "<u2", "U32": "<u4", "U64": "<u8", "BOOL": "?"}


def npy(array, version=None):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version)
    return file.getvalue()


def npz(save, **arrays):
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


def safetensors(**tensors):
    header, data = {"__metadata__": {"from": "arrays.py"}}, b""
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(file, array):
    return {"file": base64.b64encode(file).decode(), "shape": list(array.shape), "values": [float(v) for v in array.reshape(-1)]}


def main():
    cases = {}
    for name, dtype in DTYPES.items():
        array = VALUES.astype(dtype)
        cases[f"npy {name}"] = entry(npy(array), array)
        cases[f"safetensors {name}"] = entry(safetensors(x=(name, [2, 3], array.tobytes())), array)
    brain = np.array([[0, 1, 2], [3, 100, 127]], dtype="<f4")
    cases["safetensors BF16"] = entry(safetensors(x=("BF16", [2, 3], brain.view("<u2").reshape(2, 3, 2)[:, :, 1].tobytes())), brain)
    cases["npy version 2"] = entry(npy(brain, (2, 0)), brain)
    cases["npy scalar"] = entry(npy(np.float32(1.5)), np.array(1.5))
    cases["npy empty"] = entry(npy(np.zeros((0, 3), dtype="<f4")), np.zeros((0, 3)))
    cases["npz stored"] = entry(npz(np.savez, x=brain), brain)
    cases["npz deflated"] = entry(npz(np.savez_compressed, x=brain), brain)
    path = pathlib.Path("tests/Temper.Formats.Tests/Golden/arrays.json")
    path.write_text("{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(case)}" for name, case in cases.items()) + "\n}\n")


if __name__ == "__main__":
    main()
