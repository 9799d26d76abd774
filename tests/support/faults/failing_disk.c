/* A disk that fails by order, loaded before the C library of a process (LD_PRELOAD).
 *
 * FAILING_DISK names a folder. In it:
 *   orders   lines "<number> <call> <what> <times> <part of the path>", read at each call; the first that fits holds
 *            call: sync (fsync, fdatasync) or write (write, pwrite)
 *            what: eio, enospc: fails so; lose: fails with EIO, and what was not synced never reaches the disk;
 *                  lie: says that it is done, and nothing reaches the disk; slow-<ms>: is done, but later
 *            times: how often in this process; 0: always
 *            Whoever else has the file open by then is told with the next sync, once, as Linux does: what was lost
 *            may be what he wrote. That is not counted.
 *   told     a line for each order that was carried out: nanoseconds (monotonic), process, call, what, path
 *   disk/    what a power cut would leave of the files below FAILING_DISK_SHADOW, if that is set: pages get here with
 *            a sync that succeeds, and the length of the file too. Names are there at once.
 * One process at a time writes the files that are shadowed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define FILES 64
#define ORDERS 256
#define DESCRIPTORS 4096

typedef ssize_t (*write_call)(int, const void *, size_t);
typedef ssize_t (*pwrite_call)(int, const void *, size_t, off_t);
typedef int (*sync_call)(int);
typedef int (*close_call)(int);
typedef int (*unlink_call)(const char *);

struct shadow {
  char name[NAME_MAX + 1];
  unsigned char *dirty;
  size_t pages;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int carried_out[ORDERS];
static struct shadow shadows[FILES];
static char untold[DESCRIPTORS];
static __thread int inside;

static write_call real_write;
static pwrite_call real_pwrite;
static sync_call real_fsync, real_fdatasync;
static close_call real_close;
static unlink_call real_unlink;

__attribute__((constructor)) static void begin(void) {
  real_write = (write_call)dlsym(RTLD_NEXT, "write");
  real_pwrite = (pwrite_call)dlsym(RTLD_NEXT, "pwrite64");
  real_fsync = (sync_call)dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = (sync_call)dlsym(RTLD_NEXT, "fdatasync");
  real_close = (close_call)dlsym(RTLD_NEXT, "close");
  real_unlink = (unlink_call)dlsym(RTLD_NEXT, "unlink");
}

static const char *folder(void) { return getenv("FAILING_DISK"); }

static int path_of(int fd, char *path, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, size - 1);
  if (length <= 0 || path[0] != '/') return 0;
  path[length] = 0;
  return 1;
}

static void tell(const char *call, const char *what, const char *path) {
  char file[PATH_MAX], line[PATH_MAX + 128];
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  snprintf(file, sizeof file, "%s/told", folder());
  int length = snprintf(line, sizeof line, "%lld %d %s %s %s\n", now.tv_sec * 1000000000LL + now.tv_nsec,
                        (int)getpid(), call, what, path);
  int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return;
  if (real_write(fd, line, (size_t)length) < 0) perror("failing disk");
  close(fd);
}

/* What is ordered for this call on this file; empty when nothing is. */
static void ordered(const char *call, const char *path, char *what, size_t size) {
  char file[PATH_MAX], text[8192], own[16], it[32], part[512];
  what[0] = 0;
  snprintf(file, sizeof file, "%s/orders", folder());
  int fd = open(file, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return;
  text[length] = 0;
  char *rest = text, *line;
  while ((line = strsep(&rest, "\n")) != NULL) {
    int number, times;
    if (sscanf(line, "%d %15s %31s %d %511s", &number, own, it, &times, part) != 5) continue;
    if (strcmp(own, call) || !strstr(path, part) || number < 0 || number >= ORDERS) continue;
    pthread_mutex_lock(&lock);
    int due = times == 0 || carried_out[number] < times;
    carried_out[number] += due;
    pthread_mutex_unlock(&lock);
    if (!due) continue;
    snprintf(what, size, "%s", it);
    tell(call, what, path);
    return;
  }
}

static void wait_ms(const char *what) {
  long ms = atol(what + strlen("slow-"));
  struct timespec pause = {ms / 1000, ms % 1000 * 1000000L};
  nanosleep(&pause, NULL);
}

/* --- who has to be told of a failed sync ------------------------------------------------------------------- */

static void tell_others(int fd, const char *path) {
  char other[PATH_MAX];
  for (int one = 0; one < DESCRIPTORS; one++)
    if (one != fd && path_of(one, other, sizeof other) && !strcmp(other, path)) untold[one] = 1;
}

static int was_untold(int fd) {
  if (fd < 0 || fd >= DESCRIPTORS || !untold[fd]) return 0;
  untold[fd] = 0;
  return 1;
}

/* --- what a power cut would leave ------------------------------------------------------------------------- */

static struct shadow *shadow_of(const char *path) {
  const char *below = getenv("FAILING_DISK_SHADOW"), *name = strrchr(path, '/') + 1;
  size_t length = below ? strlen(below) : 0;
  if (!below || strncmp(path, below, length) || strstr(path, "-shm")) return NULL;
  for (int at = 0; at < FILES; at++) {
    if (!strcmp(shadows[at].name, name)) return &shadows[at];
    if (!shadows[at].name[0]) {
      snprintf(shadows[at].name, sizeof shadows[at].name, "%s", name);
      return &shadows[at];
    }
  }
  return NULL;
}

static int disk_file(const struct shadow *one) {
  char file[PATH_MAX];
  snprintf(file, sizeof file, "%s/disk/%s", folder(), one->name);
  return open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

/* A file that is seen for the first time is on the disk as it is. */
static void first_seen(const struct shadow *one, const char *path) {
  char file[PATH_MAX], bytes[65536];
  snprintf(file, sizeof file, "%s/disk/%s", folder(), one->name);
  if (access(file, F_OK) == 0) return;
  int from = open(path, O_RDONLY | O_CLOEXEC), to = disk_file(one);
  ssize_t length;
  while (from >= 0 && to >= 0 && (length = read(from, bytes, sizeof bytes)) > 0)
    if (real_write(to, bytes, (size_t)length) < 0) perror("failing disk");
  if (from >= 0) close(from);
  if (to >= 0) close(to);
}

static void dirty(struct shadow *one, off_t at, size_t length) {
  size_t last = (size_t)(at + (off_t)length) / PAGE + 1;
  if (last > one->pages) {
    one->dirty = realloc(one->dirty, last);
    memset(one->dirty + one->pages, 0, last - one->pages);
    one->pages = last;
  }
  for (size_t page = (size_t)at / PAGE; length && page <= ((size_t)at + length - 1) / PAGE; page++) one->dirty[page] = 1;
}

static void clean(struct shadow *one) {
  if (one->pages) memset(one->dirty, 0, one->pages);
}

static void reach_disk(struct shadow *one, int fd) {
  char path[PATH_MAX], page_bytes[PAGE];
  struct stat now;
  int to = disk_file(one), from = path_of(fd, path, sizeof path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  for (size_t page = 0; to >= 0 && from >= 0 && page < one->pages; page++) {
    if (!one->dirty[page]) continue;
    ssize_t length = pread(from, page_bytes, PAGE, (off_t)page * PAGE);
    if (length > 0 && real_pwrite(to, page_bytes, (size_t)length, (off_t)page * PAGE) < 0) perror("failing disk");
  }
  if (to >= 0 && fstat(fd, &now) == 0 && ftruncate(to, now.st_size)) perror("failing disk");
  if (from >= 0) close(from);
  if (to >= 0) close(to);
  clean(one);
}

/* --- the calls -------------------------------------------------------------------------------------------- */

static int synced(int fd, sync_call real) {
  char path[PATH_MAX], what[32];
  if (inside || !folder() || !path_of(fd, path, sizeof path)) return real(fd);
  if (was_untold(fd)) {
    errno = EIO;
    return -1;
  }
  inside = 1;
  ordered("sync", path, what, sizeof what);
  if (!strncmp(what, "slow-", 5)) wait_ms(what);
  pthread_mutex_lock(&lock);
  struct shadow *one = shadow_of(path);
  if (one) first_seen(one, path);
  int failed = !strcmp(what, "eio") || !strcmp(what, "lose") || !strcmp(what, "enospc"), result = 0;
  if (failed) tell_others(fd, path);
  if (one && (!strcmp(what, "lose") || !strcmp(what, "lie"))) clean(one);
  if (!failed && strcmp(what, "lie")) {
    result = real(fd);
    if (one && result == 0) reach_disk(one, fd);
  }
  pthread_mutex_unlock(&lock);
  inside = 0;
  if (!failed) return result;
  errno = !strcmp(what, "enospc") ? ENOSPC : EIO;
  return -1;
}

int fsync(int fd) { return synced(fd, real_fsync); }
int fdatasync(int fd) { return synced(fd, real_fdatasync); }

int close(int fd) {
  was_untold(fd);
  return real_close ? real_close(fd) : ((close_call)dlsym(RTLD_NEXT, "close"))(fd);
}

/* Whether the call fails by order; it sets errno. */
static int fails(int fd, off_t at, size_t length) {
  char path[PATH_MAX], what[32];
  if (!path_of(fd, path, sizeof path)) return 0;
  inside = 1;
  ordered("write", path, what, sizeof what);
  if (!strncmp(what, "slow-", 5)) wait_ms(what);
  int failed = !strcmp(what, "eio") || !strcmp(what, "enospc");
  if (!failed) {
    pthread_mutex_lock(&lock);
    struct shadow *one = shadow_of(path);
    if (one) {
      first_seen(one, path);
      dirty(one, at >= 0 ? at : lseek(fd, 0, SEEK_CUR), length);
    }
    pthread_mutex_unlock(&lock);
  }
  inside = 0;
  if (failed) errno = !strcmp(what, "enospc") ? ENOSPC : EIO;
  return failed;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  if (!inside && folder() && fails(fd, -1, length)) return -1;
  return real_write(fd, bytes, length);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) {
  if (!inside && folder() && fails(fd, at, length)) return -1;
  return real_pwrite(fd, bytes, length, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return pwrite64(fd, bytes, length, at); }

int unlink(const char *path) {
  int result = real_unlink(path);
  if (result == 0 && !inside && folder() && path[0] == '/') {
    pthread_mutex_lock(&lock);
    struct shadow *one = shadow_of(path);
    if (one) {
      char file[PATH_MAX];
      snprintf(file, sizeof file, "%s/disk/%s", folder(), one->name);
      real_unlink(file);
      clean(one);
    }
    pthread_mutex_unlock(&lock);
  }
  return result;
}
