// HDF5's driver for files in memory copies the image it is given; callbacks that hand out the
// mapping itself keep it from that. The file is opened for reading only, so that nothing is
// written.
#include "weights_converter/containers/hdf5_image.h"

#include <cstddef>
#include <utility>

namespace gramgrad::converter {
namespace {

void* lend_image(std::size_t, H5FD_file_image_op_t, void* image) {
  return image;
}

void* copy_nothing(void* destination, const void*, std::size_t, H5FD_file_image_op_t, void*) {
  return destination;  // is the source, too
}

void* never_grow(void*, std::size_t, H5FD_file_image_op_t, void*) {
  return nullptr;
}

herr_t free_nothing(void*, H5FD_file_image_op_t, void*) {
  return 0;
}

void* keep_data(void* data) {
  return data;
}

herr_t free_no_data(void*) {
  return 0;
}

struct OpenImage {
  OpenImage(InputFilePtr mapped, hid_t id)
      : input(std::move(mapped)),
        file(id, H5Fclose, fmt::format("{}: is not a whole HDF5 file", input->path)) {}

  InputFilePtr input;
  Hdf5Handle file;  // closed before the mapping goes
};

hid_t open_image(const InputFilePtr& input, hid_t access) {
  constexpr std::size_t growth = 4096;  // of files that are written
  void* image = const_cast<std::byte*>(input->bytes().data());
  H5FD_file_image_callbacks_t callbacks = {lend_image, copy_nothing, never_grow, free_nothing,
                                           keep_data,  free_no_data, image};
  if (H5Pset_fapl_core(access, growth, false) < 0 ||
      H5Pset_file_image_callbacks(access, &callbacks) < 0 ||
      H5Pset_file_image(access, image, input->bytes().size()) < 0) {
    return -1;
  }
  static int number = 0;  // guarded by Hdf5Lock; HDF5 takes files of one name for the same
  return H5Fopen(fmt::format("image {}", ++number).c_str(), H5F_ACC_RDONLY, access);
}

}  // namespace

std::shared_ptr<const Hdf5Handle> open_hdf5_image(const InputFilePtr& input) {
  const Hdf5Lock lock;
  check(!input->bytes().empty(), "{}: is empty", input->path);
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "HDF5 cannot be started");
  const auto opened = std::make_shared<const OpenImage>(input, open_image(input, access.get()));
  return {opened, &opened->file};
}

}  // namespace gramgrad::converter
