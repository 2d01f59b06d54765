"""Small VGG networks with random weights: what the scripts beside this one write into files of every format.
features.py has what must come out of them again. Needs NumPy only, of any age.
"""
import numpy as np

CONVS = {"vgg11": (1, 1, 2, 2, 2), "vgg13": (2, 2, 2, 2, 2), "vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
WIDTHS = (2, 4, 8, 16, 16)
TORCHVISION = {"order": "RGB", "scale": 1.0, "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
CAFFE = {"order": "BGR", "scale": 255.0, "mean": (103.939, 116.779, 123.68), "std": (1.0, 1.0, 1.0)}


def small_vgg(architecture, seed, batch_norm=False, widths=WIDTHS):
    """The convolutions in order: dictionaries with name ("conv1_1"), weight [out, in, 3, 3], bias [out]
    and, with batch_norm, gamma, beta, mean, variance [out]; all f32."""
    random = np.random.RandomState(seed)
    layers, channels = [], 3
    for block, (count, width) in enumerate(zip(CONVS[architecture], widths), 1):
        for index in range(1, count + 1):
            deviation = np.sqrt(2.0 / (9 * channels))
            layer = {
                "name": f"conv{block}_{index}",
                "weight": (random.randn(width, channels, 3, 3) * deviation).astype(np.float32),
                "bias": (random.randn(width) * 0.1).astype(np.float32),
            }
            if batch_norm:
                layer["gamma"] = random.uniform(0.5, 1.5, width).astype(np.float32)
                layer["beta"] = (random.randn(width) * 0.1).astype(np.float32)
                layer["mean"] = (random.randn(width) * 0.1).astype(np.float32)
                layer["variance"] = random.uniform(0.5, 1.5, width).astype(np.float32)
            layers.append(layer)
            channels = width
    return layers
