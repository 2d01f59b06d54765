"""The VGG networks as the scripts here need them: block by block."""

CONVOLUTIONS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
WIDTHS = (64, 128, 256, 512, 512)  # channels


def to_conv5_1(network):
    """[(block, index in it, inputs, outputs)] of the convolutions, counted from 1."""
    layers, inputs = [], 3
    for block, (count, width) in enumerate(zip(CONVOLUTIONS[network], WIDTHS), 1):
        for index in range(1, (1 if block == 5 else count) + 1):
            layers.append((block, index, inputs, width))
            inputs = width
    return layers
