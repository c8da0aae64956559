/* One connection to a port of the pod, spoken over standard input and output: for port-forward and proxy.
 *
 *   pause connect
 *
 * reads from its input frames of four bytes of length (big-endian) and so many bytes. The first frame is the port in
 * decimal: it may come long after the start. The others are for the connection; an empty one ends our side of it. The end
 * of the input means that nobody listens any more. What the connection says is the output. Two processes, so that neither
 * direction waits for the other. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char buffer[65536];

static void over(int signal) {
    (void)signal;
    _exit(0);
}

static int read_all(void *to, size_t wanted) {
    for (size_t had = 0; had < wanted;) {
        ssize_t got = read(STDIN_FILENO, (char *)to + had, wanted - had);
        if (got <= 0)
            return 0;
        had += got;
    }
    return 1;
}

static int write_all(int fd, const char *from, size_t wanted) {
    for (size_t had = 0; had < wanted;) {
        ssize_t put = write(fd, from + had, wanted - had);
        if (put <= 0)
            return 0;
        had += put;
    }
    return 1;
}

/* The length of the next frame; -1 at the end of the input. */
static int64_t read_length(void) {
    uint32_t length;
    return read_all(&length, sizeof length) ? ntohl(length) : -1;
}

/* What the kernel said, in the small letters that Kubernetes writes. */
static const char *lower(char *to, size_t size, int reason) {
    snprintf(to, size, "%s", strerror(reason));
    *to = tolower(*to);
    return to;
}

static int dial(int port) {
    char first[64], second[64];
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&four, sizeof four) == 0)
        return fd;
    int why = errno;
    close(fd);
    fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&six, sizeof six) == 0)
        return fd;
    fprintf(stderr, "IPv4: dial tcp4 127.0.0.1:%d: connect: %s IPv6: dial tcp6 [::1]:%d: connect: %s", port,
            lower(first, sizeof first, why), port, lower(second, sizeof second, errno));
    exit(1);
}

static void send_frames(int connection) {
    int open = 1;
    for (int64_t left; (left = read_length()) >= 0;) {
        if (left == 0)
            shutdown(connection, SHUT_WR);
        while (left > 0) {
            size_t part = left < (int64_t)sizeof buffer ? (size_t)left : sizeof buffer;
            if (!read_all(buffer, part))
                return;
            open = open && write_all(connection, buffer, part); /* what it no longer reads is dropped */
            left -= part;
        }
    }
}

int connect_main(void) {
    int64_t length = read_length();
    char port[8] = "";
    if (length < 0 || length >= (int64_t)sizeof port || !read_all(port, length))
        return 0;
    int connection = dial(atoi(port));
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, over);
    pid_t reader = fork();
    if (reader < 0)
        return 1;
    if (reader == 0) {
        ssize_t got;
        while ((got = read(connection, buffer, sizeof buffer)) > 0 && write_all(STDOUT_FILENO, buffer, got))
            ;
        _exit(0);
    }
    send_frames(connection);
    signal(SIGCHLD, SIG_IGN);
    kill(reader, SIGKILL);
    return 0;
}
