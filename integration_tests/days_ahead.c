/* Moves the wall clock of a process DAYS_AHEAD days ahead; monotonic clocks, waits and files' times stay as they are.
 *
 *   cc -shared -fPIC -o build/days_ahead.so integration_tests/days_ahead.c -ldl
 *   DAYS_AHEAD=400 LD_PRELOAD=$PWD/build/days_ahead.so make test
 *
 * Debian's faketime keeps a file open in each process and shares one clock among them; tests that count open files fail under
 * it, and waits of many processes queue for that clock.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static time_t ahead(void) {
    const char *days = getenv("DAYS_AHEAD");
    return days ? atol(days) * 24 * 60 * 60 : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += ahead();
    return result;
}

int gettimeofday(struct timeval *now, void *zone) {
    struct timespec exact;
    int result = clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return result;
}

time_t time(time_t *now) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (now)
        *now = exact.tv_sec;
    return exact.tv_sec;
}

/* Python 3.10 waits until a time of the wall clock. */
int sem_timedwait(sem_t *semaphore, const struct timespec *until) {
    int (*real)(sem_t *, const struct timespec *) = dlsym(RTLD_NEXT, "sem_timedwait");
    struct timespec then = {until->tv_sec - ahead(), until->tv_nsec};
    return real(semaphore, &then);
}
