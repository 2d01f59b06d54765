// What lies in an HDF5 file: its datasets as tensors, and attributes that are texts.
//
// Nothing outside the file is ever opened: soft and external links are not followed, and datasets
// that keep their numbers elsewhere (external storage, virtual datasets) are refused.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weights_converter/source.h"

namespace gramgrad::converter {

class Hdf5Handle;
struct Hdf5Contents;

class Hdf5File {
 public:
  // Throws Error, beginning with the path of the file, if HDF5 cannot open it.
  explicit Hdf5File(InputFilePtr file);

  // Every dataset that hard links lead to, by the names of the links, such as "block1/kernel:0", in
  // natural order; and the links left alone because they lead by a name to somewhere.
  const std::vector<std::string>& dataset_paths() const;
  const std::vector<std::string>& other_links() const;

  // Whether a group or dataset has its first name at `path`.
  bool has(const std::string& path) const;

  // Throws Error when the dataset is damaged, claims more numbers than the file can hold, or is
  // packed in a way that is not HDF5's own.
  SourceTensor dataset(const std::string& path) const;

  // The texts of an attribute of group `path` ("" is the root); none if there is no such group,
  // attribute or text.
  std::vector<std::string> texts(const std::string& path, const std::string& attribute) const;

  // Paths of the objects that a dataset of references names, "" for those that are not there; none
  // if it is no such dataset, or has more than 4096.
  std::vector<std::string> referenced(const std::string& path) const;

  // A dataset of UTF-16 codes as ASCII, '?' for the others; as empty as `referenced`.
  std::string characters(const std::string& path) const;

 private:
  InputFilePtr input_;
  std::shared_ptr<const Hdf5Handle> file_;
  std::shared_ptr<const Hdf5Contents> contents_;
};

}  // namespace gramgrad::converter
