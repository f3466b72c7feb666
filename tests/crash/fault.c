/* Loaded before libc: calls fail while a file says so. "28 3" lets about one call in three fail with
 * error 28; "0 1" none. EMFILE (24) concerns what opens something, the others what writes to disk. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int control = -1;
static unsigned state = 1;

__attribute__((constructor)) static void begin(void) {
  int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
  control = real(getenv("FAULT_FILE"), O_RDONLY | O_CLOEXEC);
}

static int fails(int opens) {
  char text[32] = {0};
  int error = 0;
  unsigned one_in = 1;
  ssize_t (*real)(int, void *, size_t, off_t) = dlsym(RTLD_NEXT, "pread");
  if (control < 0 || real(control, text, sizeof text - 1, 0) <= 0) return 0;
  if (sscanf(text, "%d %u", &error, &one_in) != 2 || error == 0) return 0;
  if ((error == EMFILE) != opens) return 0;
  unsigned next = __atomic_add_fetch(&state, 2654435761u, __ATOMIC_RELAXED);
  if ((next >> 16) % one_in != 0) return 0;
  errno = error;
  return 1;
}

#define DISK(result, name, parameters, ...)                                                          \
  result name parameters {                                                                           \
    result(*real) parameters = dlsym(RTLD_NEXT, #name);                                              \
    return fails(0) ? -1 : real(__VA_ARGS__);                                                        \
  }

DISK(ssize_t, pwrite, (int fd, const void *bytes, size_t count, off_t at), fd, bytes, count, at)
DISK(ssize_t, pwrite64, (int fd, const void *bytes, size_t count, off64_t at), fd, bytes, count, at)
DISK(int, fsync, (int fd), fd)
DISK(int, fdatasync, (int fd), fd)

#define OPEN(name)                                                                                   \
  int name(const char *path, int flags, ...) {                                                       \
    int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, #name);                                   \
    va_list rest;                                                                                    \
    va_start(rest, flags);                                                                           \
    int mode = va_arg(rest, int);                                                                    \
    va_end(rest);                                                                                    \
    return fails(1) ? -1 : real(path, flags, mode);                                                  \
  }

OPEN(open)
OPEN(open64)

int socket(int domain, int type, int protocol) {
  int (*real)(int, int, int) = dlsym(RTLD_NEXT, "socket");
  return fails(1) ? -1 : real(domain, type, protocol);
}

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
  int (*real)(int, struct sockaddr *, socklen_t *, int) = dlsym(RTLD_NEXT, "accept4");
  return fails(1) ? -1 : real(fd, address, length, flags);
}
