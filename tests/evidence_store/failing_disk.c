/* A disk that fails: loaded before libc, it lets the nth write, truncation or flush of a folder's files fail.
   It can also keep what was flushed, which is all that a power cut is sure to leave. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum how { REFUSED, PERSISTED, TORN, DEAD, KILLED, KILLED_TORN };

static char folder[PATH_MAX];
static char failed[PATH_MAX];
static char flushed[PATH_MAX];
static long calls, at;
static int how, code;

/* Fail call number `nth` from now on to a file below `below`, with this errno; 0: none, but count them. */
void disk_arm(const char *below, long nth, int how_, int code_)
{
    snprintf(folder, sizeof folder, "%s", below);
    failed[0] = 0;
    calls = 0, at = nth, how = how_, code = code_;
}

/* From now on copy each file to this folder as it is when it is flushed; "": do not. */
void disk_keep(const char *where) { snprintf(flushed, sizeof flushed, "%s", where); }

/* The call that failed and its file's name, empty if none did. */
const char *disk_failed(void) { return failed; }

/* The path of an open file below the folder; empty if it is elsewhere. */
static const char *below(int fd, char *path)
{
    char link[64];
    size_t length_of_folder = strlen(folder);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = folder[0] ? readlink(link, path, PATH_MAX - 1) : 0;
    path[length < 0 ? 0 : length] = 0;
    if (strncmp(path, folder, length_of_folder) != 0 || (path[length_of_folder] && path[length_of_folder] != '/'))
        path[0] = 0;
    return path;
}

/* Copy a file that was flushed, by its own descriptor: closing another one would drop the process's locks on it. */
static void keep(int fd)
{
    char path[PATH_MAX], copy[2 * PATH_MAX], data[65536];
    if (!flushed[0] || !below(fd, path)[0] || !path[strlen(folder)])
        return;
    snprintf(copy, sizeof copy, "%s/%s", flushed, strrchr(path, '/') + 1);
    int to = open(copy, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    off_t done = 0;
    for (ssize_t size; (size = pread(fd, data, sizeof data, done)) > 0; done += size)
        if (write(to, data, size) != size)
            break;
    close(to);
}

/* Whether this call is to fail: 0 no, 1 yes, 2 halfway. */
static int fails(int fd, const char *call)
{
    char path[PATH_MAX];
    if (!folder[0] || !below(fd, path)[0])
        return 0;
    calls++;
    if (at == 0 || calls < at || (calls > at && how != DEAD && !(how == TORN && calls == at + 1)))
        return 0;
    if (!failed[0])
        snprintf(failed, sizeof failed, "%s %.4000s", call, path + strlen(folder));
    if (how == KILLED)
        kill(getpid(), SIGKILL);
    return (how == TORN && calls == at) || how == KILLED_TORN ? 2 : 1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static ssize_t torn(ssize_t done)
{
    if (how == KILLED_TORN)
        kill(getpid(), SIGKILL);
    return done;
}

#define WRITES(name, parameters, all, half)                                                                            \
    ssize_t name parameters                                                                                            \
    {                                                                                                                  \
        int fault = fails(fd, #name);                                                                                  \
        if (fault == 2 && (size > 1 || how == KILLED_TORN))                                                            \
            return torn(NEXT(name) half);                                                                              \
        if (!fault || how == PERSISTED) {                                                                              \
            ssize_t done = NEXT(name) all;                                                                             \
            if (!fault)                                                                                                \
                return done;                                                                                           \
        }                                                                                                              \
        errno = code;                                                                                                  \
        return -1;                                                                                                     \
    }

WRITES(write, (int fd, const void *data, size_t size), (fd, data, size), (fd, data, size / 2))
WRITES(pwrite, (int fd, const void *data, size_t size, off_t to), (fd, data, size, to), (fd, data, size / 2, to))
WRITES(pwrite64, (int fd, const void *data, size_t size, off64_t to), (fd, data, size, to), (fd, data, size / 2, to))

#define WHOLE(name, parameters, all, after)                                                                            \
    int name parameters                                                                                                \
    {                                                                                                                  \
        int fault = fails(fd, #name);                                                                                  \
        if (fault == 2)                                                                                                \
            torn(0);                                                                                                   \
        if (!fault || how == PERSISTED) {                                                                              \
            int done = NEXT(name) all;                                                                                 \
            if (!fault) {                                                                                              \
                if (done == 0)                                                                                         \
                    after;                                                                                             \
                return done;                                                                                           \
            }                                                                                                          \
        }                                                                                                              \
        errno = code;                                                                                                  \
        return -1;                                                                                                     \
    }

WHOLE(fsync, (int fd), (fd), keep(fd))
WHOLE(fdatasync, (int fd), (fd), keep(fd))
WHOLE(ftruncate, (int fd, off_t size), (fd, size), (void)0)
WHOLE(ftruncate64, (int fd, off64_t size), (fd, size), (void)0)
