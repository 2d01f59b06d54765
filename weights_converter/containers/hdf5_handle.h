// The HDF5 library tamed: identifiers that close themselves, its errors as ours, one thread at a
// time. Only for the files of this folder that include hdf5.h.
#pragma once

#include <hdf5.h>

#include <mutex>
#include <string>

#include "kernels/check.h"

namespace gramgrad::converter {

// Held around every use of HDF5: distributions build it without thread safety. The
// first one silences the library, which prints its errors, and forbids it to load plug-ins.
class Hdf5Lock {
 public:
  Hdf5Lock();

 private:
  std::unique_lock<std::recursive_mutex> lock_;
};

// What HDF5 says about its last failure, in brackets after a space: " (HDF5: truncated file)".
// Nothing if it says nothing. To be asked before the next call of HDF5. Throws bad_alloc if memory
// was what it lacked.
std::string hdf5_reason();

// An open object of HDF5.
class Hdf5Handle {
 public:
  using Close = herr_t (*)(hid_t);

  // Throws Error, `what` followed by HDF5's reason, if `id` says that opening has failed.
  Hdf5Handle(hid_t id, Close close, const std::string& what) : id_(id), close_(close) {
    check(id >= 0, "{}{}", what, hdf5_reason());
  }
  ~Hdf5Handle() {
    const Hdf5Lock lock;
    close_(id_);
  }
  Hdf5Handle(const Hdf5Handle&) = delete;
  Hdf5Handle& operator=(const Hdf5Handle&) = delete;

  hid_t get() const { return id_; }

 private:
  hid_t id_;
  Close close_;
};

}  // namespace gramgrad::converter
