// Writes a state dict of any size as torch.save does: a zip archive of stored members, of which
// data.pkl is a pickled dictionary and data/0, data/1, … are the numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace gramgrad::converter {

class TorchWriter {
 public:
  // The next piece of a tensor's numbers, at most as many as there is room for; all in the end.
  using Fill = std::function<void(std::span<float> piece)>;

  explicit TorchWriter(const std::string& path);

  // Asks `fill` for one piece after the other.
  void add(const std::string& name, const std::vector<std::int64_t>& shape, const Fill& fill);
  // The file is whole after this. False if it could not be written.
  bool finish();

 private:
  struct Member {
    std::string name;
    std::uint32_t crc = 0;
    std::uint32_t bytes = 0;  // the archive is no zip64: below 4 GB
    std::uint32_t offset = 0;
  };

  void begin_member(const std::string& name);
  void append(std::span<const std::byte> bytes);
  void end_member();
  void write_directory();

  std::ofstream out_;
  std::vector<Member> members_;
  std::string pickle_;
};

}  // namespace gramgrad::converter
