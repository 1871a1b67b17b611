/* Threads that fetch from a server, count what came, each in counters of its own, and append to a file of its own. The counters of all
 * threads lie side by side in memory, or far apart. */
#include <pthread.h>

#include "books.h"
#include "wire.h"

/* How many counters a cache line holds. */
enum { COUNTERS = 4, LINES = 64 };

static _Alignas(128) uint64_t counters[LINES * 16 * COUNTERS];

static const char *input;
static long rounds, bytes, apart;

static uint64_t *counter(int worker, int which) {
  return counters + (apart ? worker * 16 * COUNTERS + which * 16 : which * 16 + worker);
}

/* Counts rows; `noinline`, so that it has a name. */
__attribute__((noinline)) static void count(int worker) {
  for (long round = 0; round < rounds; round++)
    __atomic_fetch_add(counter(worker, round % COUNTERS), round, __ATOMIC_RELAXED);
}

static void *work(void *number_of) {
  int worker = (int)(intptr_t)number_of;
  volatile uint64_t *page = page_of(worker);
  int peer = connect_to(input);
  char *block = calloc(1, bytes), path[64];
  snprintf(path, sizeof path, "data/out-%d", worker);
  int out = open(path, O_CREAT | O_WRONLY | O_APPEND, 0644);
  enter(page, FETCH, 0);
  for (;;) {
    get(peer, "/rows");
    enter(page, TRANSFORM, 0);
    count(worker);
    enter(page, WRITE, 0);
    if (write(out, block, bytes) != bytes) exit(1);
    enter(page, FETCH, 1);
  }
}

int main(void) {
  long workers = number("workers");
  input = word("input"), rounds = number("rounds"), bytes = number("bytes"), apart = number("apart");
  alarm(number("seconds"));
  for (long worker = 0; worker < workers; worker++) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, work, (void *)worker)) exit(2);
  }
  for (;;) pause();
}
