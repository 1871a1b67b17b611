/* Threads that fetch from a server, read a slice of a file of their own that they have mapped, round and round, and append a sum of each to another. */
#include "books.h"
#include "wire.h"
#include <pthread.h>

static long bytes, slices, stagger;

/* The file, durable, so that its pages can be dropped. It belongs to whoever wrote it: pages are charged to the group that first has them. */
static char *mapped(int worker) {
  char path[64], block[65536];
  snprintf(path, sizeof path, "data/in-%d", worker);
  int file = open(path, O_CREAT | O_RDWR, 0644);
  memset(block, worker + 1, sizeof block);
  for (long done = 0; done < bytes * slices; done += sizeof block)
    if (write(file, block, sizeof block) != sizeof block) exit(2);
  if (file < 0 || fsync(file)) exit(2);
  char *all = mmap(NULL, bytes * slices, PROT_READ, MAP_SHARED, file, 0);
  if (all == MAP_FAILED) exit(2);
  close(file);
  return all;
}

static uint64_t sum_of(const char *slice) {
  uint64_t sum = 0;
  for (long at = 0; at < bytes; at += 8) sum += *(const uint64_t *)(slice + at);
  return sum;
}

static void *work(void *argument) {
  int worker = (int)(long)argument;
  volatile uint64_t *page = page_of(worker);
  char path[64], *all = mapped(worker);
  snprintf(path, sizeof path, "data/out-%d", worker);
  int out = open(path, O_CREAT | O_WRONLY | O_APPEND, 0644), peer = connect_to(word("input"));
  pause_us(worker * stagger);
  enter(page, FETCH, 0);
  for (long item = 0;; item++) {
    get(peer, "/rows");
    enter(page, TRANSFORM, 0);
    uint64_t sum = sum_of(all + item % slices * bytes);
    enter(page, WRITE, 0);
    if (write(out, &sum, sizeof sum) != sizeof sum) exit(1);
    enter(page, FETCH, 1);
  }
  return NULL;
}

/* Joins the group whose list of members the setting names, before there is anything to account for. */
static void join(const char *members) {
  FILE *list = fopen(members, "w");
  if (!list || fprintf(list, "%d", getpid()) < 0 || fclose(list)) exit(2);
}

int main(void) {
  int workers = number("workers");
  bytes = number("bytes"), slices = number("slices"), stagger = number("stagger_us");
  alarm(number("seconds"));
  join(word("join"));
  for (long worker = 0; worker < workers; worker++) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, work, (void *)worker)) exit(2);
  }
  for (;;) pause();
}
