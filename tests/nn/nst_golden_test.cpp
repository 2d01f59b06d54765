// Everything that neural style transfer computes, against PyTorch in f64
// (tests/golden/make_nst_goldens.py): features, Gram matrices, losses, gradients, the loss curve.
//
// In f64 on the reference device all must agree to 1e-10, gradients included: ReLU and max pooling
// decide alike there. In f32 they do not always, and one decision that falls the other way changes
// a gradient by far more than rounding does; so f32 gradients are compared with the reference's
// decisions (fixed_decisions_test.cpp), and only what is continuous is compared through the whole
// network.
#include <gtest/gtest.h>

#include <cmath>
#include <optional>

#include "autograd/functions.h"
#include "nn/losses/gram.h"
#include "nn/networks/embedded.h"
#include "nn/objective.h"
#include "nn/optim/lbfgs.h"
#include "tests/nn/golden.h"
#include "tests/nn/nst_pictures.h"
#include "tests/nn/synthetic_vgg.h"

namespace gramgrad::nn {
namespace {

using autograd::Variable;

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
  ASSERT_EQ(losses.size(), 13u);
  for (const auto& [spec, layers] : losses.items()) {
    const FeatureLoss loss = make_loss(parse_loss_spec(spec));
    const Features& targets = spec.rfind("content", 0) == 0 ? content : style;
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
    lbfgs.step(x, [&] {
      const Variable picture(x, true);
      const Variable total = objective(picture).total;
      backward(total);
      return Evaluation{total.value(), picture.grad()};
    });
    const StepResult result = lbfgs.result();
    ASSERT_EQ(result.stop, StopReason::none);
    EXPECT_LE(std::abs(result.loss / losses[i] - 1), tolerance) << "iteration " << i;
  }
}

}  // namespace
}  // namespace gramgrad::nn
