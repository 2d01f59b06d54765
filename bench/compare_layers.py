#!/usr/bin/env python3
"""Each convolution of VGG19 by itself: gramgrad beside oneDNN's direct one and PyTorch.

    bench/compare_layers.py --size 512 --threads 2

Runs build/bin/layer_times, which measures the processor's FMA peak, gramgrad and oneDNN, then the
same layers in PyTorch (channels_last; forward with bias and ReLU, and the gradient of the input
alone), `--repeat` times in turn, and prints a table of medians. "Of peak" counts a direct
convolution's operations: more than 100 % is what Winograd's saves. Needs PyTorch (python3-torch).
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path


def pytorch_layers(layers, threads, rounds):
    """Milliseconds (forward, gradient) of each layer."""
    import torch
    import torch.nn.functional as F

    torch.set_num_threads(threads)
    times = []
    for layer in layers:
        def random(*shape):
            return torch.randn(*shape).contiguous(memory_format=torch.channels_last)

        x = random(1, layer["in"], layer["side"], layer["side"])
        dy = random(1, layer["out"], layer["side"], layer["side"])
        weight = random(layer["out"], layer["in"], 3, 3)
        bias = torch.randn(layer["out"])
        forward, gradient = [], []
        for round_ in range(-1, rounds):
            start = time.perf_counter()
            with torch.no_grad():
                F.relu(F.conv2d(x, weight, bias, padding=1))
            middle = time.perf_counter()
            torch.ops.aten.convolution_backward(
                dy, x, weight, None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1, [True, False, False])
            end = time.perf_counter()
            if round_ >= 0:
                forward.append(1e3 * (middle - start))
                gradient.append(1e3 * (end - middle))
        times.append((statistics.median(forward), statistics.median(gradient)))
    return times, torch.__version__


def run_once(arguments):
    command = [str(arguments.binary), "--size", str(arguments.size), "--threads",
               str(arguments.threads), "--rounds", str(arguments.rounds)]
    output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    lines = [json.loads(line) for line in output.splitlines()]
    peak, layers = lines[0]["fma_peak"], lines[1:]
    times, version = pytorch_layers(layers, arguments.threads, arguments.rounds)
    for layer, (forward, gradient) in zip(layers, times):
        layer["pytorch_forward_ms"] = forward
        layer["pytorch_gradient_ms"] = gradient
    return peak, layers, version


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--binary", type=Path,
                        default=Path(__file__).resolve().parent.parent / "build/bin/layer_times")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    if not arguments.binary.exists():
        sys.exit(f"{arguments.binary} does not exist: build it, or name it with --binary")
    runs = [run_once(arguments) for _ in range(arguments.repeat)]
    peak = statistics.median(run[0] for run in runs)
    print(f"FMA peak {peak * 1e-9:.0f} GFLOP/s, {arguments.threads} threads, PyTorch {runs[0][2]}\n")
    print("| layer | map | pass | gramgrad ms | GFLOP/s | of peak | oneDNN direct ms | of peak | PyTorch ms | "
          "PyTorch ÷ gramgrad |\n|---|---|---|---|---|---|---|---|---|---|")
    for index, layer in enumerate(runs[0][1]):
        for kind in ("forward", "gradient"):
            def median(prefix):
                return statistics.median(run[1][index][f"{prefix}{kind}_ms"] for run in runs)

            ours, direct, pytorch = median(""), median("direct_"), median("pytorch_")
            rate = layer["operations"] / ours * 1e3
            share = layer["operations"] / direct * 1e3 / peak
            print(f"| {layer['layer']}: {layer['in']} → {layer['out']} | {layer['side']}² | {kind} | "
                  f"{ours:.1f} | {rate * 1e-9:.0f} | {100 * rate / peak:.0f} % | {direct:.1f} | "
                  f"{100 * share:.0f} % | {pytorch:.1f} | {pytorch / ours:.2f} |")


if __name__ == "__main__":
    main()
