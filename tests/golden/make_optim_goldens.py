#!/usr/bin/env python3
"""Writes optim.json: trajectories of PyTorch's optimisers in f64, for tests/nn/optim_test.cpp.

The functions use only + - * in an order that the test repeats, so both sides evaluate the same
numbers bit for bit, and what differs is the optimiser's arithmetic: the order of sums in dot
products. How far that spreads is measured here by running everything again with gradients that are
off by one unit in the last place: that amplification, at each iteration, is the measure of the
test's tolerance.

    python3 make_optim_goldens.py      (PyTorch 1.13 or later, NumPy)
"""
import json
import pathlib
import sys

import numpy as np
import torch

ITERATIONS = 40


def valley(x):
    """Chained Rosenbrock: sum_i 10 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2, not convex."""
    loss, g = 0.0, [0.0] * len(x)
    for i in range(len(x) - 1):
        u = x[i + 1] - x[i] * x[i]
        v = 1.0 - x[i]
        loss = loss + (10.0 * u * u + v * v)
        g[i] = g[i] - (40.0 * u * x[i] + 2.0 * v)
        g[i + 1] = g[i + 1] + 20.0 * u
    return loss, g


def quadratic(x):
    """sum_i c (x[i] - i)^2 with c = 2^i / 32: condition 2048."""
    loss, g, c = 0.0, [0.0] * len(x), 1.0 / 32.0
    for i in range(len(x)):
        u = x[i] - float(i)
        loss = loss + c * u * u
        g[i] = 2.0 * c * u
        c = c * 2.0
    return loss, g


FUNCTIONS = {
    "valley": (valley, [-1.25, 0.75, 0.5, -0.5, 1.5, 0.25]),
    "quadratic": (quadratic, [0.5] * 12),
}


def lbfgs(history, lr):
    return lambda p: torch.optim.LBFGS([p], lr=lr, max_iter=ITERATIONS, max_eval=10 * ITERATIONS,
                                       tolerance_grad=0, tolerance_change=0, history_size=history)


RUNS = [
    *((f, {"kind": "lbfgs", "history": h, "learning_rate": lr}, lbfgs(h, lr))
      for f, lr in (("valley", 0.5), ("quadratic", 1.0)) for h in (1, 2, 7, 100)),
    *((f, {"kind": "adam", "learning_rate": 0.05, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-8},
       lambda p: torch.optim.Adam([p], lr=0.05, betas=(0.9, 0.99), eps=1e-8))
      for f in FUNCTIONS),
    *((f, {"kind": "sgd", "learning_rate": lr, "momentum": m},
       lambda p, lr=lr, m=m: torch.optim.SGD([p], lr=lr, momentum=m))
      for f, lr in (("valley", 1e-3), ("quadratic", 2.0 ** -9)) for m in (0.0, 0.9)),
]


def trajectory(name, make, noise=None):
    """x and loss at every evaluation, then the last x; and how many pairs L-BFGS did not learn."""
    function, start = FUNCTIONS[name]
    p = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
    optimizer = make(p)
    xs, losses = [], []

    def closure():
        loss, g = function(p.tolist())
        xs.append(p.tolist())
        losses.append(loss)
        g = np.array(g)
        if noise is not None:
            g = g * (1 + noise.choice([-1, 1], g.shape) * np.finfo(float).eps)
        p.grad = torch.from_numpy(g)
        return torch.tensor(loss, dtype=torch.float64)

    if isinstance(optimizer, torch.optim.LBFGS):
        optimizer.step(closure)
        learnt = len(optimizer.state[p]["old_dirs"])
    else:
        for _ in range(ITERATIONS):
            optimizer.step(closure)
        learnt = None
    assert len(xs) == ITERATIONS, (name, len(xs))
    return np.array(xs + [p.tolist()]), np.array(losses), learnt


def main():
    out = []
    for name, options, make in RUNS:
        xs, losses, learnt = trajectory(name, make)
        spread = np.zeros(ITERATIONS + 1)
        for seed in range(10):
            noisy, _, _ = trajectory(name, make, np.random.default_rng(seed))
            relative = np.abs(noisy - xs).max(1) / np.abs(xs).max(1)
            spread = np.maximum(spread, np.maximum.accumulate(relative))
        print(f"{name} {options}: loss {losses[0]:.4g} -> {losses[-1]:.4g}, pairs {learnt}, "
              f"spread of 1 ulp of noise {spread[-1]:.1e}", file=sys.stderr)
        out.append({"function": name, "optimizer": options, "x": xs.tolist(),
                    "loss": losses.tolist(), "spread": [float(f"{s:.2g}") for s in spread]})
    path = pathlib.Path(__file__).with_name("optim.json")
    path.write_text("[" + ",\n".join(json.dumps(run) for run in out) + "]\n")


if __name__ == "__main__":
    main()
