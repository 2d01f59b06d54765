"""Writes the files of Keras 1 and 2 for weights_converter/containers, with the Keras that it is run with.

Those in data/ were written by Keras 1.2.2 and by Keras 2.3.1, both on TensorFlow 1.15.5 with h5py 2.10.0:
    python3.7 -m venv old && old/bin/pip install keras==1.2.2 tensorflow==1.15.5 h5py==2.10.0 protobuf==3.20.3
    KERAS_BACKEND=tensorflow old/bin/python make_keras_old.py
and the same with keras==2.3.1. Then make_expected.py, which needs PyTorch.
"""
import keras

from test_files import container_head, container_vgg, data, keras_name, keras_weights, pooled

KERAS_1 = keras.__version__.startswith("1.")


def convolution(layer):
    options = {"activation": "relu", "name": keras_name(layer)}
    if KERAS_1:
        return keras.layers.Convolution2D(len(layer["bias"]), 3, 3, border_mode="same", **options)
    return keras.layers.Conv2D(len(layer["bias"]), 3, padding="same", **options)


def vgg(layers, head=(), side=32):
    """keras.applications' VGG of these widths, with the weights in place."""
    x = picture = keras.layers.Input((side, side, 3))
    block = 1
    for layer in pooled(layers):
        if layer is None:
            x = keras.layers.MaxPooling2D((2, 2), strides=(2, 2), name=f"block{block}_pool")(x)
            block += 1
        else:
            x = convolution(layer)(x)
    if head:
        x = keras.layers.Flatten(name="flatten")(x)
    for layer in head:
        activation = "softmax" if layer is head[-1] else "relu"
        x = keras.layers.Dense(len(layer["bias"]), activation=activation, name=layer["name"])(x)
    model = keras.models.Model(picture, x)
    for layer in (*layers, *head):
        model.get_layer(keras_name(layer)).set_weights(keras_weights(layer))
    return model


def main():
    if KERAS_1:
        vgg(container_vgg("vgg19")).save_weights(data("keras1_vgg19.h5"))
        return
    vgg(container_vgg("vgg16")).save_weights(data("keras2_vgg16_notop.h5"))
    vgg(container_vgg("vgg19"), container_head(11 * 2 * 2), 64).save_weights(data("keras2_vgg19.h5"))
    whole = vgg(container_vgg("vgg11"), container_head())
    whole.compile(optimizer=keras.optimizers.SGD(momentum=0.9), loss="mse")
    whole._make_train_function()  # whose state save() writes too
    whole.save(data("keras2_vgg11_model.h5"))


if __name__ == "__main__":
    main()
