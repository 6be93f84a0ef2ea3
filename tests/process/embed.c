/* A C program with Python inside: embed MODE SCRIPT ARGUMENT...
 * MODE: finalize  Python is started, runs the script, is finalised; then main returns 7
 *       return    main returns 7 with Python still running
 *       exit      the script's Python calls exit(7) of the C library through ctypes
 *       twice     finalize, then a second interpreter that runs plain Python */
#include <Python.h>
#include <stdio.h>
#include <string.h>

static int start(int argc, char **argv) {
  PyConfig config;
  PyConfig_InitPythonConfig(&config);
  config.parse_argv = 0; /* sys.argv: MODE SCRIPT ARGUMENT... */
  PyStatus status = PyConfig_SetBytesArgv(&config, argc, argv);
  if (!PyStatus_Exception(status)) {
    status = Py_InitializeFromConfig(&config);
  }
  PyConfig_Clear(&config);
  return PyStatus_Exception(status) ? -1 : 0;
}

static int run(const char *path) {
  FILE *file = fopen(path, "r");
  if (file == NULL) {
    return -1;
  }
  return PyRun_SimpleFileEx(file, path, 1);
}

int main(int argc, char **argv) {
  if (argc < 3 || start(argc - 1, argv + 1) != 0 || run(argv[2]) != 0) {
    return 2;
  }
  if (strcmp(argv[1], "return") == 0) {
    return 7;
  }
  if (Py_FinalizeEx() != 0) {
    return 3;
  }
  if (strcmp(argv[1], "twice") == 0) {
    if (start(argc - 1, argv + 1) != 0 || PyRun_SimpleString("print(sum(range(4)))") != 0 ||
        Py_FinalizeEx() != 0) {
      return 4;
    }
  }
  return 7;
}
