// Goes through groups with limits on depth and number, into each group once.
#include "weights_converter/containers/hdf5_walk.h"

#include <algorithm>
#include <utility>

namespace gramgrad::converter {
namespace {

constexpr int max_depth = 32;
constexpr std::size_t max_links = 20'000;
constexpr std::size_t max_name = 1024;  // bytes

struct Link {
  std::string name;
  bool hard = false;
};

// Called from C: no exception may pass.
herr_t collect_link(hid_t, const char* name, const H5L_info_t* info, void* data) noexcept {
  auto& links = *static_cast<std::vector<Link>*>(data);
  if (links.size() == max_links) {
    return 1;
  }
  links.push_back({name, info->type == H5L_TYPE_HARD});
  return 0;
}

class Walk {
 public:
  explicit Walk(const std::string& path) : path_(path) {}

  void group(hid_t id, const std::string& prefix, int depth) {
    check(depth <= max_depth, "{}: groups nest more than {} deep at {}", path_, max_depth, prefix);
    if (!remember(id, prefix)) {
      return;  // a link that leads back, or a second name
    }
    std::vector<Link> links;
    check(H5Literate(id, H5_INDEX_NAME, H5_ITER_NATIVE, nullptr, collect_link, &links) >= 0,
          "{}: group '{}' is damaged{}", path_, prefix, hdf5_reason());
    links_ += links.size();
    check(links_ < max_links, "{}: has more than {} groups and datasets", path_, max_links);
    for (const Link& link : links) {
      follow(id, link, prefix, depth);
    }
  }

  Hdf5Contents contents;

 private:
  // False if the object was met before.
  bool remember(hid_t id, const std::string& name) {
    H5O_info_t info{};
    check(H5Oget_info(id, &info) >= 0, "{}: '{}' is damaged{}", path_, name, hdf5_reason());
    return contents.by_address.emplace(info.addr, name).second;
  }

  void follow(hid_t parent, const Link& link, const std::string& prefix, int depth) {
    const bool plain =
        link.name.size() <= max_name &&
        std::ranges::none_of(link.name, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
    check(plain, "{}: a name in group '{}' is too long or has control characters", path_, prefix);
    const std::string full = prefix.empty() ? link.name : prefix + "/" + link.name;
    if (!link.hard) {
      contents.other_links.push_back(full);
      return;
    }
    const Hdf5Handle object(H5Oopen(parent, link.name.c_str(), H5P_DEFAULT), H5Oclose,
                            fmt::format("{}: '{}' cannot be opened", path_, full));
    const H5I_type_t type = H5Iget_type(object.get());
    if (type == H5I_GROUP) {
      group(object.get(), full, depth + 1);
    } else if (type == H5I_DATASET) {
      remember(object.get(), full);
      contents.datasets.push_back(full);
    }
  }

  const std::string& path_;
  std::size_t links_ = 0;
};

}  // namespace

Hdf5Contents walk_hdf5(hid_t file, const std::string& path) {
  const Hdf5Handle root(H5Gopen2(file, "/", H5P_DEFAULT), H5Gclose,
                        fmt::format("{}: has no readable root group", path));
  Walk walk(path);
  walk.group(root.get(), "", 0);
  return std::move(walk.contents);
}

}  // namespace gramgrad::converter
