"""What the scripts that write test files share: where they go, and the numbers that must come out of them.

Files of names ending in .f32 hold the expected numbers, raw and little-endian: of every convolution the
weights [out, in, 3, 3], the biases, and gamma, beta, mean and variance if it is normalised; then of every
fully connected layer the weights [out, in], then the biases.
"""
import os

import numpy as np

from network import small_vgg

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
NORM = ("gamma", "beta", "mean", "variance")


def data(name):
    return os.path.join(DATA, name)


def write_numbers(name, layers, head=()):
    with open(data(name + ".f32"), "wb") as out:
        for layer in (*layers, *head):
            for key in ("weight", "bias", *NORM):
                if key in layer:
                    out.write(np.ascontiguousarray(layer[key], np.float32).tobytes())


def read_numbers(name, layers, head=()):
    """Replaces the numbers of the layers by those in the file."""
    with open(data(name + ".f32"), "rb") as file:
        for layer in (*layers, *head):
            for key in ("weight", "bias", *NORM):
                if key in layer:
                    layer[key] = np.frombuffer(file.read(layer[key].nbytes), "<f4").reshape(layer[key].shape)


def small_head(seed, inputs=16, sizes=(12, 12, 5), names=("fc6", "fc7", "fc8")):
    """Fully connected layers, each weight [out, in], bias [out]."""
    random = np.random.RandomState(seed)
    head = []
    for name, outputs in zip(names, sizes):
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


def keras_name(layer):
    """conv1_1 is block1_conv1, fc6 stays."""
    name = layer["name"]
    return f"block{name[4]}_conv{name[6]}" if name.startswith("conv") else name


def keras_weights(layer):
    """Kernel [3, 3, in, out] or [in, out], and bias, as every Keras since 1.0 has them on TensorFlow."""
    weight = layer["weight"]
    order = (2, 3, 1, 0) if weight.ndim == 4 else (1, 0)
    return [np.ascontiguousarray(weight.transpose(order)), layer["bias"]]


def tiny_net(seed, **options):
    """Seeds for fuzzing are one block of two convolutions, a few hundred bytes: its layers, and a head."""
    os.makedirs(data("tiny"), exist_ok=True)
    layers = small_vgg("vgg13", seed, widths=(2, 2, 2, 2, 2), **options)[:2]
    return layers, small_head(362, inputs=2, sizes=(2, 2, 2))


def container_vgg(architecture):
    """The networks in Keras' and MATLAB's files, whose widths are odd to no layer's disadvantage."""
    return small_vgg(architecture, int(architecture[3:]), widths=(2, 3, 5, 7, 11))


def container_head(inputs=11, seed=5):
    return small_head(seed, inputs, (8, 8, 4), ("fc1", "fc2", "predictions"))
