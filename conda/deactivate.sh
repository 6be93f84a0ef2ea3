# Puts back what activation found.
if [ "${_ARRAYMORPH_SAVED_PLUGIN_PATH-unset}" = unset ]; then
  unset HDF5_PLUGIN_PATH
else
  export HDF5_PLUGIN_PATH="${_ARRAYMORPH_SAVED_PLUGIN_PATH}"
fi
unset _ARRAYMORPH_SAVED_PLUGIN_PATH
