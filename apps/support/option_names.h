// The names by which options choose from enumerations.
#pragma once

#include <array>

#include "apps/support/options.h"
#include "apps/support/values.h"

namespace gramgrad::apps {

inline constexpr std::array preserve_color_names{
    Choice<PreserveColor>{"none", PreserveColor::none},
    Choice<PreserveColor>{"luminance", PreserveColor::luminance},
    Choice<PreserveColor>{"match", PreserveColor::match}};

inline constexpr std::array precision_names{
    Choice<Precision>{"auto", Precision::automatic}, Choice<Precision>{"f32", Precision::f32},
    Choice<Precision>{"f64", Precision::f64},        Choice<Precision>{"tf32", Precision::tf32},
    Choice<Precision>{"mixed", Precision::mixed},    Choice<Precision>{"bf16", Precision::bf16}};

inline constexpr std::array autotune_names{Choice<CudaPlans>{"off", CudaPlans::expected},
                                           Choice<CudaPlans>{"on", CudaPlans::measured}};

inline constexpr std::array clamp_names{Choice<Clamp>{"auto", Clamp::automatic},
                                        Choice<Clamp>{"on", Clamp::on},
                                        Choice<Clamp>{"off", Clamp::off}};

inline constexpr std::array pooling_names{Choice<PoolKind>{"max", PoolKind::max},
                                          Choice<PoolKind>{"avg", PoolKind::average}};

inline constexpr std::array optimizer_names{
    Choice<nn::OptimizerKind>{"lbfgs", nn::OptimizerKind::lbfgs},
    Choice<nn::OptimizerKind>{"adam", nn::OptimizerKind::adam},
    Choice<nn::OptimizerKind>{"sgd", nn::OptimizerKind::sgd}};

inline constexpr std::array bits_names{Choice<int>{"8", 8}, Choice<int>{"16", 16}};

inline constexpr std::array tv_form_names{
    Choice<TvForm>{"squared_mean", TvForm::squared_mean},
    Choice<TvForm>{"squared_cropped", TvForm::squared_cropped},
    Choice<TvForm>{"absolute", TvForm::absolute}, Choice<TvForm>{"power", TvForm::power},
    Choice<TvForm>{"nine_point", TvForm::nine_point}};

}  // namespace gramgrad::apps
