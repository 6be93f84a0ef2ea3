#!/bin/bash
# Run by conda-build: installs the package and the scripts that put its plugin on HDF5_PLUGIN_PATH.
set -euo pipefail
export SKBUILD_CMAKE_DEFINE="ARRAYMORPH_S3_ENGINE=sdk"
"$PYTHON" -m pip install . --no-deps --no-build-isolation -vv

plugins="${SP_DIR#"$PREFIX"/}/arraymorph/lib"
for action in activate deactivate; do
  mkdir -p "$PREFIX/etc/conda/$action.d"
  for shell in sh fish; do
    sed "s|@PLUGINS@|$plugins|" "$RECIPE_DIR/$action.$shell" \
      >"$PREFIX/etc/conda/$action.d/arraymorph.$shell"
  done
done
