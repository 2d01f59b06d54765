#!/usr/bin/env python3
"""The whole default run beside the same recipe in PyTorch: final losses, time, both pictures.

    bench/compare_recipe.py PHOTO PAINTING --size 320 --out out
    bench/compare_recipe.py PHOTO PAINTING --size 256 --iterations 300     # at one scale

Runs `gramgrad stylize` with its defaults, then the same schedule, losses and L-BFGS in PyTorch (eager,
channels_last, frozen weights) with the weights of nn/networks/vgg16.ggw, and evaluates both pictures
with PyTorch's loss. Needs
python3-torch and python3-pil; pictures without orientation or colour profile.
"""

import argparse
import json
import struct
import subprocess
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
STYLE = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
CONTENT = "relu4_2"


def read_weights(path):
    """[(name, weight OIHW, bias)] of a .ggw file (weights_converter/FORMAT.md)."""
    data = Path(path).read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    header = json.loads(data[32 : 32 + length])
    start = (32 + length + 63) // 64 * 64
    tensors = {}
    for entry in header["tensors"]:
        dtype = {"f16": np.float16, "f32": np.float32}[entry["dtype"]]
        begin = start + entry["offset"]
        raw = np.frombuffer(data[begin : begin + entry["bytes"]], dtype)
        tensors[entry["name"]] = torch.tensor(raw.reshape(entry["shape"]).astype(np.float32))
    names = [name[: -len(".weight")] for name in tensors if name.endswith(".weight")]
    # [O, H, W, I] with its dimensions permuted is channels_last already.
    return [(name, tensors[name + ".weight"].permute(0, 3, 1, 2), tensors[name + ".bias"])
            for name in names]


def features(layers, x):
    mean = torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1)
    x = (255 * x.flip(1) - mean).contiguous(memory_format=torch.channels_last)
    taps, previous = {}, "1"
    for name, weight, bias in layers:
        if name[4] != previous:
            x, previous = F.avg_pool2d(x, 2), name[4]
        x = F.relu(F.conv2d(x, weight, bias, padding=1))
        taps[name.replace("conv", "relu")] = x
        if CONTENT in taps:
            return taps
    raise SystemExit(f"the network ends before {CONTENT}")


def gram(x):
    flat = x.flatten(2)[0]
    return flat @ flat.t() / flat.shape[1]


class Objective:
    def __init__(self, layers, content, style):
        self.layers = layers
        with torch.no_grad():
            self.content = features(layers, content)[CONTENT]
            taps = features(layers, style)
            self.style = {name: gram(taps[name]) for name in STYLE}

    def __call__(self, x):
        taps = features(self.layers, x)
        content = (taps[CONTENT] - self.content).square().sum() / self.content.square().sum()
        style = sum((gram(taps[name]) - a).square().sum() / a.square().sum()
                    for name, a in self.style.items()) / len(self.style)
        tv = (x[..., 1:] - x[..., :-1]).square().mean() + (x[:, :, 1:] - x[:, :, :-1]).square().mean()
        return 1e3 * style + 50 * content + 20 * tv + 1e3 * (x - x.clamp(0, 1)).square().mean()


def load(path):
    pixels = np.asarray(Image.open(path).convert("RGB"), np.float32) / 255
    return torch.tensor(pixels).permute(2, 0, 1)[None]


def fitted(picture, longer):
    height, width = picture.shape[2:]
    factor = longer / max(height, width)
    return F.adaptive_avg_pool2d(picture, (max(1, round(height * factor)), max(1, round(width * factor))))


def pytorch_run(layers, content, style, schedule):
    x = None
    for longer, iterations in schedule:
        objective = Objective(layers, fitted(content, longer), fitted(style, longer))
        target = fitted(content, longer)
        x = target.clone() if x is None else F.interpolate(x, target.shape[2:], mode="bicubic")
        x.requires_grad_(True)
        optimizer = torch.optim.LBFGS([x], max_iter=iterations, max_eval=10 * iterations, history_size=20,
                                      tolerance_grad=0, tolerance_change=0)

        def closure():
            optimizer.zero_grad()
            loss = objective(x)
            loss.backward()
            return loss

        optimizer.step(closure)
        x = x.detach()
    return x


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("content", type=Path)
    parser.add_argument("style", type=Path)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--iterations", type=int, help="at one scale, instead of coarse to fine")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=ROOT / "out")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(exist_ok=True)
    schedules = {256: [(128, 120), (256, 60)], 320: [(160, 100), (320, 60)],
                 512: [(128, 100), (256, 80), (512, 60)]}
    schedule = ([(arguments.size, arguments.iterations)] if arguments.iterations
                else schedules[arguments.size])

    ours = arguments.out / "gramgrad.png"
    start = time.perf_counter()
    subprocess.run([str(ROOT / "build/bin/gramgrad"), "stylize", str(arguments.content),
                    str(arguments.style), "-o", str(ours), "--size", str(arguments.size), "--quiet",
                    "--scales", str(len(schedule)), "--threads", str(arguments.threads),
                    "--iterations", ",".join(str(n) for _, n in schedule)], check=True)
    ours_seconds = time.perf_counter() - start

    layers = read_weights(ROOT / "nn/networks/vgg16.ggw")
    content, style = load(arguments.content), load(arguments.style)
    start = time.perf_counter()
    x = pytorch_run(layers, content, style, schedule)
    pytorch_seconds = time.perf_counter() - start
    theirs = arguments.out / "pytorch.png"
    pixels = (x.clamp(0, 1)[0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()
    Image.fromarray(pixels).save(theirs)

    objective = Objective(layers, fitted(content, arguments.size), fitted(style, arguments.size))
    with torch.no_grad():
        before = float(objective(fitted(content, arguments.size)))
        losses = [float(objective(load(path))) for path in (ours, theirs)]
    print(f"loss of the photo {before:.3f}, gramgrad's picture {losses[0]:.3f}, PyTorch's {losses[1]:.3f}"
          f" (ratio {losses[0] / losses[1]:.4f}); both of the 8-bit pictures")
    print(f"gramgrad {ours_seconds:.1f} s, PyTorch {torch.__version__} {pytorch_seconds:.1f} s")


if __name__ == "__main__":
    main()
