/* Writes the file that h5dump and h5ls of the same system then read: write_file NAME. */
#include <hdf5.h>
#include <stdio.h>

static int fail(const char *what)
{
    fprintf(stderr, "%s failed\n", what);
    return 1;
}

int main(int argc, char **argv)
{
    enum { rows = 300, columns = 200 };
    static double values[rows][columns], found[rows][columns];
    const hsize_t shape[2] = {rows, columns}, chunk[2] = {50, 50};

    if (argc != 2)
        return fail("write_file NAME");
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            values[i][j] = i * columns + j;

    hid_t file = H5Fcreate(argv[1], H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t group = H5Gcreate2(file, "g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    hid_t space = H5Screate_simple(2, shape, NULL);
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    if (H5Pset_chunk(list, 2, chunk) < 0 || H5Pset_deflate(list, 3) < 0)
        return fail("H5Pset_chunk, H5Pset_deflate");
    hid_t v = H5Dcreate2(group, "v", H5T_IEEE_F64LE, space, H5P_DEFAULT, list, H5P_DEFAULT);
    if (H5Dwrite(v, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
        return fail("H5Dwrite");
    H5Dclose(v), H5Pclose(list), H5Sclose(space), H5Gclose(group);
    if (H5Fclose(file) < 0)
        return fail("H5Fclose");

    file = H5Fopen(argv[1], H5F_ACC_RDONLY, H5P_DEFAULT);
    v = H5Dopen2(file, "g/v", H5P_DEFAULT);
    if (H5Dread(v, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, found) < 0)
        return fail("H5Dread");
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            if (found[i][j] != values[i][j])
                return fail("comparison");
    H5Dclose(v);
    return H5Fclose(file) < 0 ? fail("H5Fclose") : 0;
}
