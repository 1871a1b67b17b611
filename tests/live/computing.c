/* Computes in one function, and waits in a loop in another, until one has taken three times the CPU time of the other, by the thread's own clock, and three seconds
 * together. Says "ready", works from the first line of input on, says how many microseconds each took, and ends with its input. */
#include <stdio.h>
#include <time.h>

static volatile unsigned long sum;

static unsigned long cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1000000ul + now.tv_nsec / 1000;
}

__attribute__((noinline)) static unsigned long digest(void)
{
    unsigned long begin = cpu_us();
    for (int round = 0; round < 3000000; round++)
        sum += round;
    return cpu_us() - begin;
}

__attribute__((noinline)) static unsigned long spin(void)
{
    unsigned long begin = cpu_us();
    for (int round = 0; round < 200000; round++)
        __builtin_ia32_pause();
    return cpu_us() - begin;
}

int main(void)
{
    unsigned long took[2] = {0, 0};
    puts("ready");
    fflush(stdout);
    while (getchar() != '\n')
        ;
    while (took[0] + took[1] < 3000000) {
        if (took[0] < 3 * took[1])
            took[0] += digest();
        else
            took[1] += spin();
    }
    printf("%lu %lu\n", took[0], took[1]);
    fflush(stdout);
    while (getchar() != EOF)
        ;
    return 0;
}
