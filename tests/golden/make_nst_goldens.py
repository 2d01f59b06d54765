#!/usr/bin/env python3
"""Writes nst.json and nst_gradient_*.f64: what PyTorch computes in f64, for
tests/nn/nst_golden_test.cpp. Formulas are those of nn/losses/*.h and kernels/ops.h, written again
here with PyTorch's own operators and differentiated by its autograd.

    python3 make_nst_goldens.py --vgg16 vgg16_imagenet_f16.npz    (PyTorch 1.13 or later, NumPy)

The archive holds conv1_1.weight [O, I, 3, 3], conv1_1.bias [O], ... of the network that is part of
the program.
"""
import argparse
import json
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

import synthetic
from synthetic import digest

HERE = pathlib.Path(__file__).parent
STYLE = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
CONTENT = "relu4_2"
TAPS = STYLE + [CONTENT, "conv3_2", "relu3_4", "pool1", "pool2", "pool3", "pool4"]
CURVE_ITERATIONS = 30


class Network:
    """A frozen VGG; pictures [H, W, 3] RGB in [0, 1], features [H, W, C]."""

    def __init__(self, convs, weights, pooling):
        self.convs, self.pooling = convs, pooling
        self.weights = {n: (torch.from_numpy(np.asarray(w, np.float64)).permute(0, 3, 1, 2),
                            torch.from_numpy(np.asarray(b, np.float64)))
                        for n, (w, b) in weights.items()}

    def __call__(self, picture):
        x = picture.flip(2) * 255 - torch.tensor(synthetic.MEAN_BGR, dtype=torch.float64)
        x = x.permute(2, 0, 1)[None]
        features = {}
        for block, count in enumerate(self.convs, 1):
            for index in range(1, count + 1):
                if f"conv{block}_{index}" not in self.weights:
                    return features
                x = F.conv2d(x, *self.weights[f"conv{block}_{index}"], padding=1)
                features[f"conv{block}_{index}"] = x[0].permute(1, 2, 0)
                x = F.relu(x)
                features[f"relu{block}_{index}"] = x[0].permute(1, 2, 0)
            x = F.max_pool2d(x, 2) if self.pooling == "max" else F.avg_pool2d(x, 2)
            features[f"pool{block}"] = x[0].permute(1, 2, 0)
        return features


def gram(f, normalization):
    m, c = f.shape[0] * f.shape[1], f.shape[2]
    k = {"gatys": 1 / m, "hw": 1 / m, "chw": 1 / (c * m), "none": 1.0}[normalization]
    flat = f.reshape(m, c)
    return k * (flat.T @ flat)


def gram_loss(f, style, normalization, relative=False):
    c = f.shape[2]
    target = gram(style, normalization)
    a = {"gatys": 1 / (4 * c * c), "hw": 1 / (c * c), "chw": 1 / (c * c), "none": 1.0}[normalization]
    a = 1 / (target ** 2).sum() if relative else a
    return a * ((gram(f, normalization) - target) ** 2).sum()


def statistics(f):
    flat = f.reshape(-1, f.shape[2])
    mean = flat.mean(0)
    return torch.cat([mean, (((flat - mean) ** 2).mean(0) + 1e-5).sqrt()])


def statistics_loss(f, style, relative):
    target = statistics(style)
    a = 1 / (target ** 2).sum() if relative else 1 / f.shape[2]
    return a * ((statistics(f) - target) ** 2).sum()


def content_loss(f, target, normalization):
    squares = (f - target) ** 2
    return {"gatys": 0.5 * squares.sum(), "mean": squares.mean(),
            "relative": squares.sum() / (target ** 2).sum()}[normalization]


def nine_point(x):
    """The stencil of crowsonkb/style-transfer-pytorch, on [H, W, 3]."""
    x = F.pad(x.permute(2, 0, 1)[None], (1, 1, 1, 1), "replicate")
    inner, after, head, tail = slice(1, -1), slice(2, None), slice(None, -1), slice(1, None)
    d1 = (x[..., inner, after] - x[..., inner, inner]).pow(2).mean() / 3
    d2 = (x[..., after, inner] - x[..., inner, inner]).pow(2).mean() / 3
    d3 = (x[..., tail, tail] - x[..., head, head]).pow(2).mean() / 12
    d4 = (x[..., tail, head] - x[..., head, tail]).pow(2).mean() / 12
    return 2 * (d1 + d2 + d3 + d4)


def tv_loss(x, form):
    dx, dy = x[:, 1:] - x[:, :-1], x[1:] - x[:-1]
    squares = dx[:-1] ** 2 + dy[:, :-1] ** 2
    return {"squared_cropped": lambda: 0.5 * squares.sum(),
            "absolute": lambda: dx.abs().sum() + dy.abs().sum(),
            "squared_mean": lambda: (dx ** 2).mean() + (dy ** 2).mean(),
            "power": lambda: (squares ** 1.25).sum(),  # beta = 2.5
            "nine_point": lambda: nine_point(x)}[form]()


def range_loss(x):
    return ((x - x.clamp(0, 1)) ** 2).mean()


class Objective:
    """The weighted sum that nn/objective.h minimises by default, on given style layers."""

    def __init__(self, network, content, style, layers):
        self.network, self.layers = network, layers
        self.content, self.style = network(content)[CONTENT], network(style)

    def __call__(self, x):
        f = self.network(x)
        style = sum(gram_loss(f[l], self.style[l], "hw", relative=True) for l in self.layers)
        return {"content": 50 * content_loss(f[CONTENT], self.content, "relative"),
                "style": 1000 * style / len(self.layers),
                "tv": 20 * tv_loss(x, "squared_mean"), "range": 1000 * range_loss(x)}


