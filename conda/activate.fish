# See activate.sh.
if set -q HDF5_PLUGIN_PATH
    set -gx _ARRAYMORPH_SAVED_PLUGIN_PATH $HDF5_PLUGIN_PATH
else
    set -gx _ARRAYMORPH_SAVED_PLUGIN_PATH unset
end
set -l others $HDF5_PLUGIN_PATH
test -n "$others"; or set others $CONDA_PREFIX/lib/hdf5/plugin
set -gx HDF5_PLUGIN_PATH (string join : $CONDA_PREFIX/@PLUGINS@ $others)
