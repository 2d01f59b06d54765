// Checks what a dataset claims against what the file can hold, and reads any run of its elements.
#include "weights_converter/containers/hdf5_dataset.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <utility>

#include "weights_converter/containers/deflate_ratio.h"
#include "weights_converter/containers/hdf5_handle.h"

namespace gramgrad::converter {
namespace {

// One dataset while it is examined.
struct Dataset {
  const std::string where;  // file and path, for messages
  Hdf5Handle id;
  Hdf5Handle creation;

  Dataset(hid_t file, const std::string& file_path, const std::string& path)
      : where(fmt::format("{}: dataset {}", file_path, path)),
        id(H5Dopen2(file, ("/" + path).c_str(), H5P_DEFAULT), H5Dclose,
           where + " cannot be opened"),
        creation(H5Dget_create_plist(id.get()), H5Pclose, where + " is damaged") {}
};

void check_storage(const Dataset& dataset) {
  const hid_t creation = dataset.creation.get();
  const H5D_layout_t layout = H5Pget_layout(creation);
  check(layout == H5D_COMPACT || layout == H5D_CONTIGUOUS || layout == H5D_CHUNKED,
        "{}: is a view of other files; make one whole file of it with h5repack", dataset.where);
  check(layout != H5D_CONTIGUOUS || H5Pget_external_count(creation) == 0,
        "{}: keeps its numbers in another file; make one whole file of it with h5repack",
        dataset.where);
  const int filters = layout == H5D_CHUNKED ? H5Pget_nfilters(creation) : 0;
  for (int i = 0; i < filters; ++i) {
    std::size_t values = 0;
    unsigned flags = 0;
    const H5Z_filter_t filter = H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &values,
                                               nullptr, 0, nullptr, nullptr);
    check(filter == H5Z_FILTER_DEFLATE || filter == H5Z_FILTER_SHUFFLE ||
              filter == H5Z_FILTER_FLETCHER32,
          "{}: is packed by HDF5's filter {}; unpack the file with h5repack -f NONE", dataset.where,
          filter);
  }
}

ElementType element_type(hid_t type) {
  if (H5Tget_class(type) != H5T_FLOAT) {
    return ElementType::other;
  }
  switch (H5Tget_size(type)) {
    case 2:
      return ElementType::f16;
    case 4:
      return ElementType::f32;
    case 8:
      return ElementType::f64;
    default:
      return ElementType::other;
  }
}

std::vector<std::int64_t> shape_of(const Dataset& dataset) {
  const Hdf5Handle space(H5Dget_space(dataset.id.get()), H5Sclose, dataset.where + " is damaged");
  if (H5Sget_simple_extent_type(space.get()) == H5S_NULL) {
    return {0};
  }
  std::array<hsize_t, H5S_MAX_RANK> extents{};
  const int rank = H5Sget_simple_extent_dims(space.get(), extents.data(), nullptr);
  check(rank >= 0, "{} is damaged{}", dataset.where, hdf5_reason());
  std::vector<std::int64_t> shape;
  for (int i = 0; i < rank; ++i) {
    const hsize_t extent = extents[static_cast<std::size_t>(i)];
    check(extent <= static_cast<hsize_t>(std::numeric_limits<std::int64_t>::max()),
          "{}: has a shape beyond all memory", dataset.where);
    shape.push_back(static_cast<std::int64_t>(extent));
  }
  return shape;
}

// A shape is a claim: elements that the file does not store would be made of a fill value.
void check_backing(const Dataset& dataset, std::uint64_t bytes) {
  const std::uint64_t stored = H5Dget_storage_size(dataset.id.get());
  if (H5Pget_layout(dataset.creation.get()) != H5D_CHUNKED) {
    check(stored == bytes, "{}: needs {} bytes of data and has {}", dataset.where, bytes, stored);
    return;
  }
  std::array<hsize_t, H5S_MAX_RANK> extents{};
  const int rank = H5Pget_chunk(dataset.creation.get(), extents.size(), extents.data());
  const Hdf5Handle type(H5Dget_type(dataset.id.get()), H5Tclose, dataset.where + " is damaged");
  std::uint64_t chunk = H5Tget_size(type.get());
  bool fits = rank > 0;
  for (int i = 0; i < rank; ++i) {
    fits &= !__builtin_mul_overflow(chunk, extents[static_cast<std::size_t>(i)], &chunk);
  }
  check(fits && std::max(bytes, chunk) / max_deflate_ratio <= stored,
        "{}: claims {} bytes in chunks of {}; the {} bytes stored cannot hold them", dataset.where,
        bytes, chunk, stored);
}

// The bytes of a dataset that lies in one piece, as this machine counts; none otherwise.
std::span<const std::byte> mapped_bytes(const Dataset& dataset, std::span<const std::byte> file,
                                        std::uint64_t bytes) {
  const Hdf5Handle type(H5Dget_type(dataset.id.get()), H5Tclose, dataset.where + " is damaged");
  const bool native =
      H5Tequal(type.get(), H5T_IEEE_F32LE) > 0 || H5Tequal(type.get(), H5T_IEEE_F64LE) > 0;
  if (!native || H5Pget_layout(dataset.creation.get()) != H5D_CONTIGUOUS) {
    return {};
  }
  const haddr_t offset = H5Dget_offset(dataset.id.get());
  check(offset <= file.size() && bytes <= file.size() - offset,
        "{}: at byte {}: its {} bytes of data reach beyond the end of the file", dataset.where,
        offset, bytes);
  return file.subspan(offset, bytes);
}

// Reads elements of the row-major order in blocks that are hyperslabs: as long as the position is
// at the start of a whole slice of dimension d and that much is wanted, as many slices as there
// are.
class SlabReader {
 public:
  SlabReader(std::shared_ptr<const Hdf5Handle> file, const std::string& file_path,
             const std::string& path, const std::vector<std::int64_t>& shape)
      : file_(std::move(file)), dataset_(file_->get(), file_path, path) {
    std::uint64_t slice = 1;
    shape_.assign(shape.begin(), shape.end());
    slices_.resize(shape.size());
    for (std::size_t d = shape.size(); d-- > 0;) {
      slices_[d] = slice;
      slice *= shape_[d];
    }
    count_ = slice;
  }

