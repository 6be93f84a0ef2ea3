/* How a file ends: ends NAME DEGREE CLOSED END [FOLDER]
 * NAME    the file to make, with one object of every kind, each held open
 * DEGREE  weak, semi, strong or default: the close degree of the file
 * CLOSED  what is closed, in this order: f(ile), g(roup), d(ataset), t(ype), a(ttribute); the rest
 *         stays open. A capital letter drops the id with H5Idec_ref, as h5py does. At an x the
 *         store loses the file: from then on nothing can be stored. At a w something is written to
 *         the dataset again, or else to the attribute
 * END     return, exit, H5close, or again: H5close, then the same file is opened for reading
 * FOLDER  where the store keeps the file
 * Says which closes failed. */
#include <ctype.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { length = 10000, part = 1000 };

static int fail(const char *what) {
  fprintf(stderr, "%s failed\n", what);
  return 1;
}

static hid_t access_list(const char *degree) {
  const H5F_close_degree_t all[] = {H5F_CLOSE_DEFAULT, H5F_CLOSE_WEAK, H5F_CLOSE_SEMI,
                                    H5F_CLOSE_STRONG};
  const char *names[] = {"default", "weak", "semi", "strong"};
  hid_t list = H5Pcreate(H5P_FILE_ACCESS);
  for (int i = 0; i < 4; i++) {
    if (strcmp(degree, names[i]) == 0) H5Pset_fclose_degree(list, all[i]);
  }
  return list;
}

/* Part of each chunk is written: the rest is still to be filled in when they are stored. */
static int write_some(hid_t set) {
  int values[part];
  const hsize_t start = 500, count = length - part, one = part;
  hid_t space = H5Dget_space(set), memory = H5Screate_simple(1, &one, NULL);
  int result = 0;
  for (int i = 0; i < part; i++) values[i] = i;
  for (hsize_t at = start; at < start + count; at += part) {
    H5Sselect_hyperslab(space, H5S_SELECT_SET, &at, NULL, &one, NULL);
    if (H5Dwrite(set, H5T_NATIVE_INT, memory, space, H5P_DEFAULT, values) < 0) result = -1;
  }
  H5Sclose(space), H5Sclose(memory);
  return result;
}

static hid_t new_dataset(hid_t file) {
  const hsize_t size = length, chunk = part;
  hid_t space = H5Screate_simple(1, &size, NULL), list = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(list, 1, &chunk);
  H5Pset_scaleoffset(list, H5Z_SO_INT, 0); /* a filter that libhdf5 runs */
  hid_t set = H5Dcreate2(file, "d", H5T_NATIVE_INT, space, H5P_DEFAULT, list, H5P_DEFAULT);
  H5Sclose(space), H5Pclose(list);
  return set;
}

/* The metadata object of a store in a directory cannot be put where a file lies in the way. */
static int put_out_of_reach(const char *folder) {
  char away[4096];
  snprintf(away, sizeof away, "%s.away", folder);
  FILE *file = NULL;
  if (rename(folder, away) != 0 || (file = fopen(folder, "w")) == NULL) return -1;
  return fclose(file);
}

int main(int argc, char **argv) {
  if (argc < 5) return fail("ends NAME DEGREE CLOSED END [FOLDER]");
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  hid_t list = access_list(argv[2]), space = H5Screate(H5S_SCALAR), ids[5];
  const char *kinds = "fgdta", *end = argv[4];
  ids[0] = H5Fcreate(argv[1], H5F_ACC_TRUNC, H5P_DEFAULT, list);
  ids[1] = H5Gcreate2(ids[0], "g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  ids[2] = new_dataset(ids[0]);
  ids[3] = H5Tcopy(H5T_NATIVE_INT);
  if (H5Tcommit2(ids[0], "t", ids[3], H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT) < 0) {
    return fail("H5Tcommit2");
  }
  ids[4] = H5Acreate2(ids[1], "a", H5T_NATIVE_INT, space, H5P_DEFAULT, H5P_DEFAULT);
  for (int i = 0; i < 5; i++) {
    if (ids[i] < 0) return fail("making the file");
  }
  H5Sclose(space);
  if (H5Fflush(ids[0], H5F_SCOPE_GLOBAL) < 0) return fail("H5Fflush");
  const int one = 1;
  if (write_some(ids[2]) < 0 || H5Awrite(ids[4], H5T_NATIVE_INT, &one) < 0) return fail("writing");
  for (const char *next = argv[3]; *next != '\0'; next++) {
    if (*next == 'x') {
      if (argc < 6 || put_out_of_reach(argv[5]) != 0) return fail("putting FOLDER out of reach");
      continue;
    }
    if (*next == 'w') {
      const int two = 2;
      if (write_some(ids[2]) < 0 && H5Awrite(ids[4], H5T_NATIVE_INT, &two) < 0) puts("w failed");
      continue;
    }
    const hid_t id = ids[strchr(kinds, tolower(*next)) - kinds];
    herr_t result = -1;
    switch (*next) {
      case 'f': result = H5Fclose(id); break;
      case 'g': result = H5Gclose(id); break;
      case 'd': result = H5Dclose(id); break;
      case 't': result = H5Tclose(id); break;
      case 'a': result = H5Aclose(id); break;
      default: result = H5Idec_ref(id); break;
    }
    if (result < 0) printf("%c failed\n", *next);
  }
  if (strcmp(end, "exit") == 0) exit(7);
  if (strcmp(end, "H5close") == 0 && H5close() < 0) return fail("H5close");
  if (strcmp(end, "again") == 0) {
    if (H5close() < 0) return fail("H5close");
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t again = H5Fopen(argv[1], H5F_ACC_RDONLY, H5P_DEFAULT);
    puts(again < 0 ? "not opened" : "opened");
  }
  return 7;
}
