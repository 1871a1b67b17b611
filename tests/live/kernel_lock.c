/* Four threads change the protection of their own memory, which is under the one lock of their address space, for two seconds. Says "ready", begins with
 * the first line of input, says how many microseconds all of them together were in those calls, and how many of these on a CPU, and ends with its input. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { THREADS = 4, PAGES = 4000 };
static unsigned long inside[THREADS], on_cpu[THREADS];

static unsigned long us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000000ul + now.tv_nsec / 1000;
}

static void *protect(void *argument)
{
    long thread = (long)argument, size = PAGES * 4096l;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || madvise(memory, size, MADV_NOHUGEPAGE))
        exit(1);
    memset(memory, 1, size);
    unsigned long begin = us(CLOCK_MONOTONIC), cpu = us(CLOCK_THREAD_CPUTIME_ID);
    while (us(CLOCK_MONOTONIC) - begin < 2000000)
        if (mprotect(memory, size, PROT_READ) || mprotect(memory, size, PROT_READ | PROT_WRITE))
            exit(1);
    inside[thread] = us(CLOCK_MONOTONIC) - begin;
    on_cpu[thread] = us(CLOCK_THREAD_CPUTIME_ID) - cpu;
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    unsigned long all = 0, cpu = 0;
    puts("ready");
    fflush(stdout);
    while (getchar() != '\n')
        ;
    for (long thread = 0; thread < THREADS; thread++)
        pthread_create(&threads[thread], NULL, protect, (void *)thread);
    for (int thread = 0; thread < THREADS; thread++) {
        pthread_join(threads[thread], NULL);
        all += inside[thread];
        cpu += on_cpu[thread];
    }
    printf("%lu %lu\n", all, cpu);
    fflush(stdout);
    getchar();
    return 0;
}
