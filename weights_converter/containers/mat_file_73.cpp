// MATLAB 7.3 files are HDF5: a structure is a group, a cell array a dataset of references to the
// objects in the group #refs#, and the attribute MATLAB_class tells what everything is.
#include <memory>
#include <utility>

#include "weights_converter/containers/hdf5_file.h"
#include "weights_converter/containers/mat_file.h"

namespace gramgrad::converter {
namespace {

class Mat73Value : public MatValue {
 public:
  Mat73Value(std::shared_ptr<const Hdf5File> file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {
    const auto classes = file_->texts(path_, "MATLAB_class");
    class_ = classes.empty() ? "" : classes.front();
  }

  MatValuePtr field(const std::string& name) const override {
    const std::string path = path_ + "/" + name;
    return class_ == "struct" && file_->has(path) ? std::make_shared<Mat73Value>(file_, path)
                                                  : nullptr;
  }

  std::vector<MatValuePtr> cells() const override {
    std::vector<MatValuePtr> found;
    if (class_ == "cell") {
      for (const std::string& path : file_->referenced(path_)) {
        found.push_back(path.empty() ? nullptr : std::make_shared<Mat73Value>(file_, path));
      }
    }
    return found;
  }

  std::string text() const override { return class_ == "char" ? file_->characters(path_) : ""; }

  std::optional<SourceTensor> tensor(const std::string& name) const override {
    if (class_ == "struct" || class_ == "cell") {
      return std::nullopt;
    }
    SourceTensor tensor = file_->dataset(path_);
    tensor.name = name;
    return tensor;
  }

 private:
  std::shared_ptr<const Hdf5File> file_;
  std::string path_;
  std::string class_;
};

}  // namespace

MatValuePtr open_mat_73(const InputFilePtr& file, const std::string& variable) {
  auto hdf5 = std::make_shared<const Hdf5File>(file);
  return hdf5->has(variable) ? std::make_shared<Mat73Value>(std::move(hdf5), variable) : nullptr;
}

}  // namespace gramgrad::converter
