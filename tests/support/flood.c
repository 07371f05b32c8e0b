/* Sends a bounded flood of UDP datagrams to 127.0.0.1:PORT, each from the next of SOURCES addresses from 127.16.0.1 on.
   Usage: flood PORT SOURCES RATE SECONDS < MESSAGE
   RATE is datagrams a second. Each "@@@@@@@@@@" in the message becomes the number of the datagram. Prints how many were sent. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_SIZE 65000
#define MAX_PLACES 16
#define DIGITS 10

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int count, char **argument) {
  static char message[MAX_SIZE];
  static char control[CMSG_SPACE(sizeof(struct in_pktinfo))];
  size_t places[MAX_PLACES], found = 0;

  if (count != 5) return 2;
  uint16_t port = atoi(argument[1]);
  uint32_t sources = atoi(argument[2]);
  double rate = atof(argument[3]), seconds = atof(argument[4]);
  if (port == 0 || sources < 1 || sources > 200000 || rate < 1 || rate > 200000 || seconds <= 0 || seconds > 120) return 2;
  struct iovec part = {.iov_base = message, .iov_len = fread(message, 1, MAX_SIZE, stdin)};
  for (size_t at = 0; at + DIGITS <= part.iov_len && found < MAX_PLACES; at++) {
    if (memcmp(message + at, "@@@@@@@@@@", DIGITS) == 0) places[found++] = at;
  }
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
  struct msghdr header = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &part, .msg_iovlen = 1,
                          .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *field = CMSG_FIRSTHDR(&header);
  field->cmsg_level = IPPROTO_IP;
  field->cmsg_type = IP_PKTINFO;
  field->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
  struct in_pktinfo *source = (struct in_pktinfo *)CMSG_DATA(field);
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  long sent = 0;
  double start = now();
  for (double time = 0; time < seconds; time = now() - start) {
    /* What could not be sent in time is left out. */
    for (int i = 0; sent < (long)(time * rate) && i < 1000; sent++, i++) {
      char digits[24];
      snprintf(digits, sizeof digits, "%010ld", sent % 10000000000L);
      for (size_t place = 0; place < found; place++) memcpy(message + places[place], digits, DIGITS);
      source->ipi_spec_dst.s_addr = htonl(0x7f100001 + sent % sources);
      sendmsg(fd, &header, 0);
    }
    usleep(500);
  }
  printf("%ld\n", sent);
  return 0;
}
