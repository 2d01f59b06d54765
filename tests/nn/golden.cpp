// Comparing tensors with stored digests.
#include "tests/nn/golden.h"

#include <cmath>
#include <fstream>
#include <iterator>

#include "kernels/check.h"
#include "tests/nn/synthetic_vgg.h"

namespace gramgrad::nn {
namespace {

std::string read_file(const std::string& file_name) {
  std::ifstream file(GRAMGRAD_SOURCE_DIR "/tests/golden/" + file_name, std::ios::binary);
  check(file.good(), "tests/golden/{} cannot be read", file_name);
  return {std::istreambuf_iterator<char>(file), {}};
}

double norm(const std::vector<double>& values) {
  double squares = 0;
  for (const double value : values) {
    squares += value * value;
  }
  return std::sqrt(squares);
}

double projection(const std::vector<double>& values, std::uint64_t vector) {
  double sum = 0;
  std::uint64_t index = (8 + vector) << 32;
  for (const double value : values) {
    sum += splitmix64(index++) >> 63 == 0 ? value : -value;
  }
  return sum;
}

// The extents of a tensor without the batch's, which is 1 in all goldens.
std::vector<std::int64_t> extents(const Shape& shape) {
  std::vector<std::int64_t> result;
  for (int axis = 1; axis < shape.rank(); ++axis) {
    result.push_back(shape[axis]);
  }
  return result;
}

}  // namespace

nlohmann::json read_golden(const std::string& file_name) {
  return nlohmann::json::parse(read_file(file_name));
}

std::vector<double> read_golden_values(const std::string& file_name) {
  const std::string bytes = read_file(file_name);
  std::vector<double> values(bytes.size() / sizeof(double));
  std::copy_n(bytes.data(), values.size() * sizeof(double), reinterpret_cast<char*>(values.data()));
  return values;
}

double relative_distance(const std::vector<double>& a, const std::vector<double>& b) {
  check(a.size() == b.size(), "{} and {} values cannot be compared", a.size(), b.size());
  std::vector<double> difference(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference[i] = a[i] - b[i];
  }
  return norm(difference) / norm(b);
}

std::string mismatch(const Tensor& tensor, const nlohmann::json& digest, double tolerance) {
  if (extents(tensor.shape()) != digest.at("shape").get<std::vector<std::int64_t>>()) {
    return fmt::format("shape {} is not {}", tensor.shape().to_string(), digest.at("shape").dump());
  }
  const std::vector<double> values = tensor.to_host<double>();
  const double size = digest.at("norm");
  std::string report;
  const auto demand = [&](const char* what, double error) {
    if (!(error <= tolerance)) {  // NaN does not pass
      report += fmt::format("{} is off by {:.2e}; ", what, error);
    }
  };
  demand("norm", std::abs(norm(values) - size) / size);
  const auto samples = digest.at("samples").get<std::vector<double>>();
  std::vector<double> found;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    found.push_back(values[splitmix64((std::uint64_t{7} << 32) + i) % values.size()]);
  }
  demand("samples", relative_distance(found, samples));
  const auto projections = digest.at("projections").get<std::vector<double>>();
  for (std::size_t i = 0; i < projections.size(); ++i) {
    demand("projection", std::abs(projection(values, i) - projections[i]) / size);
  }
  return report;
}

}  // namespace gramgrad::nn
