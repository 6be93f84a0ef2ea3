# Puts back what activation found.
if test "$_ARRAYMORPH_SAVED_PLUGIN_PATH" = unset
    set -e HDF5_PLUGIN_PATH
else
    set -gx HDF5_PLUGIN_PATH $_ARRAYMORPH_SAVED_PLUGIN_PATH
end
set -e _ARRAYMORPH_SAVED_PLUGIN_PATH
