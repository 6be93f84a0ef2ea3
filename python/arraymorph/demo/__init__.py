"""Demo: copy a real HDF5 file into object storage with plain h5py and compare every object.

python -m arraymorph.demo [--store local|s3] FILE
"""
