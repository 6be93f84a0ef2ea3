/* A thread that reads and never ends, while main returns 7: reads NAME */
#include <hdf5.h>
#include <pthread.h>
#include <unistd.h>

enum { length = 100000 };
static hid_t set;
static volatile int reads;

static void *read_for_ever(void *unused) {
  static int values[length];
  for (;;) {
    if (H5Dread(set, H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0) usleep(1000);
    reads++;
  }
  return unused;
}

int main(int argc, char **argv) {
  static int values[length];
  const hsize_t size = length, chunk = 1000;
  if (argc < 2) return 1;
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* HDF5 would say that it cannot free everything */
  hid_t file = H5Fcreate(argv[1], H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  hid_t space = H5Screate_simple(1, &size, NULL), list = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(list, 1, &chunk);
  set = H5Dcreate2(file, "d", H5T_NATIVE_INT, space, H5P_DEFAULT, list, H5P_DEFAULT);
  if (H5Dwrite(set, H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0) return 2;
  pthread_t thread;
  if (pthread_create(&thread, NULL, read_for_ever, NULL) != 0) return 3;
  while (reads < 20) usleep(1000);
  return 7;
}
