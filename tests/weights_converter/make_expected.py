"""Writes the .features, and the numbers of Keras' and MATLAB's files, for the scripts that run in Pythons of old
libraries: make_keras_old.py, make_keras.py, make_hdf5.py, make_matlab.py, make_tfjs.py, make_tf2onnx.py.

Run with a Python that has torch (Debian 12: python3-torch 1.13.1).
"""
from features import write_features
from network import CAFFE, small_vgg
from test_files import container_head, container_vgg, data, read_numbers, write_numbers

MATCONVNET = {"order": "RGB", "scale": 255.0, "mean": (123.68, 116.779, 103.939), "std": (1.0, 1.0, 1.0)}
AVERAGED = {"order": "RGB", "scale": 255.0, "mean": (120.0, 110.0, 100.0), "std": (1.0, 1.0, 1.0)}

CONTAINERS = {
    "vgg11": (("keras2_vgg11_model", CAFFE), ("keras2_vgg11_packed", CAFFE), ("keras3_vgg11_model", CAFFE),
              ("matconvnet_vgg11_old", AVERAGED), ("matconvnet_vgg11_double", MATCONVNET),
              ("matconvnet_vgg11_73", AVERAGED)),
    "vgg16": (("keras2_vgg16_notop", CAFFE), ("keras3_vgg16_nested.weights", CAFFE)),
    "vgg19": (("keras1_vgg19", CAFFE), ("keras2_vgg19", CAFFE), ("keras3_vgg19.weights", CAFFE),
              ("matconvnet_vgg19", AVERAGED)),
}
# What TensorFlow's converters wrote: name, architecture, name of the features.
CONVERTED = (("tfjs_vgg16", "vgg16", "tfjs_vgg16/model"), ("tfjs_vgg19_uint8", "vgg19", "tfjs_vgg19_uint8/model"),
             ("tfjs_vgg13_uint16", "vgg13", "tfjs_vgg13_uint16/model"),
             ("tfjs_vgg11_float16", "vgg11", "tfjs_vgg11_float16/model"),
             ("onnx_tf2onnx_vgg16", "vgg16", "onnx_tf2onnx_vgg16"))


def main():
    for architecture, files in CONTAINERS.items():
        layers = container_vgg(architecture)
        write_numbers("containers_" + architecture, layers)
        for name, feeding in files:
            write_features(data(name + ".features"), layers, feeding)
    write_numbers("containers_head", (), container_head())
    write_numbers("containers_head_2x2", (), container_head(11 * 2 * 2))
    write_numbers("containers_head_2x3", (), container_head(11 * 2 * 3, 6))
    for name, architecture, features in CONVERTED:
        layers = small_vgg(architecture, 0, batch_norm="uint16" in name)
        read_numbers(name, layers)
        write_features(data(features + ".features"), layers, CAFFE, epsilon=1e-3)


if __name__ == "__main__":
    main()
