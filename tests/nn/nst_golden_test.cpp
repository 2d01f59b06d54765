// Everything that neural style transfer computes, against PyTorch in f64
// (tests/golden/make_nst_goldens.py): features, Gram matrices, losses, gradients, the loss curve.
//
// In f64 on the reference device all must agree to 1e-10, gradients included: ReLU and max pooling
// decide alike there. In f32 they do not always, and one decision that falls the other way changes
// a gradient by far more than rounding does; so f32 gradients are compared with the reference's
// decisions (FixedDecisions), and only what is continuous is compared through the whole network.
#include <gtest/gtest.h>

#include <optional>

#include "autograd/functions.h"
#include "nn/losses/gram.h"
#include "nn/networks/embedded.h"
#include "nn/objective.h"
#include "nn/optim/lbfgs.h"
#include "tests/nn/golden.h"
#include "tests/nn/synthetic_vgg.h"

namespace gramgrad::nn {
namespace {

using autograd::Variable;

const std::vector<std::string> style_taps{"relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"};

const nlohmann::json& goldens() {
  static const nlohmann::json json = read_golden("nst.json");
  return json;
}

PoolKind pooling_named(const std::string& name) {
  return name == "max" ? PoolKind::max : PoolKind::average;
}

Vgg vgg19(const Device& device, DType dtype, PoolKind pooling, int width = 64) {
  const std::vector<std::byte> bytes = synthetic_vgg19(width);
  return Vgg(WeightsFile::from_memory(bytes, "synthetic"), device, dtype, pooling);
}

Vgg vgg16(const Device& device, DType dtype) {
  return Vgg(WeightsFile::from_memory(embedded_vgg16(), "vgg16"), device, dtype, PoolKind::average);
}

struct Pictures {
  Pictures(const Device& device, DType dtype)
      : content(synthetic_picture(101, 48, 64, device, dtype)),
        style(synthetic_picture(103, 40, 56, device, dtype)),
        generated(synthetic_picture(105, 48, 64, device, dtype)) {}
  Tensor content, style, generated;
};

// The default objective (content relu4_2, Gram relative to target), on the first `layers` taps.
Objective objective_for(const Vgg& vgg, const Tensor& content, const Tensor& style,
                        std::size_t layers = 5) {
  ObjectiveOptions options;
  options.style_layers.clear();
  for (std::size_t i = 0; i < layers; ++i) {
    options.style_layers.push_back({style_taps[i], 1.0 / static_cast<double>(layers)});
  }
  return Objective(vgg, options, content, std::array{style});
}

double relative_error(const Variable& value, double golden) {
  return std::abs(value.value().item() - golden) / std::abs(golden);
}

// ---------------------------------------------------------------- on each device

struct Setup {
  std::string name;
  Device (*device)();
  DType dtype;
  double tolerance;
};
void PrintTo(const Setup& setup, std::ostream* stream) {
  *stream << setup.name;
}

class NstGolden : public testing::TestWithParam<Setup> {
 protected:
  const double tolerance_ = GetParam().tolerance;
  const DType dtype_ = GetParam().dtype;
  const Device device_ = GetParam().device();

  void expect_features(const Features& features, const nlohmann::json& digests) const {
    for (const auto& [tap, digest] : digests.items()) {
      EXPECT_EQ(mismatch(features.at(tap).value(), digest, tolerance_), "") << tap;
    }
  }

  // Terms of an objective; in f64 also the gradient of their sum, every entry.
  void expect_objective(const Vgg& vgg, const std::string& name) const {
    const Pictures pictures(device_, dtype_);
    const Objective objective = objective_for(vgg, pictures.content, pictures.style);
    const Variable x(pictures.generated, true);
    const Objective::Value value = objective(x);
    const nlohmann::json& golden = goldens().at("objective_" + name);
    ASSERT_EQ(value.terms.size(), golden.size());
    for (const auto& [term, loss] : value.terms) {
      EXPECT_LE(relative_error(loss, golden.at(term)), tolerance_) << term;
    }
    if (dtype_ == DType::f64) {
      backward(value.total);
      EXPECT_LE(relative_distance(x.grad().to_host<double>(),
                                  read_golden_values("nst_gradient_" + name + ".f64")),
                tolerance_);
    }
  }

