#include "vol/walk.h"

#include <set>
#include <utility>
#include <vector>

#include "hdf5/error.h"

namespace arraymorph::vol {
namespace {

using hdf5::api;

struct HardLink {
  std::string name;
  H5O_token_t token;
};

struct Links {
  std::vector<HardLink> hard;
  hsize_t passed = 0;  ///< links of any kind, in the order of their names
};

herr_t note_link(hid_t, const char* name, const H5L_info2_t* info, void* out) noexcept {
  auto& links = *static_cast<Links*>(out);
  try {
    if (info->type == H5L_TYPE_HARD) links.hard.push_back({name, info->u.token});
  } catch (const std::exception&) {
    return -1;
  }
  ++links.passed;
  return 0;
}

Status unreadable(const char* what, const std::string& path) {
  return {Code::corrupt, std::string(what) + " " + (path.empty() ? "/" : path) +
                             " cannot be read: " + hdf5::innermost_error()};
}

/// A native group that has no id.
class Group {
 public:
  Group(void* native_parent, const H5VL_loc_params_t& loc) {
    H5I_type_t type = H5I_BADID;
    group_ =
        api().H5VLobject_open(native_parent, &loc, native(), &type, default_transfer(), nullptr);
  }
  ~Group() {
    if (group_ != nullptr) api().H5VLgroup_close(group_, native(), default_transfer(), nullptr);
  }
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  bool valid() const { return group_ != nullptr; }
  bool info(H5O_info2_t& info) const { return native_info(group_, H5I_GROUP, info); }

  Status collect(Links& links, const std::string& path) const {
    for (;;) {
      if (iterate(links) || links.passed >= count()) return {};
      // HDF5 asks the classes of user-defined links how long their values are, and stops where one
      // does not know. The name alone can be had of those, and of links that are damaged cannot.
      if (!has_name(links.passed)) return unreadable("group", path);
      ++links.passed;
    }
  }

 private:
  bool iterate(Links& links) const {
    const H5VL_loc_params_t here = self(H5I_GROUP);
    hsize_t skip = links.passed;
    H5VL_link_specific_args_t args{};
    args.op_type = H5VL_LINK_ITER;
    args.args.iterate.idx_p = &skip;
    args.args.iterate.idx_type = H5_INDEX_NAME;
    args.args.iterate.order = H5_ITER_INC;
    args.args.iterate.op = note_link;
    args.args.iterate.op_data = &links;
    return api().H5VLlink_specific(group_, &here, native(), &args, default_transfer(), nullptr) >=
           0;
  }

  hsize_t count() const {
    H5G_info_t info{};
    H5VL_group_get_args_t args{};
    args.op_type = H5VL_GROUP_GET_INFO;
    args.args.get_info.loc_params = self(H5I_GROUP);
    args.args.get_info.ginfo = &info;
    const bool known =
        api().H5VLgroup_get(group_, native(), &args, default_transfer(), nullptr) >= 0;
    return known ? info.nlinks : ~hsize_t{0};
  }

  bool has_name(hsize_t number) const {
    H5VL_loc_params_t loc = self(H5I_GROUP);
    loc.type = H5VL_OBJECT_BY_IDX;
    loc.loc_data.loc_by_idx = {".", H5_INDEX_NAME, H5_ITER_INC, number,
                               ARRAYMORPH_HDF5_ID(H5P_LST_LINK_ACCESS_ID_g)};
    std::size_t length = 0;
    H5VL_link_get_args_t args{};
    args.op_type = H5VL_LINK_GET_NAME;
    args.args.get_name.name_len = &length;
    return api().H5VLlink_get(group_, &loc, native(), &args, default_transfer(), nullptr) >= 0;
  }

  void* group_ = nullptr;
};

H5VL_loc_params_t by_token(H5I_type_t type, H5O_token_t& token) {
  H5VL_loc_params_t loc = self(type);
  loc.type = H5VL_OBJECT_BY_TOKEN;
  loc.loc_data.loc_by_token.token = &token;
  return loc;
}

class Walker {
 public:
  Walker(const Object& from, const Walk& what) : from_(from), what_(what) {}

  Status run(const char* name) {
    {
      const Group start(from_.under, by_name(from_.type, name));
      H5O_info2_t info{};
      if (!start.valid() || !start.info(info)) return unreadable("group", name);
      seen_.insert(address_in(info.token));
      look_into(start, "");
    }
    while (!groups_.empty()) {
      auto [path, token] = std::move(groups_.back());
      groups_.pop_back();
      const Group group(from_.under, by_token(from_.type, token));
      group.valid() ? look_into(group, path) : note(unreadable("group", path));
    }
    return first_;
  }

 private:
  void note(Status status) {
    if (first_.ok()) first_ = std::move(status);
  }

  void look_into(const Group& group, const std::string& path) {
    Links links;
    note(group.collect(links, path));
    for (HardLink& link : links.hard) {
      const Address address = address_in(link.token);
      if (!seen_.insert(address).second) continue;
      const std::string below = path.empty() ? link.name : path + "/" + link.name;
      const H5O_type_t type = type_of(link.token);
      if (type == H5O_TYPE_UNKNOWN && !(what_.is_leaf && what_.is_leaf(address))) {
        note(unreadable("object", below));
      }
      what_.visit(below, address, type);
      if (type == H5O_TYPE_GROUP) groups_.push_back({below, link.token});
    }
  }

  H5O_type_t type_of(H5O_token_t& token) const {
    const H5VL_loc_params_t loc = by_token(from_.type, token);
    H5O_type_t type = H5O_TYPE_UNKNOWN;
    H5VL_object_get_args_t args{};
    args.op_type = H5VL_OBJECT_GET_TYPE;
    args.args.get_type.obj_type = &type;
    const bool known =
        api().H5VLobject_get(from_.under, &loc, native(), &args, default_transfer(), nullptr) >= 0;
    return known ? type : H5O_TYPE_UNKNOWN;
  }

  const Object& from_;
  const Walk& what_;
  std::set<Address> seen_;
  std::vector<HardLink> groups_;  ///< still to be looked into, by their paths
  Status first_;
};

}  // namespace

Status walk(const Object& from, const char* name, const Walk& what) {
  const hdf5::PreserveErrors preserve;
  const hdf5::SilenceErrors silence;
  return Walker(from, what).run(name);
}

}  // namespace arraymorph::vol
