// Comparing tensors with what tests/golden/make_nst_goldens.py stored of PyTorch's.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kernels/tensor.h"

namespace gramgrad::nn {

// A JSON file of tests/golden/.
nlohmann::json read_golden(const std::string& file_name);
// Raw little-endian f64 numbers of tests/golden/.
std::vector<double> read_golden_values(const std::string& file_name);

// ||a - b|| / ||b||; NaN where anything is NaN.
double relative_distance(const std::vector<double>& a, const std::vector<double>& b);

// Compares a tensor with the digest of another: norm, 200 entries at hash positions (norm-wise) and
// projections of all entries on four vectors of hashed signs. An error of norm e changes each
// projection by about e, so that it cannot hide from all of them. "" where all are within
// `tolerance`, relative to the norm; otherwise what is not.
std::string mismatch(const Tensor& tensor, const nlohmann::json& digest, double tolerance);

}  // namespace gramgrad::nn
