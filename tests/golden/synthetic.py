"""Pictures and networks from one integer hash; tests/nn/synthetic_vgg.h says the same in C++."""
import math

import numpy as np

VGG19 = (2, 2, 4, 4, 4)
VGG16 = (2, 2, 3, 3, 3)
MEAN_BGR = (103.939, 116.779, 123.68)


def splitmix64(index):
    """Steele, Lea, Flood 2014: the index-th output of the generator with seed 0."""
    z = (np.asarray(index, dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def uniform(stream, count):
    """`count` numbers in [0, 1) of an own stream: 53 bits of the hash of stream * 2^32 + i."""
    indices = np.arange(count, dtype=np.uint64) + (np.uint64(stream) << np.uint64(32))
    return (splitmix64(indices) >> np.uint64(11)).astype(np.float64) * 2.0 ** -53


def picture(stream, height, width):
    """[H, W, 3]: a bilinear surface over 4 x 4 random knots, and noise; from -0.15 to 1.15."""
    knots = uniform(stream, 48).reshape(4, 4, 3)
    noise = uniform(stream + 1, height * width * 3).reshape(height, width, 3)

    def places(count):
        at = np.arange(count) * 3.0 / (count - 1)
        cell = np.minimum(at.astype(np.int64), 2)
        return cell, at - cell

    i, v = places(height)
    j, u = places(width)
    v, u = v[:, None, None], u[None, :, None]
    upper = knots[i][:, j] * (1 - u) + knots[i][:, j + 1] * u
    lower = knots[i + 1][:, j] * (1 - u) + knots[i + 1][:, j + 1] * u
    return 0.9 * (upper * (1 - v) + lower * v) + 0.4 * noise - 0.15


def convolutions(convs, width=64):
    """(name, in channels, out channels) up to conv5_1; `width` channels in the first block."""
    names, channels = [], 3
    for block, count in enumerate(convs, 1):
        out = width * min(2 ** (block - 1), 8)
        for index in range(1, (1 if block == 5 else count) + 1):
            names.append((f"conv{block}_{index}", channels, out))
            channels = out
    return names


def weights(convs, width=64):
    """{name: (weight [O, 3, 3, I], bias [O])}: He-scaled uniform numbers, rounded to f32."""
    result = {}
    for layer, (name, inputs, outputs) in enumerate(convolutions(convs, width)):
        limit = math.sqrt(6.0 / (9 * inputs))
        w = (2 * uniform(1000 + 2 * layer, outputs * 9 * inputs) - 1) * limit
        b = (2 * uniform(1001 + 2 * layer, outputs) - 1) * 4
        result[name] = (w.astype(np.float32).reshape(outputs, 3, 3, inputs), b.astype(np.float32))
    return result


SAMPLES, PROJECTIONS = 200, 4


def digest(values):
    """What is stored of a large tensor: norm, entries at hash positions, projections on +-1."""
    flat = np.ascontiguousarray(values, dtype=np.float64).reshape(-1)
    at = splitmix64(np.arange(SAMPLES) + (7 << 32)) % np.uint64(flat.size)
    signs = [1.0 - 2.0 * (splitmix64(np.arange(flat.size) + ((8 + p) << 32)) >> np.uint64(63))
             for p in range(PROJECTIONS)]
    return {"shape": list(values.shape), "norm": float(np.linalg.norm(flat)),
            "samples": flat[at].tolist(), "projections": [float(flat @ s) for s in signs]}
