// Callbacks between libpng and PngReader.
#include "apps/support/png_reader.h"

#include <cstring>

#include "apps/support/image.h"
#include "kernels/check.h"

namespace gramgrad::apps {

PngReader::PngReader(const std::string& path, std::span<const unsigned char> bytes,
                     png_alloc_size_t max_chunk_bytes, png_uint_32 max_chunks)
    : path_(path), bytes_(bytes) {
  png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &trap_, on_error, on_warning);
  info_ = png_ == nullptr ? nullptr : png_create_info_struct(png_);
  if (info_ == nullptr) {
    png_destroy_read_struct(&png_, &info_, nullptr);
    fail("{}: libpng cannot start: out of memory or another version than it was built for", path);
  }
  png_set_read_fn(png_, this, on_read);
  // The size is checked by check_image_size, with a better message than libpng's.
  png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_chunk_malloc_max(png_, max_chunk_bytes);
  png_set_chunk_cache_max(png_, max_chunks);
}

PngReader::~PngReader() {
  png_destroy_read_struct(&png_, &info_, nullptr);
}

void PngReader::fail_damaged() const {
  fail("{}: the PNG file is damaged or cut off ({}); copy or export the picture again", path_,
       trap_.message());
}

void PngReader::on_error(png_structp png, png_const_charp message) {
  static_cast<CErrorTrap*>(png_get_error_ptr(png))->raise(message);
}

void PngReader::on_warning(png_structp png, png_const_charp message) {
  static_cast<CErrorTrap*>(png_get_error_ptr(png))->warn(message);
}

void PngReader::on_read(png_structp png, png_bytep to, png_size_t count) {
  auto* self = static_cast<PngReader*>(png_get_io_ptr(png));
  if (count > self->bytes_.size() - self->position_) {
    png_error(png, "the file ends too early");
  }
  std::memcpy(to, self->bytes_.data() + self->position_, count);
  self->position_ += count;
}

}  // namespace gramgrad::apps
