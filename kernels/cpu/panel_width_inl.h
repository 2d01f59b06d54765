// The width of a panel, for each instruction set. Included once for each.
#include <cstdint>

#include "kernels/cpu/simd_inl.h"

#if defined(GRAMGRAD_KERNELS_CPU_PANEL_WIDTH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef GRAMGRAD_KERNELS_CPU_PANEL_WIDTH_INL_H_
#undef GRAMGRAD_KERNELS_CPU_PANEL_WIDTH_INL_H_
#else
#define GRAMGRAD_KERNELS_CPU_PANEL_WIDTH_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace gramgrad::cpu::HWY_NAMESPACE {

constexpr std::int64_t lanes = static_cast<std::int64_t>(hn::MaxLanes(hn::ScalableTag<float>()));
constexpr std::int64_t width = 2 * lanes;

}  // namespace gramgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