  void read(std::uint64_t position, std::span<float> out) const {
    const Hdf5Lock lock;
    check(position <= count_ && out.size() <= count_ - position,
          "{}: elements {} to {} were asked of {}", dataset_.where, position, position + out.size(),
          count_);
    while (!out.empty()) {
      const std::size_t done = read_block(position, out);
      position += done;
      out = out.subspan(done);
    }
  }

 private:
  std::size_t read_block(std::uint64_t position, std::span<float> out) const {
    const Hdf5Handle space(H5Dget_space(dataset_.id.get()), H5Sclose, dataset_.where);
    std::size_t block_size = 1;
    if (!shape_.empty()) {
      std::size_t d = 0;
      while (position % slices_[d] != 0 || out.size() < slices_[d]) {
        ++d;  // ends at the last dimension, whose slices are single elements
      }
      std::vector<hsize_t> start(shape_.size());
      std::vector<hsize_t> block(shape_.size(), 1);
      for (std::size_t i = 0; i < shape_.size(); ++i) {
        start[i] = position / slices_[i] % shape_[i];
        block[i] = i > d ? shape_[i] : 1;
      }
      block[d] = std::min<hsize_t>(out.size() / slices_[d], shape_[d] - start[d]);
      block_size = block[d] * slices_[d];
      check(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, block.data(),
                                nullptr) >= 0,
            "{}: cannot be read in part", dataset_.where);
    }
    const hsize_t length = block_size;
    const Hdf5Handle memory(H5Screate_simple(1, &length, nullptr), H5Sclose, dataset_.where);
    const herr_t status = H5Dread(dataset_.id.get(), H5T_NATIVE_FLOAT, memory.get(), space.get(),
                                  H5P_DEFAULT, out.data());
    check(status >= 0, "{}: cannot be read{}", dataset_.where, hdf5_reason());
    return block_size;
  }

  std::shared_ptr<const Hdf5Handle> file_;
  Dataset dataset_;
  std::vector<std::uint64_t> shape_;
  std::vector<std::uint64_t> slices_;  // elements of one slice of each dimension
  std::uint64_t count_ = 0;
};

}  // namespace

SourceTensor dataset_tensor(const InputFilePtr& input,
                            const std::shared_ptr<const Hdf5Handle>& file,
                            const std::string& path) {
  const Dataset dataset(file->get(), input->path, path);
  check_storage(dataset);
  const Hdf5Handle type(H5Dget_type(dataset.id.get()), H5Tclose, dataset.where + " is damaged");
  SourceTensor tensor{path, element_type(type.get()), shape_of(dataset), nullptr};
  std::uint64_t count = 1;
  for (const std::int64_t extent : tensor.shape) {
    check(!__builtin_mul_overflow(count, static_cast<std::uint64_t>(extent), &count),
          "{}: has a shape beyond all memory", dataset.where);
  }
  check(count <= std::numeric_limits<std::int64_t>::max() / 8, "{}: has a shape beyond all memory",
        dataset.where);
  const std::uint64_t bytes = count * size_of(tensor.type);
  if (bytes == 0) {
    return tensor.type == ElementType::other
               ? tensor
               : mapped_tensor(input, path, tensor.type, tensor.shape, {});
  }
  check_backing(dataset, bytes);
  const std::span<const std::byte> mapped = mapped_bytes(dataset, input->bytes(), bytes);
  if (!mapped.empty()) {
    return mapped_tensor(input, path, tensor.type, tensor.shape, mapped);
  }
  auto reader = std::make_shared<const SlabReader>(file, input->path, path, tensor.shape);
  tensor.read = [reader = std::move(reader)](std::int64_t first, std::span<float> out) {
    reader->read(static_cast<std::uint64_t>(first), out);
  };
  return tensor;
}

}  // namespace gramgrad::converter
