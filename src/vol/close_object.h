// The end of an open object, which may be the end of its file.
#pragma once

#include "vol/object.h"

namespace arraymorph::vol {

/// H5VLdataset_close and its like.
using NativeClose = herr_t (*)(void* object, hid_t connector, hid_t dxpl, void** req);

/// Stores the file where `obj` may be what keeps it open, closes the native object and deletes the
/// wrapper. -1 with the error pushed: nothing was closed, and may be tried again.
///
/// While this runs, HDF5 still has the id of `obj` in its table, and goes through that table
/// whenever a file is flushed or closed. So nothing that closes a file may happen between the end
/// of the native object and the return.
herr_t close_object(void* obj, NativeClose close_native, hid_t dxpl_id, void** req);

/// What HDF5 still has to write, then the commit of the file that holds `object`.
Status flush_file(Object& object, H5F_scope_t scope);

}  // namespace arraymorph::vol
