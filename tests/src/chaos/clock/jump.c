/* The wall clock of a process, moved by as many nanoseconds as a file says that may change at any time. Loaded with LD_PRELOAD.
 *
 * Waits until a point in time are part of it: a kernel whose clock is set back keeps those waiting that much longer. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL
/* How often a wait looks whether the clock has jumped. A signal that comes just while it looks is lost on it, so one that cannot
 * end for it looks rarely. */
#define LOOK (SECOND / 20)
#define LOOK_RARELY (2 * SECOND)

static int64_t none;
static volatile int64_t *offset = &none;

__attribute__((constructor)) static void begin(void) {
    const char *name = getenv("CLOCK_OFFSET_FILE");
    int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *page = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
    if (page != MAP_FAILED) offset = page;
    close(file);
}

static int64_t now(clockid_t clock) {
    struct timespec time;
    syscall(SYS_clock_gettime, clock, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

static int64_t moved(void) { return now(CLOCK_REALTIME) + *offset; }

static struct timespec split(int64_t nanoseconds) {
    struct timespec time = {nanoseconds / SECOND, nanoseconds % SECOND};
    return time;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE) return syscall(SYS_clock_gettime, clock, time);
    *time = split(moved());
    return 0;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    (void)zone;
    struct timespec exact = split(moved());
    time->tv_sec = exact.tv_sec;
    time->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *into) {
    time_t seconds = moved() / SECOND;
    if (into) *into = seconds;
    return seconds;
}

int timespec_get(struct timespec *time, int base) {
    if (base != TIME_UTC) return 0;
    *time = split(moved());
    return base;
}

/* A wait that lasts past a look ends as if it had been woken without cause, which all who wait have to expect. If the clock has been
 * set back since it began it goes on, as a kernel's would. */
int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until) {
    int64_t at_first = *offset;
    for (;;) {
        int64_t left = until->tv_sec * SECOND + until->tv_nsec - moved();
        if (left <= 0) return ETIMEDOUT;
        int64_t look = *offset < at_first ? LOOK_RARELY : LOOK;
        struct timespec end = split(now(CLOCK_MONOTONIC) + (left < look ? left : look));
        int result = pthread_cond_clockwait(condition, mutex, CLOCK_MONOTONIC, &end);
        if (result != ETIMEDOUT) return result;
        if (left > look && *offset == at_first) return 0;
    }
}

/* C's own names for the same: in glibc they are the same objects. */
int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict until) {
    int result = pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until);
    return result == 0 ? thrd_success : result == ETIMEDOUT ? thrd_timedout : thrd_error;
}
