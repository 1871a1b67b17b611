/* Half of the threads take one lock again and again, the others another one, each in a function of its own: both are always
 * waited for. Says "ready", works for a second from the first line of input on, says how often each lock was taken, and
 * ends with its input. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define EACH 3

static pthread_mutex_t rows = PTHREAD_MUTEX_INITIALIZER, totals = PTHREAD_MUTEX_INITIALIZER;
static atomic_long taken[2];
static atomic_int over;

__attribute__((noinline)) static void write_rows(void)
{
    pthread_mutex_lock(&rows); /* line 17 */
    taken[0]++;
    usleep(2000);
    pthread_mutex_unlock(&rows);
}

__attribute__((noinline)) static void add_totals(void)
{
    pthread_mutex_lock(&totals); /* line 25 */
    taken[1]++;
    usleep(3000);
    pthread_mutex_unlock(&totals);
}

static void *work(void *what)
{
    while (!over) {
        if (what)
            write_rows();
        else
            add_totals();
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[2 * EACH];
    puts("ready");
    fflush(stdout);
    while (getchar() != '\n')
        ;
    for (int at = 0; at < 2 * EACH; at++)
        pthread_create(&threads[at], NULL, work, at % 2 ? threads : NULL);
    sleep(1);
    over = 1;
    for (int at = 0; at < 2 * EACH; at++)
        pthread_join(threads[at], NULL);
    printf("%ld %ld\n", taken[0], taken[1]);
    fflush(stdout);
    while (getchar() != EOF)
        ;
    return 0;
}
