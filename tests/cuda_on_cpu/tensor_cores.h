// What tensor cores compute, as exactly as PTX defines it and no better.
#pragma once

#include <cstdint>

namespace gramgrad::cuda_on_cpu {

// To 10 bits of mantissa, half away from zero: cvt.rna.tf32.f32. NaN stays.
std::uint32_t rounded_to_tf32(float value);

// What one lane holds of the operands of mma.m16n8k8, and of mma.m16n8k16. Source: PTX ISA, "Matrix
// Fragments for mma.m16n8k8" and "... mma.m16n8k16".
struct TensorOperands {
  float* d;                // [4] of C and of the result, 16 x 8
  const std::uint32_t* a;  // [4] of A, 16 x 8 or 16 x 16
  const std::uint32_t* b;  // [2] of B, 8 x 8 or 16 x 8
};

// d += a b. Factors lose the bits that TF32 has not. Eight products are added exactly and the sum
// is cut off, not rounded, to f32: PTX promises no more than f32's precision, and GPUs do cut off.
void multiply_tf32(void* const* operands_of_lanes);

// d += a b, of bf16 numbers, two a word, the first in the lower half. Sixteen products are added as
// eight and eight.
void multiply_bf16(void* const* operands_of_lanes);

}  // namespace gramgrad::cuda_on_cpu
