"""What make_onnx.py, make_caffe.py and make_tfjs.py share.

Files of names ending in .f32 hold the expected numbers, raw and little-endian: of every convolution the
weights [out, in, 3, 3], the biases, and gamma, beta, mean and variance if it is normalised; then of every
fully connected layer the weights [out, in], then the biases.
"""
import os

import numpy as np

from network import small_vgg, write_features

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
NORM = ("gamma", "beta", "mean", "variance")


def data(name):
    return os.path.join(DATA, name)


def write_expected(name, layers, head, feeding, **options):
    write_features(data(name + ".features"), layers, feeding, **options)
    with open(data(name + ".f32"), "wb") as out:
        for layer in (*layers, *head):
            for key in ("weight", "bias", *NORM):
                if key in layer:
                    out.write(np.ascontiguousarray(layer[key], np.float32).tobytes())


def small_head(seed, inputs=16, sizes=(12, 12, 5)):
    """Fully connected layers, each weight [out, in], bias [out]."""
    random = np.random.RandomState(seed)
    head = []
    for name, outputs in zip(("fc6", "fc7", "fc8"), sizes):
        head.append({"name": name, "weight": random.randn(outputs, inputs).astype(np.float32),
                     "bias": random.randn(outputs).astype(np.float32)})
        inputs = outputs
    return head


def pooled(layers):
    """The layers, and None where a block ends."""
    for layer, following in zip(layers, (*layers[1:], None)):
        yield layer
        if following is None or following["name"][4] != layer["name"][4]:
            yield None


def tiny_net(seed, **options):
    """Seeds for fuzzing are one block of two convolutions, a few hundred bytes: its layers, and a head."""
    os.makedirs(data("tiny"), exist_ok=True)
    layers = small_vgg("vgg13", seed, widths=(2, 2, 2, 2, 2), **options)[:2]
    return layers, small_head(362, inputs=2, sizes=(2, 2, 2))
