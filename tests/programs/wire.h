/* As much HTTP/1.1 as the workloads need. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

static int connect_to(const char *address) {
  char host[64];
  int port, one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || sscanf(address, "%63[^:]:%d", host, &port) != 2) exit(2);
  struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, host, &peer.sin_addr);
  if (connect(fd, (struct sockaddr *)&peer, sizeof peer)) exit(2);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

/* Gets `path` and gives the number of bytes of the reply's body; ends the process when the peer is gone. */
static long get(int fd, const char *path) {
  char text[65536];
  int length = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: peer\r\nContent-Length: 0\r\n\r\n", path);
  if (write(fd, text, length) != length) exit(1);
  for (long have = 0;;) {
    long more = read(fd, text + have, sizeof text - 1 - have);
    if (more <= 0) exit(1);
    have += more;
    text[have] = 0;
    char *end = strstr(text, "\r\n\r\n"), *field = strstr(text, "Content-Length: ");
    if (end && field) {
      long body = atol(field + 16);
      if (have >= end + 4 - text + body) return body;
    }
  }
}
