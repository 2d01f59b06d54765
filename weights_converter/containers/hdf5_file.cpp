// Reads what is no tensor: attributes, texts, references.
#include "weights_converter/containers/hdf5_file.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "weights_converter/containers/hdf5_dataset.h"
#include "weights_converter/containers/hdf5_handle.h"
#include "weights_converter/containers/hdf5_image.h"
#include "weights_converter/containers/hdf5_walk.h"
#include "weights_converter/containers/natural_order.h"

namespace gramgrad::converter {
namespace {

constexpr hssize_t max_elements = 4096;  // of texts and lists of references

// Up to the first zero byte; fixed-length texts need not have one.
std::string text_of(const char* begin, std::size_t length) {
  return {begin, strnlen(begin, length)};
}

std::vector<std::string> fixed_texts(hid_t attribute, hid_t type, std::size_t count) {
  const std::size_t length = H5Tget_size(type);
  std::vector<char> bytes(count * length);
  std::vector<std::string> texts;
  if (!bytes.empty() && H5Aread(attribute, type, bytes.data()) >= 0) {
    for (std::size_t i = 0; i < count; ++i) {
      texts.push_back(text_of(&bytes[i * length], length));
    }
  }
  return texts;
}

std::vector<std::string> variable_texts(hid_t attribute, hid_t type, hid_t space,
                                        std::size_t count) {
  std::vector<char*> pointers(count, nullptr);
  std::vector<std::string> texts;
  if (H5Aread(attribute, type, pointers.data()) >= 0) {
    for (const char* text : pointers) {
      texts.emplace_back(text == nullptr ? "" : text);
    }
    H5Dvlen_reclaim(type, space, H5P_DEFAULT, pointers.data());
  }
  return texts;
}

// All elements of a small dataset, as `memory_type` has them; none if it is large, or no dataset of
// that kind.
template <typename Element>
std::vector<Element> read_elements(const Hdf5Handle& file, const std::string& path,
                                   hid_t memory_type) {
  const hid_t opened = H5Dopen2(file.get(), ("/" + path).c_str(), H5P_DEFAULT);
  if (opened < 0) {
    return {};
  }
  const Hdf5Handle dataset(opened, H5Dclose, path);
  const Hdf5Handle creation(H5Dget_create_plist(opened), H5Pclose, path);
  const H5D_layout_t layout = H5Pget_layout(creation.get());
  const bool outside = layout == H5D_VIRTUAL ||
                       (layout == H5D_CONTIGUOUS && H5Pget_external_count(creation.get()) != 0);
  const Hdf5Handle type(H5Dget_type(opened), H5Tclose, path);
  if (outside || H5Tget_class(type.get()) != H5Tget_class(memory_type)) {
    return {};
  }
  const Hdf5Handle space(H5Dget_space(opened), H5Sclose, path);
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  if (count <= 0 || count > max_elements) {
    return {};
  }
  std::vector<Element> elements(static_cast<std::size_t>(count));
  if (H5Dread(opened, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, elements.data()) < 0) {
    return {};
  }
  return elements;
}

}  // namespace

Hdf5File::Hdf5File(InputFilePtr file) : input_(std::move(file)) {
  const Hdf5Lock lock;
  file_ = open_hdf5_image(input_);
  auto contents = walk_hdf5(file_->get(), input_->path);
  std::ranges::sort(contents.datasets, natural_less);
  contents_ = std::make_shared<const Hdf5Contents>(std::move(contents));
}

const std::vector<std::string>& Hdf5File::dataset_paths() const {
  return contents_->datasets;
}

const std::vector<std::string>& Hdf5File::other_links() const {
  return contents_->other_links;
}

SourceTensor Hdf5File::dataset(const std::string& path) const {
  const Hdf5Lock lock;
  return dataset_tensor(input_, file_, path);
}

bool Hdf5File::has(const std::string& path) const {
  return std::ranges::any_of(contents_->by_address,
                             [&](const auto& object) { return object.second == path; });
}

std::vector<std::string> Hdf5File::texts(const std::string& path,
                                         const std::string& attribute) const {
  const Hdf5Lock lock;
  const hid_t opened = H5Aopen_by_name(file_->get(), ("/" + path).c_str(), attribute.c_str(),
                                       H5P_DEFAULT, H5P_DEFAULT);
  if (opened < 0) {
    return {};
  }
  const std::string what = fmt::format("{}: attribute {} of '{}'", input_->path, attribute, path);
  const Hdf5Handle handle(opened, H5Aclose, what);
  const Hdf5Handle type(H5Aget_type(handle.get()), H5Tclose, what);
  const Hdf5Handle space(H5Aget_space(handle.get()), H5Sclose, what);
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  const std::size_t size = H5Tget_size(type.get());
  // Every text takes its bytes, or at least its reference, in the file.
  const std::size_t file_size = input_->bytes().size();
  if (H5Tget_class(type.get()) != H5T_STRING || count <= 0 || size == 0 ||
      static_cast<std::size_t>(count) > file_size / size) {
    return {};
  }
  return H5Tis_variable_str(type.get()) > 0
             ? variable_texts(handle.get(), type.get(), space.get(),
                              static_cast<std::size_t>(count))
             : fixed_texts(handle.get(), type.get(), static_cast<std::size_t>(count));
}

std::vector<std::string> Hdf5File::referenced(const std::string& path) const {
  const Hdf5Lock lock;
  std::vector<std::string> paths;
  for (const hobj_ref_t& reference : read_elements<hobj_ref_t>(*file_, path, H5T_STD_REF_OBJ)) {
    const hid_t opened = H5Rdereference2(file_->get(), H5P_DEFAULT, H5R_OBJECT, &reference);
    H5O_info_t info{};
    if (opened >= 0) {
      const Hdf5Handle object(opened, H5Oclose, path);
      if (H5Oget_info(opened, &info) < 0) {
        info.addr = HADDR_UNDEF;
      }
    }
    const auto found = contents_->by_address.find(info.addr);
    const bool known = opened >= 0 && found != contents_->by_address.end();
    paths.push_back(known ? found->second : "");
  }
  return paths;
}

std::string Hdf5File::characters(const std::string& path) const {
  const Hdf5Lock lock;
  std::string text;
  for (const std::uint16_t code : read_elements<std::uint16_t>(*file_, path, H5T_NATIVE_UINT16)) {
    text += code >= 0x20 && code < 0x7f ? static_cast<char>(code) : '?';
  }
  return text;
}

}  // namespace gramgrad::converter
