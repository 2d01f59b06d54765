"""Writes the files of Keras 3 for weights_converter/containers: weights alone, and old whole models.

Run with Keras 3; those in data/ were written by Keras 3.15.1 on TensorFlow 2.21.0 with h5py 3.14.0:
    python3 -m venv new && new/bin/pip install keras tensorflow-cpu && new/bin/python make_keras.py
Then make_expected.py.
"""
import keras
import numpy as np

from test_files import container_head, container_vgg, data, keras_name, keras_weights, pooled


def keras_layers(layers):
    block = 1
    for layer in pooled(layers):
        if layer is None:
            yield keras.layers.MaxPooling2D(2, name=f"block{block}_pool")
            block += 1
        else:
            yield keras.layers.Conv2D(len(layer["bias"]), 3, padding="same", activation="relu", name=keras_name(layer))


def set_weights(made, layers):
    weights = {keras_name(layer): keras_weights(layer) for layer in layers}
    for layer in made:
        if layer.name in weights:
            layer.set_weights(weights[layer.name])


def write_weights(path, layers):
    model = keras.Sequential([keras.layers.Input((32, 32, 3)), *keras_layers(layers)])
    set_weights(model.layers, layers)
    model.save_weights(path)


def write_model(path, layers, head):
    """A whole trained model, with classifier and the optimiser's state, as save() writes it into an .h5."""
    dense = [keras.layers.Dense(len(layer["bias"]), name=layer["name"]) for layer in head]
    model = keras.Sequential([keras.layers.Input((32, 32, 3)), *keras_layers(layers), keras.layers.Flatten(), *dense])
    model.compile(optimizer=keras.optimizers.SGD(momentum=0.9), loss="mse")
    model.fit(np.zeros((1, 32, 32, 3), np.float32), np.zeros((1, 4), np.float32), verbose=0)
    set_weights(model.layers, (*layers, *head))
    model.save(path)


class Edges(keras.Model):
    """Blocks of a VGG with a 1×1 convolution after each, as edge detectors have."""

    def __init__(self, layers):
        super().__init__()
        parts = []
        for layer in keras_layers(layers):
            parts.append(layer)
            if "pool" in layer.name:
                block = layer.name[5]
                setattr(self, "block" + block, keras.Sequential(parts))
                setattr(self, "dsn" + block, keras.layers.Conv2D(1, 1))
                parts = []

    def call(self, x):
        total = 0
        for number in range(1, 6):
            x = getattr(self, f"block{number}")(x)
            total += keras.ops.sum(getattr(self, f"dsn{number}")(x))
        return total


def write_nested(path, layers):
    model = Edges(layers)
    model(np.zeros((1, 32, 32, 3), np.float32))
    for block in range(1, 6):
        set_weights(getattr(model, f"block{block}").layers, layers)
    model.save_weights(path)


def write_normalised(path):
    parts = []
    for width in (2, 2, 2):
        parts += [keras.layers.Conv2D(width, 3, padding="same"), keras.layers.BatchNormalization()]
    keras.Sequential([keras.layers.Input((8, 8, 3)), *parts]).save_weights(path)


def main():
    write_model(data("keras3_vgg11_model.h5"), container_vgg("vgg11"), container_head())
    write_weights(data("keras3_vgg19.weights.h5"), container_vgg("vgg19"))
    write_nested(data("keras3_vgg16_nested.weights.h5"), container_vgg("vgg16"))
    write_normalised(data("refused/normalised.weights.h5"))


if __name__ == "__main__":
    main()
