/* Processes that fetch from a server, compute, and write under one lock in shared memory. */
#include <pthread.h>

#include "books.h"
#include "wire.h"

static __attribute__((noinline)) void append_block(pthread_mutex_t *lock, int out, const char *block, long bytes, long held_us) {
  pthread_mutex_lock(lock);
  if (write(out, block, bytes) != bytes) exit(1);
  pause_us(held_us);
  pthread_mutex_unlock(lock);
}

static void work(int worker, pthread_mutex_t *lock, int out) {
  volatile uint64_t *page = page_of(worker);
  int peer = connect_to(word("input"));
  long rounds = number("rounds"), bytes = number("bytes"), held_us = number("held_us");
  char *block = calloc(1, bytes);
  alarm(number("seconds"));
  pause_us(number("stagger_us") * worker);
  enter(page, FETCH, 0);
  for (;;) {
    long got = get(peer, "/rows");
    enter(page, TRANSFORM, 0);
    block[0] = (char)compute(got, rounds);
    enter(page, WRITE, 0);
    append_block(lock, out, block, bytes, held_us);
    enter(page, FETCH, 1);
  }
}

int main(void) {
  pthread_mutexattr_t attributes;
  pthread_mutex_t *lock = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int workers = number("workers"), out = open("data/out", O_CREAT | O_WRONLY | O_APPEND, 0644);
  if (lock == MAP_FAILED || out < 0) return 2;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutex_init(lock, &attributes);
  alarm(number("seconds"));
  for (int worker = 0; worker < workers; worker++)
    if (fork() == 0) work(worker, lock, out);
  for (;;) pause();
}
