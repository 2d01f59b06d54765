#!/usr/bin/env python3
"""One iteration of neural style transfer: gramgrad beside PyTorch, on this machine, in turn.

    bench/compare_pytorch.py --sizes 256 512 --threads 2 --rounds 5

Runs build/bin/nst_iteration and PyTorch eager f32 (channels_last, frozen weights: its best setting
on a CPU) alternately, each in a process of its own, and prints medians, the ratio of each pair of
runs, and peak resident memory. --compile prints torch.compile's time beside them. --json FILE keeps
the figures. Needs PyTorch (python3-torch).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

VGG = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
WIDTHS = (64, 128, 256, 512, 512)
STYLE = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CONTENT = "relu4_2"


def pytorch_iteration(network, size, threads, repetitions, compiled):
    """The same work in PyTorch; prints the same JSON line as nst_iteration."""
    import time

    import torch
    import torch.nn.functional as F

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    layers, channels = [], 3
    for block, count in enumerate(VGG[network], 1):
        for index in range(1, count + 1):
            weight = torch.randn(WIDTHS[block - 1], channels, 3, 3) * (2 / (9 * channels)) ** 0.5
            weight = weight.contiguous(memory_format=torch.channels_last)
            layers.append((f"relu{block}_{index}", weight, torch.zeros(WIDTHS[block - 1])))
            channels = WIDTHS[block - 1]
            if block == 5:
                break

    def features(x):
        taps = {}
        for position, (name, weight, bias) in enumerate(layers):
            x = F.relu(F.conv2d(x, weight, bias, padding=1))
            if name in STYLE or name == CONTENT:
                taps[name] = x
            following = layers[position + 1][0] if position + 1 < len(layers) else name
            if following[4] != name[4]:
                x = F.max_pool2d(x, 2)
        return taps

    def gram(x):
        flat = x.flatten(2).squeeze(0)
        return flat @ flat.t() / flat.shape[1]

    def picture(seed):
        torch.manual_seed(seed)
        x = torch.rand(1, 3, size, size)
        return x.contiguous(memory_format=torch.channels_last)

    with torch.no_grad():
        content = features(picture(1))[CONTENT]
        style = {name: gram(f) for name, f in features(picture(2)).items() if name in STYLE}
    if compiled:
        features = torch.compile(features)
    x = picture(3).requires_grad_(True)
    times = []
    for repetition in range(-2, repetitions):
        start = time.perf_counter()
        x.grad = None
        taps = features(x)
        loss = 50 * F.mse_loss(taps[CONTENT], content)
        for name in STYLE:
            loss = loss + 200 * F.mse_loss(gram(taps[name]), style[name])
        loss.backward()
        loss.item()
        if repetition >= 0:
            times.append(1e3 * (time.perf_counter() - start))
    print(json.dumps({"median_ms": statistics.median(times), "torch": torch.__version__}))


def run(command, environment=None):
    """Runs a command that prints a JSON line; adds its peak resident memory in MiB."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, env={**os.environ, **(environment or {})}
    )
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status != 0:
        sys.exit(f"{' '.join(command)} failed")
    return {**json.loads(output), "rss_mib": usage.ru_maxrss / 1024}


def compare(arguments, size):
    common = ["--network", arguments.network, "--size", str(size),
              "--threads", str(arguments.threads), "--repetitions", str(arguments.repetitions)]
    # Without these thresholds PyTorch returns its buffers to the system after every layer.
    thresholds = {"MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "8589934592"}
    pytorch = [sys.executable, __file__, "--pytorch-once", *common]
    ours, theirs, compiled = [], [], []
    for _ in range(arguments.rounds):
        ours.append(run([str(arguments.binary), *common]))
        theirs.append(run(pytorch, thresholds))
        if arguments.compile:
            compiled.append(run([*pytorch, "--compile"], thresholds))

    def median(runs, key):
        return statistics.median(entry[key] for entry in runs)

    ratios = [b["median_ms"] / a["median_ms"] for a, b in zip(ours, theirs)]
    return {
        "network": arguments.network, "size": size, "threads": arguments.threads,
        "torch": theirs[0]["torch"],
        "gramgrad_ms": median(ours, "median_ms"), "pytorch_ms": median(theirs, "median_ms"),
        "ratio": statistics.median(ratios), "ratio_min": min(ratios), "ratio_max": max(ratios),
        "compiled_ms": median(compiled, "median_ms") if compiled else None,
        "gramgrad_rss_mib": median(ours, "rss_mib"), "pytorch_rss_mib": median(theirs, "rss_mib"),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--binary", type=Path,
                        default=Path(__file__).resolve().parent.parent / "build/bin/nst_iteration")
    parser.add_argument("--network", choices=sorted(VGG), default="vgg19")
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512])
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--compile", action="store_true", help="torch.compile too (PyTorch 2)")
    parser.add_argument("--json", type=Path, help="where to keep the figures")
    parser.add_argument("--pytorch-once", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.pytorch_once:
        pytorch_iteration(arguments.network, arguments.size, arguments.threads, arguments.repetitions,
                          arguments.compile)
        return
    print("network  size  threads  gramgrad ms  PyTorch ms  ratio (min-max)       memory MiB, of PyTorch's")
    rows = []
    for size in arguments.sizes:
        row = compare(arguments, size)
        rows.append(row)
        print(f"{row['network']:7} {size:5} {row['threads']:8} {row['gramgrad_ms']:12.1f} "
              f"{row['pytorch_ms']:11.1f}  {row['ratio']:.2f} ({row['ratio_min']:.2f}-{row['ratio_max']:.2f})"
              f"  {row['gramgrad_rss_mib']:8.0f} / {row['pytorch_rss_mib']:.0f} = "
              f"{row['gramgrad_rss_mib'] / row['pytorch_rss_mib']:.2f}"
              + (f"  torch.compile {row['compiled_ms']:.1f} ms" if row["compiled_ms"] else ""), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
