// LD_PRELOAD: ends the process with SIGKILL at the k-th system call with which the plugin changes a
// directory or a file. KILL_AT=k (0: only count), KILL_HOW=before, half (of a write) or after.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_int counted;

int kill_at_count(void) { return counted; }

static void end(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

// The way this call is to end the process; empty: not at all. Python's own calls do not count.
static const char* strike(void* caller) {
  Dl_info info;
  if (!dladdr(caller, &info) || strstr(info.dli_fname, "libarraymorph") == NULL) return "";
  const char* at = getenv("KILL_AT");
  const char* how = getenv("KILL_HOW");
  if (at == NULL || how == NULL) return "";
  return ++counted == atoi(at) ? how : "";
}

#define STRIKE const char* const how = strike(__builtin_return_address(0))
#define REAL(name) static __typeof__(&name) real; if (real == NULL) real = dlsym(RTLD_NEXT, #name)
#define BEFORE if (strcmp(how, "before") == 0) end()
#define AFTER if (*how != '\0') end()
#define WRAP(name, parameters, arguments) \
  int name parameters {                   \
    STRIKE;                               \
    REAL(name);                           \
    BEFORE;                               \
    const int result = real arguments;    \
    AFTER;                                \
    return result;                        \
  }

WRAP(renameat, (int from, const char* old, int to, const char* name), (from, old, to, name))
WRAP(linkat, (int from, const char* old, int to, const char* name, int flags),
     (from, old, to, name, flags))
WRAP(unlinkat, (int directory, const char* name, int flags), (directory, name, flags))
WRAP(mkdirat, (int directory, const char* name, mode_t mode), (directory, name, mode))
WRAP(fsync, (int file), (file))

ssize_t write(int file, const void* bytes, size_t length) {
  STRIKE;
  REAL(write);
  BEFORE;
  const ssize_t result = real(file, bytes, strcmp(how, "half") == 0 ? length / 2 : length);
  AFTER;
  return result;
}

int openat(int directory, const char* name, int flags, ...) {
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0) {
    va_list more;
    va_start(more, flags);
    mode = va_arg(more, mode_t);
    va_end(more);
  }
  REAL(openat);
  if ((flags & O_CREAT) == 0) return real(directory, name, flags, mode);
  STRIKE;
  BEFORE;
  const int result = real(directory, name, flags, mode);
  AFTER;
  return result;
}
