/* Lets calls of the system fail below one folder, by a plan that all processes of a server share and a test changes
 * while they run. To be loaded with LD_PRELOAD. FAULT_PLAN names the file of the plan, FAULT_FOLDER the folder.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { NONE, OPEN, READ, WRITE, SYNC, RENAME, CLOSE, UNLINK, MKDIR, TRUNCATE };

struct plan {
    atomic_uint kind; /* which calls; tests/torture/shim.py has the same order */
    atomic_int after; /* so many pass first */
    atomic_int times; /* and so many fail then */
    atomic_int error; /* the errno; 0: half of what was asked for is done, which is no error */
    atomic_int seen;  /* calls of this kind since the plan was made */
    atomic_int fired; /* of them made to fail */
};

static struct plan *plan;
static const char *folder;

__attribute__((constructor)) static void start(void) {
    const char *file = getenv("FAULT_PLAN");
    folder = getenv("FAULT_FOLDER");
    if (!file || !folder) return;
    int fd = syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    void *shared = mmap(NULL, sizeof(struct plan), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    if (shared != MAP_FAILED) plan = shared;
}

static int below(const char *path) { return strncmp(path, folder, strlen(folder)) == 0; }

static int descriptor_below(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return below(path);
}

static int now(void) {
    int number = atomic_fetch_add(&plan->seen, 1), after = plan->after;
    if (number < after || number - after >= plan->times) return 0;
    atomic_fetch_add(&plan->fired, 1);
    return 1;
}

static int fails_at(enum kind kind, const char *path) { return plan && plan->kind == kind && below(path) && now(); }

static int fails_on(enum kind kind, int fd) { return plan && plan->kind == kind && descriptor_below(fd) && now(); }

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define CALL(name, ...) ({ \
    static __typeof__(&name) real; \
    if (!real) real = REAL(name); \
    real(__VA_ARGS__); })
#define FAIL ({ errno = plan->error; -1; })

static mode_t mode_of(int flags, va_list rest) { return flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; }

#define OPENER(name, parameters, ...) \
    int name parameters { \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = mode_of(flags, rest); \
        va_end(rest); \
        return fails_at(OPEN, path) ? FAIL : CALL(name, __VA_ARGS__, mode); \
    }
OPENER(open, (const char *path, int flags, ...), path, flags)
OPENER(open64, (const char *path, int flags, ...), path, flags)
OPENER(openat, (int dir, const char *path, int flags, ...), dir, path, flags)
OPENER(openat64, (int dir, const char *path, int flags, ...), dir, path, flags)

/* Of several pieces, a short call does the first. */
#define MOVER(kind, name, parameters, count, less, ...) \
    ssize_t name parameters { \
        if (!fails_on(kind, fd)) return CALL(name, __VA_ARGS__); \
        if (plan->error) return FAIL; \
        count = less; \
        return CALL(name, __VA_ARGS__); \
    }
#define HALF (count > 1 ? count / 2 : count)
MOVER(READ, read, (int fd, void *data, size_t count), count, HALF, fd, data, count)
MOVER(READ, pread, (int fd, void *data, size_t count, off_t at), count, HALF, fd, data, count, at)
MOVER(READ, pread64, (int fd, void *data, size_t count, off64_t at), count, HALF, fd, data, count, at)
MOVER(READ, readv, (int fd, const struct iovec *data, int count), count, 1, fd, data, count)
MOVER(READ, preadv, (int fd, const struct iovec *data, int count, off_t at), count, 1, fd, data, count, at)
MOVER(READ, preadv64, (int fd, const struct iovec *data, int count, off64_t at), count, 1, fd, data, count, at)
MOVER(WRITE, write, (int fd, const void *data, size_t count), count, HALF, fd, data, count)
MOVER(WRITE, pwrite, (int fd, const void *data, size_t count, off_t at), count, HALF, fd, data, count, at)
MOVER(WRITE, pwrite64, (int fd, const void *data, size_t count, off64_t at), count, HALF, fd, data, count, at)
MOVER(WRITE, writev, (int fd, const struct iovec *data, int count), count, 1, fd, data, count)
MOVER(WRITE, pwritev, (int fd, const struct iovec *data, int count, off_t at), count, 1, fd, data, count, at)
MOVER(WRITE, pwritev64, (int fd, const struct iovec *data, int count, off64_t at), count, 1, fd, data, count, at)

int fsync(int fd) { return fails_on(SYNC, fd) ? FAIL : CALL(fsync, fd); }
int fdatasync(int fd) { return fails_on(SYNC, fd) ? FAIL : CALL(fdatasync, fd); }
int rename(const char *from, const char *to) { return fails_at(RENAME, to) ? FAIL : CALL(rename, from, to); }
int renameat(int a, const char *from, int b, const char *to) {
    return fails_at(RENAME, to) ? FAIL : CALL(renameat, a, from, b, to);
}
int unlink(const char *path) { return fails_at(UNLINK, path) ? FAIL : CALL(unlink, path); }
int unlinkat(int dir, const char *path, int flags) {
    return fails_at(UNLINK, path) ? FAIL : CALL(unlinkat, dir, path, flags);
}
int mkdir(const char *path, mode_t mode) { return fails_at(MKDIR, path) ? FAIL : CALL(mkdir, path, mode); }
int mkdirat(int dir, const char *path, mode_t mode) {
    return fails_at(MKDIR, path) ? FAIL : CALL(mkdirat, dir, path, mode);
}
int ftruncate(int fd, off_t size) { return fails_on(TRUNCATE, fd) ? FAIL : CALL(ftruncate, fd, size); }
int ftruncate64(int fd, off64_t size) { return fails_on(TRUNCATE, fd) ? FAIL : CALL(ftruncate64, fd, size); }

/* The descriptor is gone even so, as on Linux. */
int close(int fd) {
    int fails = fails_on(CLOSE, fd), result = CALL(close, fd);
    return fails ? FAIL : result;
}
