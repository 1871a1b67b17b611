/* Threads that fetch from a server, change the protection of their own memory again and again, and append each to a file of its own. */
#include "books.h"
#include "wire.h"
#include <pthread.h>

static long pages, turns, bytes, stagger;

/* Writes to all pages and makes them read-only and writable again, page by page: each change goes through the one lock of the address space. */
static void protect(char *memory) {
  long page = sysconf(_SC_PAGESIZE);
  for (long turn = 0; turn < turns; turn++) {
    if (mprotect(memory, pages * page, PROT_READ)) exit(1);
    if (mprotect(memory, pages * page, PROT_READ | PROT_WRITE)) exit(1);
  }
}

static void *work(void *argument) {
  int worker = (int)(long)argument;
  volatile uint64_t *page = page_of(worker);
  long size = pages * sysconf(_SC_PAGESIZE);
  char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || madvise(memory, size, MADV_NOHUGEPAGE)) exit(2);
  memset(memory, 1, size);
  char *block = calloc(1, bytes), path[64];
  snprintf(path, sizeof path, "data/out-%d", worker);
  int out = open(path, O_CREAT | O_WRONLY | O_APPEND, 0644), peer = connect_to(word("input"));
  pause_us(worker * stagger);
  enter(page, FETCH, 0);
  for (;;) {
    get(peer, "/rows");
    enter(page, TRANSFORM, 0);
    protect(memory);
    enter(page, WRITE, 0);
    if (write(out, block, bytes) != bytes) exit(1);
    enter(page, FETCH, 1);
  }
  return NULL;
}

int main(void) {
  int workers = number("workers");
  pages = number("pages"), turns = number("turns"), bytes = number("bytes"), stagger = number("stagger_us");
  alarm(number("seconds"));
  for (long worker = 0; worker < workers; worker++) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, work, (void *)worker)) exit(2);
  }
  for (;;) pause();
}
