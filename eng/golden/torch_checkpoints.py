#!/usr/bin/python3
"""State dicts written by PyTorch, for tests/Temper.Formats.Tests/Golden/torch_checkpoints.json.

Run from the root of the repository: /usr/bin/python3 eng/golden/torch_checkpoints.py (Debian: python3-torch).
If the path of burn_mnist.pt is given as an argument, the expected contents of that file are written too, to
tests/Temper.Formats.Tests/Golden/burn_mnist.json.
"""
import base64
import collections
import io
import json
import pathlib
import pickle
import sys

import torch

TYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.bool]


class Harmful:
    def __reduce__(self):
        return (eval, ("1 + 1",))


def saved(value, new):
    stream = io.BytesIO()
    torch.save(value, stream, _use_new_zipfile_serialization=new)
    return base64.b64encode(stream.getvalue()).decode()


def facts(tensors):
    return [
        {"name": name, "shape": list(tensor.shape), "values": [float(v) for v in tensor.detach().to(torch.float64).reshape(-1)]}
        for name, tensor in tensors
    ]


def main():
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    with torch.no_grad():
        for i, parameter in enumerate(module.parameters()):
            parameter.copy_(torch.arange(parameter.numel()).reshape(parameter.shape) - i)
    state = collections.OrderedDict(module.state_dict())
    values = {
        "all types": [(str(t).split(".")[1], (torch.arange(6).reshape(2, 3) % 2 if t == torch.bool else torch.arange(6).reshape(2, 3)).to(t)) for t in TYPES],
        "views": [
            ("whole", base), ("transposed", base.permute(2, 0, 1)), ("part", base[1, :, 1:3]), ("repeated", base[0, 0].expand(3, 4)),
            ("scalar", base[1, 2, 3]), ("empty", torch.zeros(0, 3)), ("step", base.reshape(-1)[1::5]),
        ],
        "module": list(state.items()),
    }
    cases = {}
    for new in (True, False):
        layout = "archive" if new else "pickles"
        for name, tensors in values.items():
            cases[f"{layout} {name}"] = {"file": saved(collections.OrderedDict(tensors), new), "tensors": facts(tensors)}
        nested = {"epoch": 7, "arch": "small", "state_dict": state, "optimizer": torch.optim.SGD(module.parameters(), 0.1, momentum=0.9).state_dict()}
        cases[f"{layout} checkpoint"] = {"file": saved(nested, new), "tensors": facts(state.items()), "values": {"epoch": "7", "arch": "small"}}
        parameters = {"w": module[0].weight, "b": module[0].bias}
        cases[f"{layout} parameters"] = {"file": saved(parameters, new), "tensors": facts(parameters.items())}
        cases[f"{layout} harmful"] = {"file": saved({"w": base, "x": Harmful()}, new), "refused": ".eval"}
        cases[f"{layout} module object"] = {"file": saved(module, new), "refused": "torch.nn.modules.container.Sequential"}
    cases["pickles of a system command"] = {
        "file": base64.b64encode(b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R.").decode(), "refused": "os.system"}
    cases["pickles of a plain object"] = {"file": base64.b64encode(pickle.dumps({"w": [1, 2]}, protocol=2)).decode(), "refused": "torch.save"}
    folder = pathlib.Path("tests/Temper.Formats.Tests/Golden")
    (folder / "torch_checkpoints.json").write_text("{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(case)}" for name, case in cases.items()) + "\n}\n")
    if len(sys.argv) > 1:
        tensors = torch.load(sys.argv[1], map_location="cpu")
        rows = [
            {"name": name, "shape": list(t.shape), "dtype": str(t.dtype).split(".")[1], "sum": float(t.double().sum()), "first": [float(v) for v in t.double().reshape(-1)[:4]]}
            for name, t in tensors.items()
        ]
        (folder / "burn_mnist.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
