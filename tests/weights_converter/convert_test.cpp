// Conversions end to end: options, golden activations, normalisation, the classifier, known files.
#include "weights_converter/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/support/image_file.h"
#include "kernels/ops.h"
#include "nn/architecture.h"
#include "nn/networks/embedded.h"
#include "nn/vgg.h"
#include "tests/apps/picture_files.h"
#include "tests/weights_converter/made_source.h"
#include "weights_converter/activations.h"
#include "weights_converter/archives/safetensors.h"
#include "weights_converter/export.h"
#include "weights_converter/golden.h"
#include "weights_converter/show.h"
#include "weights_converter/verify.h"

namespace gramgrad::converter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ConvertTest : public testing::Test {
 protected:
  nn::WeightsFile converted(const Source& source, const ConvertOptions& options = {}) const {
    convert(any_file(), source, options, output);
    return nn::WeightsFile::open(output);
  }
  std::string refusal(const Source& source, const ConvertOptions& options) const {
    return message_of([&] { converted(source, options); });
  }

  apps::TemporaryDirectory directory;
  std::string output = directory / "out.ggw";
};

std::vector<float> widened(const nn::TensorView& tensor) {
  std::vector<float> values(tensor.element_count());
  nn::expand_to_f32(tensor, values);
  return values;
}

TEST_F(ConvertTest, TakesWhatIsAskedFor) {
  const Source source = made_source(small_widths("vgg19"), {7, 6, 5}, 2);
  const auto whole = converted(source);
  EXPECT_EQ(whole.architecture(), "vgg19");
  EXPECT_EQ(nn::conv_layers(whole).size(), 16u);
  EXPECT_TRUE(nn::classifier_layers(whole).empty());
  EXPECT_EQ(whole.tensors().front().dtype, DType::f32);
  EXPECT_EQ(whole.provenance().changes,
            "Dense head dropped; weights reordered to [out, kh, kw, in]; biases unchanged.");
  EXPECT_EQ(whole.provenance().source, "network.py");
  EXPECT_EQ(whole.provenance().licence, "NOASSERTION");
  ConvertOptions options;
  options.upto = "relu4_2";
  options.dtype = DType::bf16;
  const auto part = converted(source, options);
  EXPECT_EQ(nn::conv_layers(part).back().name, "conv4_2");
  EXPECT_EQ(part.find("conv4_2.weight")->dtype, DType::bf16);
  EXPECT_EQ(part.find("conv4_2.bias")->dtype, DType::f32);
  EXPECT_THAT(part.provenance().changes, HasSubstr("rounded from f32 to bf16"));
  EXPECT_THAT(part.provenance().changes, HasSubstr("conv4_3, conv4_4, conv5_1"));
}

TEST_F(ConvertTest, RefusesWhatCannotBe) {
  Source source = made_source(small_widths("vgg16"));
  ConvertOptions options;
  options.upto = "relu5_4";
  EXPECT_THAT(refusal(source, options), HasSubstr("relu5_4"));
  options.upto.clear();
  options.with_classifier = true;
  EXPECT_THAT(refusal(source, options), HasSubstr("no classifier of VGG"));
  source = made_source(small_widths("vgg16"), {7, 6, 5}, 2);
  options.upto = "relu4_1";
  EXPECT_THAT(refusal(source, options), HasSubstr("--with-classifier needs all convolutions"));
  source.feeding.reset();
  EXPECT_THAT(refusal(source, {}), HasSubstr("say --feeding torchvision"));
  options = {};
  options.feeding = caffe_feeding();
  EXPECT_EQ(converted(source, options).feeding(), caffe_feeding());
  EXPECT_THAT(message_of([&] { convert(any_file(), source, {}, any_file()->path); }),
              HasSubstr("is the input"));
  EXPECT_EQ(directory.names(), std::vector<std::string>{"out.ggw"});
}

