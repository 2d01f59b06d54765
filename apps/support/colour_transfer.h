// Keeping the content picture's colours. Gatys, Bethge, Hertzmann, Shechtman, "Preserving Color in
// Neural Artistic Style Transfer", arXiv 1606.05897.
#pragma once

#include "apps/support/image.h"

namespace gramgrad::apps {

// Luma of `result` with the chroma of `content`, of the same size. In YCbCr as JPEG has it (BT.601:
// Y = 0.299 R + 0.587 G + 0.114 B) that adds Y(result) - Y(content) to each channel of `content`;
// YIQ and YUV have the same Y, so they would give the same picture. Cut to [0, 1]. Alpha: result's.
Image with_luma_of(const Image& result, const Image& content);

// `style` with mean and covariance of its colours changed to those of `content`:
//   x -> S_c^(1/2) S_s^(-1/2) (x - mean_s) + mean_c,   S = covariance + 1e-5 I
// with symmetric square roots, which change colours least. The addition keeps a grey or constant
// style finite. Cut to [0, 1]. Both pictures opaque (their alpha is not looked at).
Image with_colours_of(const Image& content, const Image& style);

}  // namespace gramgrad::apps
