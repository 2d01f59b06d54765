"""Writes an ONNX file as Keras' users do, for weights_converter/graphs.

Run with the Python that make_tfjs.py describes and tf2onnx; the file in data/ was written by tf2onnx 1.13.0 with
onnx 1.12.0:
    old/bin/pip install tf2onnx==1.13.0 onnx==1.12.0 && old/bin/python make_tf2onnx.py
Then make_expected.py.
"""
import tensorflow
import tf2onnx

from make_tfjs import keras_model
from network import small_vgg
from test_files import data, small_head, write_numbers


def main():
    layers, head = small_vgg("vgg16", 311), small_head(312, inputs=64, sizes=(6, 4))
    picture = tensorflow.TensorSpec((None, 64, 64, 3), tensorflow.float32, name="input")
    tf2onnx.convert.from_keras(keras_model(layers, head), [picture], opset=13,
                               output_path=data("onnx_tf2onnx_vgg16.onnx"))
    write_numbers("onnx_tf2onnx_vgg16", layers, head)


if __name__ == "__main__":
    main()
