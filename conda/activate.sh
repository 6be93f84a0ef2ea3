# Lets HDF5 find the plugin. Nothing uses it until HDF5_VOL_CONNECTOR=arraymorph, arraymorph.enable()
# or arraymorph.File says so. HDF5 stops looking into its own plugin folder when HDF5_PLUGIN_PATH is
# set, so that folder is named too.
export _ARRAYMORPH_SAVED_PLUGIN_PATH="${HDF5_PLUGIN_PATH-unset}"
export HDF5_PLUGIN_PATH="${CONDA_PREFIX}/@PLUGINS@:${HDF5_PLUGIN_PATH:-${CONDA_PREFIX}/lib/hdf5/plugin}"
