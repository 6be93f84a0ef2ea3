// A check in a forked child.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

namespace arraymorph::test {

/// The child's wait status: 0 when `check` held there.
template <class Check>
int in_child(Check check) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(check() ? 0 : 1);
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

/// For a child of root's: makes it a user who has no other processes, not even those of a test that
/// runs beside this one.
inline bool become_another_user() {
  return ::setuid(static_cast<uid_t>(20000 + ::getpid() % 40000)) == 0;
}

}  // namespace arraymorph::test