// The classifier runs as convolutions over the last map, and answers what the matrices do.
TEST_F(ConvertTest, ClassifierIsAConvolution) {
  for (const FlattenOrder order : {FlattenOrder::chw, FlattenOrder::hwc}) {
    Source source = made_source(small_widths("vgg11"), {7, 6, 5}, 2);
    source.flatten = order;
    ConvertOptions options;
    options.with_classifier = true;
    const auto file = converted(source, options);
    const auto layers = nn::classifier_layers(file);
    ASSERT_EQ(layers.size(), 3u);
    EXPECT_THAT(layers[0].weight->shape, ElementsAre(7, 2, 2, 6));
    EXPECT_THAT(layers[1].weight->shape, ElementsAre(6, 1, 1, 7));
    EXPECT_THAT(layers[2].weight->shape, ElementsAre(5, 1, 1, 6));
    const Numbers map = random_numbers({1, 2, 2, 6}, 77);
    const Device device = Device::reference();
    const auto& s = layers[0].weight->shape;
    const Tensor x = Tensor::from_host<float>(device, {1, 2, 2, 6}, DType::f64, map.values);
    const Tensor w = Tensor::from_host<float>(device, {s[0], s[1], s[2], s[3]}, DType::f64,
                                              widened(*layers[0].weight));
    const Tensor b = Tensor::from_host<float>(device, {s[0]}, DType::f64, widened(*layers[0].bias));
    Tensor y(device, {1, 1, 1, 7}, DType::f64);
    device.ops().conv2d({}, x, w, b, {.y = &y});
    const std::vector<double> found = y.to_host<double>();
    const auto& fc6 = source.layers[8];
    const std::vector<float> matrix = read_all(source.tensors[fc6.weight]);
    const std::vector<float> bias = read_all(source.tensors[*fc6.bias]);
    for (std::size_t o = 0; o < 7; ++o) {
      double expected = bias[o];
      for (std::size_t c = 0; c < 6; ++c) {
        for (std::size_t place = 0; place < 4; ++place) {
          const std::size_t input = order == FlattenOrder::chw ? c * 4 + place : place * 6 + c;
          expected += static_cast<double>(matrix[o * 24 + input]) * map.values[place * 6 + c];
        }
      }
      EXPECT_NEAR(found[o], expected, 1e-12);
    }
  }
}

// One network twice: fed RGB from 0 to 1, normalised, and fed BGR from 0 to 255 minus the mean.
TEST_F(ConvertTest, FeedingMakesTwoFilesOfOneNetworkTheSame) {
  Source rgb = made_source(small_widths("vgg13"));
  rgb.feeding = torchvision_feeding();
  Source bgr = rgb;
  nn::Feeding feeding = caffe_feeding();
  Numbers weight{{2, 3, 3, 3}, read_all(rgb.tensors[0])};
  const std::vector<float> original = weight.values;
  for (std::size_t o = 0; o < 2; ++o) {
    for (std::size_t c = 0; c < 3; ++c) {
      feeding.mean[c] = 255 * rgb.feeding->mean[2 - c];  // to the digit: padding shows the rest
      for (std::size_t tap = 0; tap < 9; ++tap) {
        weight.values[(o * 3 + c) * 9 + tap] = static_cast<float>(
            original[(o * 3 + 2 - c) * 9 + tap] / (255 * rgb.feeding->std[2 - c]));
      }
    }
  }
  bgr.feeding = feeding;
  bgr.tensors[0] = made_tensor("weight", weight);
  const std::vector<std::string> taps{"relu1_1", "relu3_1", "relu5_1"};
  const Device device = Device::reference();
  const Tensor picture = golden_picture(device, DType::f64);
  const auto features = [&](const Source& source) {
    const nn::Vgg vgg(converted(source), device, DType::f64, PoolKind::max);
    return vgg(autograd::Variable(picture), taps);
  };
  const nn::Features a = features(rgb);
  const nn::Features b = features(bgr);
  for (const std::string& tap : taps) {
    const auto x = a.at(tap).value().to_host<double>();
    const auto y = b.at(tap).value().to_host<double>();
    const double largest = *std::max_element(x.begin(), x.end());
    ASSERT_GT(largest, 0);
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_NEAR(x[i], y[i], 1e-6 * largest) << tap;  // the rounding of conv1_1 to f32
    }
  }
}

TEST_F(ConvertTest, GoldenActivationsFindAWrongNumber) {
  const Source source = made_source(small_widths("vgg16"));
  const auto file = converted(source);
  ASSERT_TRUE(file.provenance().golden.has_value());
  EXPECT_EQ(file.provenance().golden->activations.size(), 13u);
  for (const Device& device : {Device::reference(), Device::cpu(2)}) {
    EXPECT_THAT(verify(output, device).lines, testing::Contains(HasSubstr("13 layers come out")));
  }
  // A golden number that is wrong in its fifth digit.
  for (const auto& spoil : std::vector<std::function<void(nn::GoldenActivation&)>>{
           [](auto& a) { a.mean *= 1.0001; }, [](auto& a) { a.l2 *= 1.0001; },
           [](auto& a) { a.samples[3] += 1e-4 * a.l2; }}) {
    nn::WeightsDescription description = file.description();
    spoil(description.provenance.golden->activations[6]);
    const std::string spoilt = directory / "spoilt.ggw";
    nn::write_weights(spoilt, description, file.tensors());
    EXPECT_THAT(message_of([&] { verify(spoilt, Device::cpu(1)); }), HasSubstr("of relu3_3 is"));
  }
}