  // The loss, and its gradient with respect to `input`.
  template <typename Loss>
  void expect_loss(const Tensor& input, const Loss& loss, const nlohmann::json& golden) const {
    const Variable x(input, true);
    const Variable value = loss(x);
    EXPECT_LE(relative_error(value, golden.at("loss")), tolerance_);
    backward(value);
    EXPECT_EQ(mismatch(x.grad(), golden.at("gradient"), tolerance_), "");
  }
};

std::vector<std::string> keys(const nlohmann::json& object) {
  std::vector<std::string> result;
  for (const auto& item : object.items()) {
    result.push_back(item.key());
  }
  return result;
}

TEST_P(NstGolden, FeaturesAndGrams) {
  for (const std::string pooling : {"max", "average"}) {
    SCOPED_TRACE(pooling);
    const Vgg vgg = vgg19(device_, dtype_, pooling_named(pooling));
    const nlohmann::json& digests = goldens().at("features_" + pooling);
    const Variable picture(Pictures(device_, dtype_).generated);
    const Features features = vgg(picture, keys(digests));
    ASSERT_EQ(digests.size(), 12u);
    expect_features(features, digests);
    // Fewer taps take the fused path, without maps before ReLU and pooling.
    const nlohmann::json& grams = goldens().at("grams_" + pooling);
    const Features fused = vgg(picture, style_taps);
    for (const std::string& tap : style_taps) {
      SCOPED_TRACE(tap);
      EXPECT_EQ(mismatch(fused.at(tap).value(), digests.at(tap), tolerance_), "");
      const Shape& shape = fused.at(tap).shape();
      const double k = gram_factor(GramNormalization::hw, shape[3], shape[1] * shape[2]);
      EXPECT_EQ(mismatch(autograd::gram(fused.at(tap), k).value(), grams.at(tap), tolerance_), "");
    }
  }
}

// Of exact features, rounded to the device's type: how exact a device's own features are is tested
// above, and the gradient of a Gram loss, F (G - A), magnifies their error by ||G|| / ||G - A||.
TEST_P(NstGolden, LossesOfFeatures) {
  const Device exact = Device::reference();
  const Vgg vgg = vgg19(exact, DType::f64, PoolKind::max);
  const Pictures pictures(exact, DType::f64);
  std::vector<std::string> taps = style_taps;
  taps.push_back("relu4_2");
  const auto features = [&](const Tensor& picture) {
    Features rounded;
    for (const auto& [tap, map] : vgg(Variable(picture), taps)) {
      const std::vector<double> values = map.value().to_host<double>();
      rounded[tap] = Variable(Tensor::from_host<double>(device_, map.shape(), dtype_, values));
    }
    return rounded;
  };
  const Features generated = features(pictures.generated);
  const Features style = features(pictures.style);
  const Features content = features(pictures.content);
  const nlohmann::json& losses = goldens().at("layer_losses");
  ASSERT_EQ(losses.size(), 11u);
  for (const auto& [spec, layers] : losses.items()) {
    const FeatureLoss loss = make_loss(parse_loss_spec(spec));
    const Features& targets = spec.rfind("gram", 0) == 0 ? style : content;
    for (const auto& [tap, golden] : layers.items()) {
      SCOPED_TRACE(spec + " " + tap);
      const LayerLoss against = loss.against(loss.target(targets.at(tap).value()));
      expect_loss(generated.at(tap).value(), against, golden);
    }
  }
}

TEST_P(NstGolden, LossesOfPictures) {
  const Tensor picture = Pictures(device_, dtype_).generated;
  const std::vector<std::pair<std::string, TvForm>> forms{
      {"squared_cropped", TvForm::squared_cropped},
      {"absolute", TvForm::absolute},
      {"squared_mean", TvForm::squared_mean},
      {"power", TvForm::power},
      {"nine_point", TvForm::nine_point}};
  for (const auto& [name, form] : forms) {
    SCOPED_TRACE(name);
    const TvLossParams params{form, 2.5, 1};
    const auto loss = [&](const Variable& x) { return autograd::tv_loss(params, x); };
    expect_loss(picture, loss, goldens().at("tv_" + name));
  }
  const auto range = [](const Variable& x) { return autograd::range_loss({}, x); };
  expect_loss(picture, range, goldens().at("range"));
}

TEST_P(NstGolden, ObjectiveAndItsGradient) {
  for (const std::string pooling : {"max", "average"}) {
    SCOPED_TRACE(pooling);
    expect_objective(vgg19(device_, dtype_, pooling_named(pooling)), pooling);
  }
}

// The network that is part of the program, read by PyTorch from the archive it was converted from.
TEST_P(NstGolden, EmbeddedVgg16) {
  const Vgg vgg = vgg16(device_, dtype_);
  const nlohmann::json& digests = goldens().at("vgg16_features");
  const Variable picture(Pictures(device_, dtype_).generated);
  expect_features(vgg(picture, keys(digests)), digests);
  expect_objective(vgg, "vgg16");
}

INSTANTIATE_TEST_SUITE_P(
    Devices, NstGolden,
    testing::Values(Setup{"reference_f64", [] { return Device::reference(); }, DType::f64, 1e-10},
                    Setup{"cpu_f32", [] { return Device::cpu(); }, DType::f32, 1e-5}),
    [](const auto& instance) { return instance.param.name; });

// ---------------------------------------------------------------- the loss curve

// 30 iterations of L-BFGS on a narrow VGG19 (8 to 64 channels). PyTorch's own curve spreads by
// `spread` if its gradients get noise of 1e-15; the sums of convolutions differ by more than that.
TEST(NstCurve, IsPyTorchs) {
  const Device device = Device::reference();
  const Vgg vgg = vgg19(device, DType::f64, PoolKind::average, 8);
  Tensor x = synthetic_picture(107, 32, 40, device, DType::f64);
  const Tensor content = synthetic_picture(107, 32, 40, device, DType::f64);
  const Objective objective =
      objective_for(vgg, content, synthetic_picture(109, 36, 32, device, DType::f64), 4);
  Lbfgs lbfgs;
  const nlohmann::json& golden = goldens().at("curve");
  const auto losses = golden.at("losses").get<std::vector<double>>();
  ASSERT_EQ(losses.size(), 30u);
  const double tolerance = 100 * golden.at("spread").get<double>();
  ASSERT_LT(tolerance, 1e-6);
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const StepResult result = lbfgs.step(x, [&] {
      const Variable picture(x, true);
      const Variable total = objective(picture).total;
      backward(total);
      return Evaluation{total.value().item(), picture.grad()};
    });
    ASSERT_EQ(result.stop, StopReason::none);
    EXPECT_LE(std::abs(result.loss / losses[i] - 1), tolerance) << "iteration " << i;
  }
}

// ---------------------------------------------------------------- f32 gradients

// A convolution as the reference device ran it, and what it decided.
struct Decided {
  std::string tap;  // relu3_1
  Conv2dParams params;
  Tensor weight;
  Shape input;
  Tensor y;  // undefined where it pools
  Tensor relu_mask, pool_mask;
};

Tensor moved(const Tensor& tensor, const Device& device, DType dtype) {
  if (tensor.dtype() == DType::u8) {
    return Tensor::from_host<std::uint8_t>(device, tensor.shape(), DType::u8,
                                           tensor.to_host<std::uint8_t>());
  }
  return Tensor::from_host<double>(device, tensor.shape(), dtype, tensor.to_host<double>());
}

// The forward pass in f64, layer by layer.
std::vector<Decided> decide(const WeightsFile& file, const Tensor& picture) {
  const Device& device = picture.device();
  Tensor x(device, picture.shape(), DType::f64);
  device.ops().channel_affine(feeding_params(file.feeding()), picture, x);
  std::vector<Decided> layers;
  const std::vector<ConvLayer> convs = conv_layers(file);
  for (std::size_t i = 0; i < convs.size(); ++i) {
    const auto load = [&](const TensorView& view, Shape shape) {
      std::vector<double> values(view.element_count());
      expand_to_f64(view, values);
      return Tensor::from_host<double>(device, shape, DType::f64, values);
    };
    const bool pools = i + 1 < convs.size() && convs[i + 1].block != convs[i].block;
    Decided layer{fmt::format("relu{}_{}", convs[i].block, convs[i].index),
                  {.padding = 1, .relu = true, .pool = pools ? PoolKind::max : PoolKind::none},
                  load(*convs[i].weight, {convs[i].out_channels, 3, 3, convs[i].in_channels}),
                  x.shape(),
                  {},
                  {},
                  {}};
    const Tensor bias = load(*convs[i].bias, {convs[i].out_channels});
    const Shape full = conv2d_output_shape(layer.params, x.shape(), layer.weight.shape());
    layer.relu_mask = Tensor(device, relu_mask_shape(full), DType::u8);
    Tensor next(device,
                pools ? conv2d_pooled_shape(layer.params, x.shape(), layer.weight.shape()) : full,
                DType::f64);
    if (pools) {
      layer.pool_mask = Tensor(device, next.shape(), DType::u8);
      device.ops().conv2d(layer.params, x, layer.weight, bias,
                          {nullptr, &next, &layer.relu_mask, &layer.pool_mask});
    } else {
      device.ops().conv2d(layer.params, x, layer.weight, bias,
                          {&next, nullptr, &layer.relu_mask, nullptr});
      layer.y = next;
    }
    x = next;
    layers.push_back(std::move(layer));
  }
  return layers;
}

// One convolution's backward pass on a device; its decisions and gradients come from elsewhere.
Tensor backward_through(const Decided& layer, const Tensor& gradient, const Device& device,
                        DType dtype) {
  const Tensor upstream = moved(gradient, device, dtype);
  const Tensor weight = moved(layer.weight, device, dtype);
  const Tensor relu_mask = moved(layer.relu_mask, device, dtype);
  const bool pools = layer.params.pool != PoolKind::none;
  const Tensor pool_mask = pools ? moved(layer.pool_mask, device, dtype) : Tensor();
  Tensor dx(device, layer.input, dtype);
  device.ops().conv2d_backward_input(layer.params,
                                     {pools ? nullptr : &upstream, pools ? &upstream : nullptr,
                                      &relu_mask, pools ? &pool_mask : nullptr},
                                     weight, dx, WriteMode::assign);
  return dx;
}

// Down from relu5_1 to the picture, with the gradients that style losses add at their taps.
class FixedDecisions : public testing::Test {
 protected:
  FixedDecisions() {
    const WeightsFile file = WeightsFile::from_memory(bytes_, "synthetic");
    layers_ = decide(file, Pictures(reference_, DType::f64).generated);
    const std::vector<Decided> styled = decide(file, Pictures(reference_, DType::f64).style);
    const FeatureLoss loss = make_gram_loss(GramLossOptions{.relative = true});
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      Tensor& gradient = added_.emplace_back();
      if (std::find(style_taps.begin(), style_taps.end(), layers_[i].tap) != style_taps.end()) {
        const Variable features(layers_[i].y, true);
        backward(loss.against(loss.target(styled[i].y))(features));
        gradient = features.grad();
      }
    }
  }

