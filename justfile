# Recipes of the project; `./just` lists them. Everything lives in .venv and build/.
set dotenv-load
set positional-arguments
export PATH := justfile_directory() / ".venv/bin:" + env("PATH")

# Names of the tests that hold every store and codec against one suite, and of those that need S3.
conformance := "^(Stores|Builtin.Codec|S3)"

# List the recipes
help:
    @just --list --unsorted

# Install what is missing: system packages (Debian, as root) and the Python environment
setup:
    @scripts/setup-system
    @scripts/setup-venv

# Build the plugin and the C++ tests (incremental)
build: setup
    cmake --preset default
    cmake --build --preset default

# Install the Python package into .venv (only when sources changed)
install: setup
    @scripts/install-package

# Copy a real file into the store with plain h5py and compare: store=local, seaweed or s3
demo store="local" file="": install
    @scripts/demo '{{ trim_start_match(store, "store=") }}' '{{ trim_start_match(file, "file=") }}'

# Everything: C++ tests, conformance, Python tests, reference, h5py's own suite, documentation
test: install setup-test
    @python tests/support/run_all.py

# As the compiler is asked before a merge: debug, warnings are errors, C++ unit tests
build-debug: setup
    cmake --preset debug
    cmake --build --preset debug
    ctest --preset debug -j2 -E '{{ conformance }}'

# C++ unit tests
test-unit: build
    ctest --preset default -j2 -E '{{ conformance }}'

# Every store and codec against one suite, S3 on SeaweedFS
test-conformance: build setup-test
    tests/support/with-seaweed ctest --preset default -j2 -R '{{ conformance }}'

# Writers of one object at the same moment, on every store: n=ROUNDS; says what it saw
test-conditions n="200": build setup-test
    TEST_ROUNDS='{{ trim_start_match(n, "n=") }}' tests/support/with-seaweed build/default/tests/conformance/probe_conformance_test --gtest_filter='*ConditionsAreHonoured*'

# Python tests: package, requests, errors, features
test-python *arguments: install setup-test
    python -m pytest tests/python "$@"

# Damaged files: every bit of the HDF5 part flipped, one file each, beside native HDF5 (minutes)
test-hostile *arguments: install setup-test
    HOSTILE_EVERY_BIT=1 python -m pytest -s tests/python/test_hostile.py "$@"

# Start, exit, fork, threads on both stores: n=RUNS of each scenario (200 takes hours)
test-process n="2" *arguments: install setup-test
    shift; python -m pytest tests/process --runs='{{ trim_start_match(n, "n=") }}' "$@"

# pyarrow, tiledb, awscrt, boto3 with the same server in the same process (own venv, downloads)
test-neighbours n="2": install setup-test
    scripts/test-neighbours '{{ trim_start_match(n, "n=") }}'

# Random operations on native HDF5 and on ArrayMorph, compared: n=NUMBER of sequences
test-reference n="150": install setup-test
    python -m pytest tests/reference --sequences='{{ trim_start_match(n, "n=") }}'

# Kill writers at n=NUMBER distinct requests and system calls, check the last commit (10 minutes)
test-kill n="500" *arguments: install setup-test
    shift; python -m pytest -s tests/faults/test_kill.py --kills='{{ trim_start_match(n, "n=") }}' "$@"

# Every fault in every operation, 10,000 operations under 5 % faults; --publish: docs/fault-matrix.md
test-faults *arguments: install setup-test
    python -m pytest -s tests/faults/test_fault_relay.py tests/faults/test_server_restart.py \
        tests/faults/test_fault_matrix.py tests/faults/test_random_faults.py \
        --matrix=all --operations=10000 "$@"

# 16 processes that write 200 chunks each, creators, readers: runs=NUMBER of each
test-writers runs="20" *arguments: install setup-test
    shift; python -m pytest -s tests/faults/test_parallel.py --writer-runs='{{ trim_start_match(runs, "runs=") }}' "$@"

# One process at work for minutes=NUMBER: memory, threads, descriptors, sockets
test-soak minutes="30" *arguments: install setup-test
    shift; python -m pytest -s tests/faults/test_soak.py --soak-minutes='{{ trim_start_match(minutes, "minutes=") }}' "$@"

# Real files of other packages (downloads): plain -> chunks -> plain, compared; [--s3] [--only PACKAGE ...]
test-round-trips *arguments: install setup-test
    @python tests/round_trips/run_round_trips.py "$@"

# The documentation site into build/site; a broken link is an error
docs: setup-docs
    NO_MKDOCS_2_WARNING=1 mkdocs build --strict --quiet
    @echo "docs: build/site/index.html" >&2

# The same, served at 127.0.0.1:8000 and built again when a page changes
docs-serve: setup-docs
    NO_MKDOCS_2_WARNING=1 mkdocs serve

# Every code block of README and docs/, with the packages of the how-tos in build/docs-env
test-docs *arguments: install setup-test docs
    scripts/side-venv build/docs-env docs-test test
    build/docs-env/bin/python -m pytest tests/docs --every "$@"