// How much of the tolerance the optimised device uses: tight, and not too tight.
TEST_F(ConvertTest, GoldenToleranceIsTight) {
  const auto file = nn::WeightsFile::from_memory(nn::embedded_vgg16(), "embedded vgg16");
  const auto layers = walk_layers(file);
  const nn::Golden exact = activations_on(Device::reference(), layers, file.feeding());
  const Device cpu = Device::cpu(2);
  const nn::Golden found = activations_on(cpu, layers, file.feeding());
  double most = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const double error = std::abs(found.activations[i].l2 / exact.activations[i].l2 - 1);
    most = std::max(most, error / golden_tolerance(cpu, layers, i));
  }
  EXPECT_LT(most, 0.5);
  EXPECT_LT(golden_tolerance(cpu, layers, layers.size() - 1), 1e-4);
}

TEST_F(ConvertTest, NormalisedFiltersAnswerOne) {
  const Source source = made_source(small_widths("vgg13"), {7, 6, 5}, 2);
  apps::Image image;
  image.width = 31;
  image.height = 33;
  for (int i = 0; i < 31 * 33 * 3; ++i) {
    image.pixels.push_back(static_cast<float>((i * 37) % 251) / 250);
  }
  const std::string picture = directory / "picture.png";
  apps::write_image(picture, image, {.bits = 16, .text = {}});
  ConvertOptions options;
  options.with_classifier = true;
  options.normalize_with = {picture, picture};
  const auto file = converted(source, options);
  EXPECT_THAT(file.provenance().changes, HasSubstr("mean activation 1 over 2 pictures"));
  const Tensor x = Tensor::from_host<float>(Device::reference(), {1, 33, 31, 3}, DType::f64,
                                            apps::read_image(picture).image.pixels);
  std::size_t answering = 0;
  walk(walk_layers(file), file.feeding(), x, [&](const WalkLayer& layer, const Tensor& map) {
    const std::vector<double> values = map.to_host<double>();
    const auto channels = static_cast<std::size_t>(layer.shape.out);
    for (std::size_t c = 0; c < channels; ++c) {
      double sum = 0;
      for (std::size_t i = c; i < values.size(); i += channels) {
        sum += values[i];
      }
      if (sum > 0) {
        EXPECT_NEAR(sum / static_cast<double>(values.size() / channels), 1, 1e-4) << layer.relu;
        ++answering;
      }
    }
  });
  EXPECT_GT(answering, 20u);
}

TEST_F(ConvertTest, ExportAndBack) {
  Source source = made_source(small_widths("vgg16"), {7, 6, 5}, 2);
  source.feeding = caffe_feeding();
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    for (const char* name : {"back.safetensors", "back.npz"}) {
      ConvertOptions options;
      options.with_classifier = true;
      options.dtype = dtype;
      converted(source, options);
      const std::string exported = directory / name;
      export_weights(output, exported);
      const std::string again = directory / "again.ggw";
      convert(exported, options, again);
      const auto first = nn::WeightsFile::open(output);
      const auto second = nn::WeightsFile::open(again);
      EXPECT_EQ(second.feeding(), first.feeding());
      ASSERT_EQ(second.tensors().size(), first.tensors().size());
      for (std::size_t i = 0; i < first.tensors().size(); ++i) {
        EXPECT_EQ(second.tensors()[i].name, first.tensors()[i].name);
        EXPECT_EQ(second.tensors()[i].dtype, first.tensors()[i].dtype);
        EXPECT_TRUE(std::ranges::equal(second.tensors()[i].data, first.tensors()[i].data));
      }
    }
  }
  EXPECT_THAT(message_of([&] { export_weights(output, directory / "x.h5"); }),
              HasSubstr("exported as .safetensors or .npz"));
}

}  // namespace
}  // namespace gramgrad::converter
