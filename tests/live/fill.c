/* Fills a ring buffer and counts what it did. Says "ready"; after a line of input it sends itself a byte and receives it, again
 * and again, and waits for a moment now and then. It tells that it is done by a byte of a shared file, which no tracer sees, and
 * spins until the other side, which empties the ring buffer meanwhile, sets that to 2. Only then does it print: calls, waits, and
 * the instants between which they were. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static long switches(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw + usage.ru_nivcsw;
}

/* An instant, and the number of switches up to it. */
static long long instant(long *count)
{
    struct timespec now;
    do {
        *count = switches();
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (*count != switches());
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

int main(int argc, char **argv)
{
    int pair[2], file = open(argv[1], O_RDWR);
    long pairs = atol(argv[2]), calls = 0;
    char byte = 'x', line[16];
    if (argc < 3 || file < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        return 1;
    volatile char *shared = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared == MAP_FAILED)
        return 1;
    puts("ready");
    fflush(stdout);
    if (read(0, line, sizeof line) <= 0)
        return 1;
    long before, after;
    long long from = instant(&before);
    for (long n = 0; n < pairs; n++) {
        if (write(pair[0], &byte, 1) != 1 || read(pair[1], &byte, 1) != 1)
            return 1;
        calls += 2;
        if (n % 50 == 0) {
            poll(NULL, 0, 1);
            calls++;
        }
    }
    *shared = 1;
    while (*shared != 2)
        ;
    long long until = instant(&after);
    printf("%ld %ld %lld %lld\n", calls, after - before, from, until);
    fflush(stdout);
    return read(0, line, sizeof line) < 0;
}