  // The gradient with respect to what each layer was given; [0]: the network's input.
  std::vector<Tensor> descend(const Device& device, DType dtype) const {
    std::vector<Tensor> gradients(layers_.size());
    Tensor gradient;
    for (std::size_t i = layers_.size(); i-- > 0;) {
      if (added_[i].defined()) {
        Tensor own = moved(added_[i], device, dtype);
        if (gradient.defined()) {
          device.ops().axpby(1, gradient, 1, own);
        }
        gradient = own;
      }
      gradient = backward_through(layers_[i], gradient, device, dtype);
      gradients[i] = gradient;
    }
    return gradients;
  }

  const Device reference_ = Device::reference();
  const std::vector<std::byte> bytes_ = synthetic_vgg19();
  std::vector<Decided> layers_;
  std::vector<Tensor> added_;  // undefined where no style loss looks
};

TEST_F(FixedDecisions, SinglePrecisionGradients) {
  const std::vector<Tensor> exact = descend(reference_, DType::f64);
  const Device cpu = Device::cpu();
  const std::vector<Tensor> chained = descend(cpu, DType::f32);
  ASSERT_EQ(exact.size(), 13u);
  for (std::size_t i = 0; i < exact.size(); ++i) {
    SCOPED_TRACE(layers_[i].tap);
    const std::vector<double> wanted = exact[i].to_host<double>();
    // All layers above in f32.
    EXPECT_LE(relative_distance(chained[i].to_host<double>(), wanted), 1e-5);
    // This layer alone, on the exact gradient of its output.
    if (i + 1 < exact.size()) {
      Tensor above = moved(exact[i + 1], reference_, DType::f64);
      if (added_[i].defined()) {
        reference_.ops().axpby(1, added_[i], 1, above);
      }
      const Tensor alone = backward_through(layers_[i], above, cpu, DType::f32);
      EXPECT_LE(relative_distance(alone.to_host<double>(), wanted), 2e-6);
    }
  }
}

}  // namespace
}  // namespace gramgrad::nn
