#!/usr/bin/env python3
"""Time and memory of `weights_converter convert` on a full-size VGG19 (574 MB, classifier included, made-up
numbers), as torchvision's file is written:

    bench/convert_vgg19.py build/bin/weights_converter [DIRECTORY]

Needs PyTorch. Prints, for several options, seconds and the peak of resident memory; what was allocated, without the
pages of the mapped source (which the system takes back when it wants them), is the second number.
"""
import os
import subprocess
import sys
import tempfile
import time

CONVS = (2, 2, 4, 4, 4)
WIDTHS = (64, 128, 256, 512, 512)


def write_vgg19(path):
    import torch

    torch.manual_seed(1)
    state, position, channels = {}, 0, 3
    for count, width in zip(CONVS, WIDTHS):
        for _ in range(count):
            state[f"features.{position}.weight"] = torch.randn(width, channels, 3, 3) * (2 / (9 * channels)) ** 0.5
            state[f"features.{position}.bias"] = torch.randn(width) * 0.1
            position, channels = position + 2, width
        position += 1  # pooling
    for position, (inputs, outputs) in zip((0, 3, 6), ((512 * 7 * 7, 4096), (4096, 4096), (4096, 1000))):
        state[f"classifier.{position}.weight"] = torch.randn(outputs, inputs) * 0.01
        state[f"classifier.{position}.bias"] = torch.randn(outputs) * 0.01
    torch.save(state, path)


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


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as directory:
        source = os.path.join(directory, "vgg19.pth")
        write_vgg19(source)
        open(source, "rb").read()  # into the page cache
        for options in ([], ["--dtype", "f16"], ["--with-classifier"], ["--with-classifier", "--dtype", "f16"]):
            start = time.monotonic()
            process = subprocess.Popen(
                [program, "convert", source, "-o", os.path.join(directory, "vgg19.ggw"), *options],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            resident, allocated = peaks(process)
            seconds = time.monotonic() - start
            assert process.returncode == 0
            print(f"{' '.join(options) or 'convolutions, f32':<32} {seconds:6.2f} s   resident {resident:6.0f} MB"
                  f"   allocated {allocated:6.0f} MB")


if __name__ == "__main__":
    main()
