"""Writes MatConvNet's networks as MATLAB files for weights_converter/containers.

Run with a Python that has SciPy, which writes version 5, and hdf5storage, which writes version 7.3 as MATLAB does:
those in data/ are of SciPy 1.17.1 and hdf5storage 0.2.2 with h5py 3.16.0. Then make_expected.py.
"""
import hdf5storage
import numpy as np
import scipy.io

from test_files import container_head, container_vgg, data

MEAN = np.float32([120, 110, 100])


def cells(values):
    array = np.empty((1, len(values)), object)
    array[0, :] = values
    return array


def filters_of(layer, height=1, width=1):
    """[row, column, in, out]; fully connected layers take maps of this height and width."""
    weight = layer["weight"]
    if weight.ndim == 2:
        weight = weight.reshape(len(weight), -1, height, width)
    return np.ascontiguousarray(weight.transpose(2, 3, 1, 0))


def simplenn(layers, head=(), old=False):
    """The list of structures that MatConvNet's vl_simplenn takes. `head` is for maps of 2 × 3."""
    convs = [(layer["name"], filters_of(layer), layer["bias"]) for layer in layers]
    for number, layer in enumerate(head, 6):
        convs.append((f"fc{number}", filters_of(layer, *((2, 3) if number == 6 else (1, 1))), layer["bias"]))
    found = []
    for name, filters, biases in convs:
        structure = {"type": "conv", "name": name, "stride": np.float64(1), "pad": np.float64(1)}
        if old:
            structure.update(filters=filters, biases=biases[None])
        else:
            structure["weights"] = cells([filters, biases[:, None]])
        found += [structure, {"type": "relu", "name": "relu" + name}]
    return cells([*found, {"type": "softmax", "name": "prob"}])


def write_5(name, layers, normalization=None, head=(), old=False, compressed=True):
    contents = {"layers": simplenn(layers, head, old)}
    if normalization is not None:
        contents.update({"normalization": normalization} if old else {"meta": {"normalization": normalization}})
    scipy.io.savemat(data(name), contents, do_compression=compressed, long_field_names=True)


def write_73(name, layers, normalization):
    hdf5storage.savemat(data(name), {"layers": simplenn(layers), "meta": {"normalization": normalization}},
                        format="7.3", store_python_metadata=False, truncate_existing=True)


def main():
    vgg11 = container_vgg("vgg11")
    average = np.zeros((1, 1, 3), np.float32) + MEAN
    picture = np.zeros((4, 5, 3), np.float32) + MEAN
    picture[:2] += 1
    picture[2:] -= 1
    write_5("matconvnet_vgg19.mat", container_vgg("vgg19"), {"averageImage": average})
    write_5("matconvnet_vgg11_old.mat", vgg11, {"averageImage": picture}, container_head(11 * 2 * 3, 6), old=True,
            compressed=False)
    write_5("matconvnet_vgg11_double.mat", [{**layer, "weight": layer["weight"].astype(np.float64)} for layer in vgg11])
    write_73("matconvnet_vgg11_73.mat", vgg11, {"averageImage": average})
    write_5("matconvnet_tiny.mat", vgg11[:1], compressed=False)
    write_5("matconvnet_tiny_packed.mat", vgg11[:1])
    write_73("matconvnet_tiny_73.mat", vgg11[:1], {})
    scipy.io.savemat(data("refused/no_layers.mat"), {"x": np.zeros((2, 2))})


if __name__ == "__main__":
    main()
