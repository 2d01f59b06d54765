#!/usr/bin/env python3
"""Time and memory of `weights_converter convert` on a full-size VGG19 (574 MB, classifier included, made-up
numbers), as torchvision's file is written and, with fully connected layers stored input by input, as Keras' is:

    bench/convert_vgg19.py build/bin/weights_converter [DIRECTORY]

Needs PyTorch and h5py. Prints, for several options, seconds and the peak of resident memory; what was allocated, without the
pages of the mapped source (which the system takes back when it wants them), is the second number.
"""
import os
import subprocess
import sys
import tempfile
import time

from vgg import CONVOLUTIONS, WIDTHS


def write_vgg19(path):
    """Returns the state dict."""
    import torch

    torch.manual_seed(1)
    state, position, channels = {}, 0, 3
    for count, width in zip(CONVOLUTIONS["vgg19"], WIDTHS):
        for _ in range(count):
            state[f"features.{position}.weight"] = torch.randn(width, channels, 3, 3) * (2 / (9 * channels)) ** 0.5
            state[f"features.{position}.bias"] = torch.randn(width) * 0.1
            position, channels = position + 2, width
        position += 1  # pooling
    for position, (inputs, outputs) in zip((0, 3, 6), ((512 * 7 * 7, 4096), (4096, 4096), (4096, 1000))):
        state[f"classifier.{position}.weight"] = torch.randn(outputs, inputs) * 0.01
        state[f"classifier.{position}.bias"] = torch.randn(outputs) * 0.01
    torch.save(state, path)
    return state


def write_keras(path, state):
    """As save_weights of Keras 2 lays it out."""
    import h5py
    import numpy as np

    with h5py.File(path, "w") as out:
        names = [name[:-len(".weight")] for name in state if name.endswith(".weight")]
        out.attrs.update(layer_names=np.array(names, "S"), backend=b"tensorflow", keras_version=b"2.3.1")
        for name in names:
            weight = state[name + ".weight"].numpy()
            group = out.create_group(name)
            group.attrs["weight_names"] = np.array([f"{name}/kernel:0", f"{name}/bias:0"], "S")
            order = (2, 3, 1, 0) if weight.ndim == 4 else (1, 0)
            group.create_dataset(f"{name}/kernel:0", data=np.ascontiguousarray(weight.transpose(order)))
            group.create_dataset(f"{name}/bias:0", data=state[name + ".bias"].numpy())


def peaks(process):
    """Polls the process and its children until they end: most resident bytes, most of them allocated."""
    resident = allocated = 0
    while process.poll() is None:
        try:
            children = open(f"/proc/{process.pid}/task/{process.pid}/children").read().split()
        except OSError:
            children = []
        for child in children:
            try:
                fields = dict(line.split(":", 1) for line in open(f"/proc/{child}/status"))
                resident = max(resident, int(fields["VmRSS"].split()[0]))
                allocated = max(allocated, int(fields["RssAnon"].split()[0]))
            except (OSError, KeyError):
                pass
        time.sleep(0.005)
    return resident / 1000, allocated / 1000


def measure(program, source, options):
    output = os.path.join(os.path.dirname(source), "vgg19.ggw")
    start = time.monotonic()
    process = subprocess.Popen([program, "convert", source, "-o", output, *options],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    resident, allocated = peaks(process)
    seconds = time.monotonic() - start
    assert process.returncode == 0
    what = f"{os.path.splitext(source)[1][1:]} {' '.join(options)}"
    print(f"{what:<36} {seconds:6.2f} s   resident {resident:6.0f} MB   allocated {allocated:6.0f} MB")


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as directory:
        sources = [os.path.join(directory, name) for name in ("vgg19.pth", "vgg19.h5")]
        write_keras(sources[1], write_vgg19(sources[0]))
        for source in sources:
            open(source, "rb").read()  # into the page cache
            for options in ([], ["--with-classifier"]):
                for dtype in ("f32", "f16"):
                    measure(program, source, [*options, "--dtype", dtype])


if __name__ == "__main__":
    main()
