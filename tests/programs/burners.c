/* Processes that fetch from a server, compute for long, and append each to a file of its own. */
#include "books.h"
#include "wire.h"

static void work(int worker) {
  volatile uint64_t *page = page_of(worker);
  int peer = connect_to(word("input"));
  long rounds = number("rounds"), bytes = number("bytes");
  char *block = calloc(1, bytes), path[64];
  snprintf(path, sizeof path, "data/out-%d", worker);
  int out = open(path, O_CREAT | O_WRONLY | O_APPEND, 0644);
  alarm(number("seconds"));
  enter(page, FETCH, 0);
  for (;;) {
    long got = get(peer, "/rows");
    enter(page, TRANSFORM, 0);
    block[0] = (char)compute(got, rounds);
    enter(page, WRITE, 0);
    if (write(out, block, bytes) != bytes) exit(1);
    enter(page, FETCH, 1);
  }
}

int main(void) {
  int workers = number("workers");
  alarm(number("seconds"));
  for (int worker = 0; worker < workers; worker++)
    if (fork() == 0) work(worker);
  for (;;) pause();
}