def with_gradient(x, function):
    """Loss, and the digest of its gradient with respect to x."""
    x = x.detach().clone().requires_grad_()
    loss = function(x)
    loss.backward()
    return {"loss": loss.item(), "gradient": digest(x.grad.numpy())}


def objective_golden(objective, x, name):
    x = x.clone().requires_grad_()
    terms = objective(x)
    sum(terms.values()).backward()
    x.grad.numpy().astype("<f8").tofile(HERE / f"nst_gradient_{name}.f64")
    return {name: term.item() for name, term in terms.items()}


def layer_losses(features, style, content):
    """Each loss on its own features: {loss: {layer: loss and gradient}}."""
    out = {}
    for normalization in ("gatys", "hw", "chw", "none"):
        for relative in (False, True):
            key = f"gram:normalization={normalization},relative={str(relative).lower()}"
            out[key] = {l: with_gradient(features[l], lambda f: gram_loss(
                f, style[l], normalization, relative)) for l in STYLE}
    for relative in (False, True):
        out[f"statistics:relative={str(relative).lower()}"] = {l: with_gradient(
            features[l], lambda f: statistics_loss(f, style[l], relative)) for l in STYLE}
    for normalization in ("gatys", "mean", "relative"):
        out[f"content:normalization={normalization}"] = {CONTENT: with_gradient(
            features[CONTENT], lambda f: content_loss(f, content[CONTENT], normalization))}
    return out


def loss_curve(objective, start):
    """Total loss at each iteration of L-BFGS, and how far one unit of noise in it spreads."""
    def run(noise):
        x = torch.nn.Parameter(start.clone())
        optimizer = torch.optim.LBFGS([x], max_iter=CURVE_ITERATIONS, max_eval=10 ** 6,
                                      history_size=20, tolerance_grad=0, tolerance_change=0)
        losses = []

        def closure():
            optimizer.zero_grad()
            loss = sum(objective(x).values())
            loss.backward()
            if noise is not None:
                x.grad *= torch.from_numpy(1 + noise.choice([-1, 1], x.shape) * 1e-15)
            losses.append(loss.item())
            return loss

        optimizer.step(closure)
        return np.array(losses)

    losses = run(None)
    spread = max(np.max(np.abs(run(np.random.default_rng(s)) / losses - 1)) for s in range(3))
    return {"losses": losses.tolist(), "spread": spread}


def read_vgg16(path):
    archive = np.load(path)
    return {n: (archive[f"{n}.weight"].transpose(0, 2, 3, 1), archive[f"{n}.bias"])
            for n, _, _ in synthetic.convolutions(synthetic.VGG16)}


def pictures():
    return [torch.from_numpy(synthetic.picture(stream, h, w))
            for stream, h, w in ((101, 48, 64), (103, 40, 56), (105, 48, 64))]


def vgg19_goldens(out):
    content, style, generated = pictures()
    for pooling in ("max", "average"):
        network = Network(synthetic.VGG19, synthetic.weights(synthetic.VGG19), pooling)
        with torch.no_grad():
            features = network(generated)
            style_features, content_features = network(style), network(content)
        out[f"features_{pooling}"] = {t: digest(features[t].numpy()) for t in TAPS}
        out[f"grams_{pooling}"] = {t: digest(gram(features[t], "hw").numpy()) for t in STYLE}
        if pooling == "max":
            out["layer_losses"] = layer_losses(features, style_features, content_features)
        out[f"objective_{pooling}"] = objective_golden(Objective(network, content, style, STYLE),
                                                       generated, pooling)
    for form in ("squared_cropped", "absolute", "squared_mean", "power", "nine_point"):
        out[f"tv_{form}"] = with_gradient(generated, lambda x: tv_loss(x, form))
    out["range"] = with_gradient(generated, range_loss)


def vgg16_goldens(out, path):
    content, style, generated = pictures()
    network = Network(synthetic.VGG16, read_vgg16(path), "average")
    with torch.no_grad():
        features = network(generated)
    out["vgg16_features"] = {t: digest(features[t].numpy()) for t in STYLE + [CONTENT, "pool4"]}
    out["objective_vgg16"] = objective_golden(Objective(network, content, style, STYLE), generated,
                                              "vgg16")


def curve_goldens(out):
    content, style = (torch.from_numpy(synthetic.picture(stream, h, w))
                      for stream, h, w in ((107, 32, 40), (109, 36, 32)))
    network = Network(synthetic.VGG19, synthetic.weights(synthetic.VGG19, 8), "average")
    out["curve"] = loss_curve(Objective(network, content, style, STYLE[:4]), content)
    print(f"curve: {out['curve']['losses'][0]:.6g} -> {out['curve']['losses'][-1]:.6g}, spread of "
          f"1e-15 of noise {out['curve']['spread']:.1e}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vgg16", required=True, help="vgg16_imagenet_f16.npz")
    out = {}
    vgg19_goldens(out)
    vgg16_goldens(out, parser.parse_args().vgg16)
    curve_goldens(out)
    text = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in out.items())
    (HERE / "nst.json").write_text("{" + text + "}\n")


if __name__ == "__main__":
    main()
