/* The floor of the bench: receives datagrams on 127.0.0.1:PORT and sends each, unchanged, to the other port of its pair.
   Usage: relay PORT CALLER CALLEE [CALLER CALLEE]... */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static uint16_t other[65536]; /* port of a sender => port its datagrams go to, both in network order */

int main(int count, char **argument) {
  static char datagram[65536];
  int size = 4194304;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_DGRAM, 0);

  if (count < 4) return 2;
  address.sin_port = htons(atoi(argument[1]));
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    perror("bind");
    return 1;
  }
  for (int i = 2; i + 1 < count; i += 2) {
    uint16_t caller = htons(atoi(argument[i])), callee = htons(atoi(argument[i + 1]));
    other[caller] = callee;
    other[callee] = caller;
  }
  for (;;) {
    socklen_t length = sizeof address;
    ssize_t bytes = recvfrom(fd, datagram, sizeof datagram, 0, (struct sockaddr *)&address, &length);
    if (bytes < 0 || other[address.sin_port] == 0) continue;
    address.sin_port = other[address.sin_port];
    sendto(fd, datagram, bytes, 0, (struct sockaddr *)&address, sizeof address);
  }
}