# h5py's own test suite through ArrayMorph: store=local, seaweed or native
test-h5py store="local": install setup-test
    python tests/h5py_suite/run.py '{{ trim_start_match(store, "store=") }}'

# The suites of PyTables, pandas, h5netcdf, xarray beside native, [SUITE ...] (own venv, 40 minutes)
test-peers *arguments: install setup-test
    scripts/side-venv build/peers-env test peers
    build/peers-env/bin/python tests/peers/run_peers.py "$@"

# One wheel beside every h5py, netCDF4, PyTables and HDF5 it serves; [--wheel FILE] [ROW ...]
test-matrix *arguments: setup setup-test
    @python tests/matrix/run_matrix.py "$@"

# Each setting got wrong on every server there is, beside boto3's words; --publish: docs/failures.md
wrong-settings *arguments: install setup-test
    scripts/side-venv build/boto3 boto3
    python tests/servers/wrong_settings.py --boto3 build/boto3/bin/python "$@"

# Cells of the table, Python tests on S3 and the demo on Garage: this machine's, else compose.yaml's
test-garage: install setup-test
    tests/support/with-garage python -m pytest tests/servers --server=garage
    tests/support/with-garage python -m pytest tests/python -k s3
    tests/support/with-garage scripts/demo s3

# Install and start S3 servers on this machine until Ctrl-C: [NAME ...] [--list]; --help tells all
servers *arguments: setup-test
    @python tests/support/serve.py "$@"

# The same tests on every S3 server that is here: [NAME ...] [--only STEP ...] [--large] [--publish]
test-servers *arguments: install build setup-test
    @PYTHONPATH=tests/support python tests/servers/run_servers.py "$@"

# Side by side with other programs on one S3 server: [--quick] [--only QUESTION ...]; --help tells all
bench *arguments: install build setup-test
    @PYTHONPATH=tests/support python bench/run.py "$@"

# Connections, event loops, codec threads: what each does to the speed here; [--publish]; --help
bench-tuning *arguments: install build setup-test
    @PYTHONPATH=tests/support python bench/tuning.py "$@"

# What ArrayMorph adds to the start of a program that does not use it
bench-startup *arguments: install setup-test
    @PYTHONPATH=tests/support python bench/startup.py "$@"

# Formatting, lint, types
check: build setup-dev
    scripts/check

# Format all sources in place
format: setup-dev
    find bench include src tests python -name '*.cc' -o -name '*.h' | xargs clang-format -i
    ruff format bench python tests scripts
    ruff check --fix bench python tests scripts

# Unit tests under AddressSanitizer and UndefinedBehaviorSanitizer
asan: setup
    cmake --preset asan
    cmake --build --preset asan
    ctest --preset asan -j2

# Python tests with the plugin under the same sanitizers: [PYTEST ARGUMENT ...] (all: a quarter of an hour)
test-asan-python *arguments: install setup-test
    @scripts/test-asan-python "$@"

# Unit tests under ThreadSanitizer
tsan: setup
    cmake --preset tsan
    cmake --build --preset tsan
    ctest --preset tsan -j2

# Fuzz targets of tests/fuzz with libFuzzer (clang): [seconds=60] [TARGET ...], one after the other
fuzz *arguments: setup
    @scripts/fuzz "$@"

# C++ tests and conformance on the AWS SDK for C++, which CMAKE_PREFIX_PATH (or Conan's toolchain) names
test-sdk preset="sdk": setup-test
    cmake --preset '{{ trim_start_match(preset, "preset=") }}'
    cmake --build --preset '{{ trim_start_match(preset, "preset=") }}'
    tests/support/with-seaweed ctest --preset '{{ trim_start_match(preset, "preset=") }}' -j2

# Build a wheel for others into dist/: repaired to a manylinux tag, licences of what it holds
wheel: setup setup-wheel
    @scripts/build-wheel

# The wheel in a fresh environment without a compiler: on a directory, on SeaweedFS
test-wheel: wheel setup-test
    python tests/wheel/check_distribution.py dist/*.whl

# Build a source distribution into dist/
sdist: setup
    rm -f dist/*.tar.gz
    python -c 'from scikit_build_core.build import build_sdist; print(build_sdist("dist"))'

# The source distribution: install it into a fresh environment, which compiles it, and use it there
test-sdist: sdist setup-test
    python tests/wheel/check_distribution.py dist/*.tar.gz

# Remove build results (keeps .venv and the built dependencies in build/deps)
clean:
    find build -mindepth 1 -maxdepth 1 ! -name deps -exec rm -rf {} +
    rm -rf dist .venv/.installed-arraymorph

[private]
setup-test: setup
    @scripts/setup-venv test

[private]
setup-docs: setup
    @scripts/setup-venv docs

[private]
setup-wheel: setup
    @scripts/setup-venv wheel

[private]
setup-dev: setup
    @scripts/setup-venv dev
