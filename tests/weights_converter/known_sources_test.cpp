// Files that many people have, and copies of them that are called otherwise than they should be
// fed.
#include "weights_converter/known_sources.h"

#include <filesystem>

#include "nn/networks/embedded.h"
#include "nn/weights_file.h"
#include "tests/apps/picture_files.h"
#include "tests/weights_converter/made_source.h"
#include "weights_converter/activations.h"
#include "weights_converter/convert.h"
#include "weights_converter/golden.h"

namespace gramgrad::converter {
namespace {

using testing::HasSubstr;

TEST(KnownSources, AreFoundByTheirHashes) {
  const KnownSource* known = find_known_source("dcbb9e9d" + std::string(56, '0'));
  ASSERT_NE(known, nullptr);
  EXPECT_THAT(known->provenance.source, HasSubstr("vgg19-dcbb9e9d.pth"));
  EXPECT_EQ(known->feeding, torchvision_feeding());
  EXPECT_EQ(find_known_source(std::string(64, '0')), nullptr);
  const auto embedded = nn::WeightsFile::from_memory(nn::embedded_vgg16(), "embedded vgg16");
  const std::string source = embedded.provenance().source_sha256;
  const nn::Golden* golden = known_golden(source, DType::f16);
  ASSERT_NE(golden, nullptr);
  EXPECT_EQ(known_golden(source, DType::f32), nullptr);
  // The numbers that the program knows are those of the network that is part of it.
  EXPECT_EQ(golden_of(walk_layers(embedded), embedded.feeding()), *golden);
}

// jcjohnson/pytorch-vgg's README.md says how they want to be fed.
TEST(KnownSources, CopiesOfCaffesNetworksAreFedAsThese) {
  for (const std::string digits : {"00b39a1b", "d01eb7cb"}) {
    const KnownSource* known = find_known_source(digits + std::string(56, '0'));
    ASSERT_NE(known, nullptr);
    EXPECT_THAT(known->provenance.source, HasSubstr(digits + ".pth of jcjohnson/pytorch-vgg"));
    EXPECT_EQ(known->provenance.licence, "CC-BY-4.0");
    EXPECT_EQ(known->feeding, caffe_feeding());
  }
}

TEST(KnownSources, CopiesThatWereSavedAgainAreNotFedAsTheirNamesSay) {
  const apps::TemporaryDirectory directory;
  const std::string folder = std::string(GRAMGRAD_SOURCE_DIR) + "/tests/weights_converter/data/";
  const std::string copy = directory / "vgg16-00b39a1b.pth";
  std::filesystem::copy_file(folder + "torchvision_vgg11.pth", copy);
  const std::string output = directory / "out.ggw";
  ConvertOptions options;
  EXPECT_THAT(message_of([&] { convert(copy, options, output); }),
              HasSubstr("is called like a copy of the network published for Caffe"));
  options.feeding = caffe_feeding();
  EXPECT_EQ(convert(copy, options, output).description.feeding, caffe_feeding());
}

TEST(KnownSources, CaffesNumbersUnderTorchvisionsNamesAreNotFedAsTheNamesSay) {
  const apps::TemporaryDirectory directory;
  const auto embedded = nn::WeightsFile::from_memory(nn::embedded_vgg16(), "embedded vgg16");
  Source source;
  source.format = "made";
  for (const nn::TensorView& view : embedded.tensors()) {
    Numbers numbers{view.shape, std::vector<float>(view.element_count())};
    nn::expand_to_f32(view, numbers.values);
    if (view.shape.size() == 4) {
      const std::size_t weight = source.tensors.size();
      source.layers.push_back(
          {LayerKind::conv, view.name, WeightLayout::ohwi, weight, weight + 1, {}});
    }
    source.tensors.push_back(made_tensor(view.name, numbers));
  }
  source.feeding = torchvision_feeding();
  ConvertOptions options;
  options.architecture = "vgg16";
  const std::string output = directory / "out.ggw";
  EXPECT_THAT(
      message_of([&] { convert(any_file(), source, options, output); }),
      HasSubstr("has torchvision's names, but the numbers of the VGG16 published for Caffe; "
                "say --feeding caffe"));
  options.feeding = torchvision_feeding();  // who says so gets it
  EXPECT_EQ(convert(any_file(), source, options, output).description.feeding,
            torchvision_feeding());
}

}  // namespace
}  // namespace gramgrad::converter
