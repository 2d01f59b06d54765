#!/usr/bin/env python3
"""How the time of one iteration grows with the picture, and falls with threads.

    bench/scaling.py --sizes 128 256 512 1024 2048 --threads 1 2 --rounds 3

Runs build/bin/nst_iteration for each size and number of threads in turn, round after round, and
prints medians, how much faster each number of threads is than the first (median of the rounds'
ratios), and the exponent e of time ~ pixels^e: the slope of the logarithms from one size to the
next, and over all sizes.
"""

import argparse
import math
import statistics
from pathlib import Path

from compare_pytorch import HERE, run


def measure(arguments):
    """{(size, threads): [ms of each round]}; the rounds go through all cases in turn."""
    times = {}
    for _ in range(arguments.rounds):
        for size in arguments.sizes:
            for threads in arguments.threads:
                result = run([str(arguments.binary), "--network", arguments.network,
                              "--size", str(size), "--threads", str(threads),
                              "--repetitions", str(arguments.repetitions)])
                times.setdefault((size, threads), []).append(result["median_ms"])
    return times


def slope(points):
    """Least squares of log ms over log pixels; points are (size, ms)."""
    xs = [2 * math.log(size) for size, _ in points]
    ys = [math.log(ms) for _, ms in points]
    return statistics.linear_regression(xs, ys).slope


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--binary", type=Path, default=HERE.parent / "build/bin/nst_iteration")
    parser.add_argument("--network", choices=["vgg16", "vgg19"], default="vgg19")
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 256, 512, 1024, 2048])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    times = measure(arguments)
    first = arguments.threads[0]
    print("size   " + "".join(f"{n:>4} threads, ms  exponent  speed-up" for n in arguments.threads))
    for i, size in enumerate(arguments.sizes):
        row = f"{size:5}  "
        for threads in arguments.threads:
            now = times[size, threads]
            exponent = ""
            if i > 0:
                before = times[arguments.sizes[i - 1], threads]
                pairs = zip(before, now)
                exponent = f"{statistics.median(slope([(arguments.sizes[i - 1], b), (size, a)]) for b, a in pairs):.2f}"
            speed_up = statistics.median(a / b for a, b in zip(times[size, first], now))
            row += f"{statistics.median(now):16.1f}  {exponent:>8}  {speed_up:8.2f}"
        print(row)
    for threads in arguments.threads:
        points = [(size, statistics.median(times[size, threads])) for size in arguments.sizes]
        if len(points) > 1:
            print(f"{threads} threads: exponent {slope(points):.3f} over all sizes")


if __name__ == "__main__":
    main()
