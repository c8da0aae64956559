/* A web server of one page: which pod answers, which version, how many requests it has had.
 *
 * Environment: VERSION (set in the image), POD_NAME (else the host name), PORT (8080), GREETING (optional, shown),
 * ROOT (such as /cart: the page is there and below it, too, for an Ingress that passes paths on as they are),
 * READY_AFTER and FAIL_AFTER (seconds after the start; from then on /ready is well, /healthz is not).
 * Paths: / the page (HTML for a browser, one line of text otherwise), /healthz, /ready; /break makes /healthz fail,
 * /unready makes /ready fail, /recover mends both, /slow answers after SLOW seconds and nobody else before. One line is logged at the start, for each
 * request, and every HEARTBEAT seconds, so that a followed log shows life. SIGTERM ends it with 0 after the request in hand. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { HEARTBEAT = 5, SLOW = 5 };

static const char *COLOURS[] = {"#326ce5", "#18794e", "#9c3fc4", "#b45309"};
static volatile sig_atomic_t ending;
static const char *version, *pod, *greeting, *root;
static unsigned long requests;
static time_t ready_at, fails_at; /* fails_at 0: never */
static int broken, unready;

static void end(int signal) {
    (void)signal;
    ending = 1;
}

static const char *setting(const char *name, const char *otherwise) {
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

static int listen_on(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = INADDR_ANY};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 128)) {
        fprintf(stderr, "demo: cannot listen on port %d: %s\n", port, strerror(errno));
        exit(1);
    }
    return fd;
}

static int page(char *body, size_t size, int html) {
    if (!html)
        return snprintf(body, size, "%s version %s, pod %s, request %lu\n", greeting, version, pod, requests);
    const char *colour = COLOURS[(unsigned)atoi(version) % (sizeof COLOURS / sizeof *COLOURS)];
    return snprintf(body, size,
                    "<!doctype html><meta charset=utf-8><title>demo %s</title><style>body{font:24px system-ui;margin:15vh auto;"
                    "width:max-content;border-left:12px solid %s;padding-left:1em}code{color:%s}</style>"
                    "<h1>%s</h1><p>version <code>%s</code></p><p>pod <code>%s</code></p><p>request <code>%lu</code></p>\n",
                    version, colour, colour, greeting, version, pod, requests);
}

/* Whether the page is at that path: at /, and at ROOT and below it. */
static int is_page(const char *path) {
    size_t length = strlen(root);
    return !strcmp(path, "/") || !strncmp(path, "/?", 2) ||
           (length && !strncmp(path, root, length) && (!path[length] || strchr("/?", path[length])));
}

/* What a path that is not the page says, and the status; NULL for a path there is not. */
static const char *other(const char *path, const char **status) {
    int well = 1;
    if (!strcmp(path, "/healthz"))
        well = !broken && !(fails_at && time(NULL) >= fails_at);
    else if (!strcmp(path, "/ready"))
        well = !unready && time(NULL) >= ready_at;
    else if (!strcmp(path, "/break"))
        broken = 1;
    else if (!strcmp(path, "/unready"))
        unready = 1;
    else if (!strcmp(path, "/recover"))
        broken = unready = 0, fails_at = 0;
    else if (!strcmp(path, "/slow"))
        sleep(SLOW);
    else {
        *status = "404 Not Found";
        return "not found\n";
    }
    *status = well ? "200 OK" : strcmp(path, "/ready") ? "500 Internal Server Error" : "503 Service Unavailable";
    return well ? "ok\n" : "not well\n";
}

/* Reads the head of a request into `head`; returns its length, 0 if the peer sent nothing usable. */
static size_t read_head(int fd, char *head, size_t size) {
    size_t length = 0;
    while (length < size - 1) {
        ssize_t got = read(fd, head + length, size - 1 - length);
        if (got <= 0)
            return 0;
        head[length += (size_t)got] = 0;
        if (strstr(head, "\r\n\r\n"))
            return length;
    }
    return 0;
}

static void answer(int fd, struct sockaddr_in peer) {
    char head[8192], body[2048], out[4096], address[INET_ADDRSTRLEN] = "?";
    char method[16] = "", path[256] = "";
    struct timeval patience = {.tv_sec = 2};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (!read_head(fd, head, sizeof head) || sscanf(head, "%15s %255s", method, path) != 2)
        return;
    inet_ntop(AF_INET, &peer.sin_addr, address, sizeof address);
    int probe = !strcmp(path, "/healthz") || !strcmp(path, "/ready"), main = is_page(path);
    int html = main && strstr(head, "text/html") != NULL, length;
    const char *status = "200 OK";
    if (main)
        requests++;
    length = main ? page(body, sizeof body, html) : snprintf(body, sizeof body, "%s", other(path, &status));
    if (length >= (int)sizeof body)
        length = sizeof body - 1;
    int total = snprintf(out, sizeof out,
                         "HTTP/1.1 %s\r\nContent-Type: %s; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%.*s",
                         status, html ? "text/html" : "text/plain", length,
                         strcmp(method, "HEAD") ? length : 0, body);
    ssize_t sent = write(fd, out, (size_t)total);
    if (!probe)
        printf("request %lu: %s %s from %s -> %.3s%s\n", requests, method, path, address, status,
               sent == total ? "" : " (cut short)");
}

int main(void) {
    char host[256] = "localhost";
    gethostname(host, sizeof host - 1);
    version = setting("VERSION", "1");
    pod = setting("POD_NAME", host);
    greeting = setting("GREETING", "Hello from Minikweb");
    root = setting("ROOT", "");
    int port = atoi(setting("PORT", "8080"));
    ready_at = time(NULL) + atoi(setting("READY_AFTER", "0"));
    fails_at = getenv("FAIL_AFTER") ? time(NULL) + atoi(getenv("FAIL_AFTER")) : 0;
    struct sigaction on_end = {.sa_handler = end};
    sigaction(SIGTERM, &on_end, NULL);
    sigaction(SIGINT, &on_end, NULL);
    signal(SIGCHLD, SIG_IGN); /* process 1 buries what `kubectl exec` leaves */
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    int fd = listen_on(port);
    printf("demo version %s started in pod %s, listening on port %d\n", version, pod, port);
    time_t beat = time(NULL) + HEARTBEAT;
    while (!ending) {
        time_t left = beat - time(NULL);
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        if (left > 0 && poll(&waiting, 1, (int)left * 1000) > 0) {
            struct sockaddr_in peer;
            socklen_t size = sizeof peer;
            int connection = accept(fd, (struct sockaddr *)&peer, &size);
            if (connection >= 0) {
                answer(connection, peer);
                close(connection);
            }
        }
        if (time(NULL) >= beat) {
            printf("version %s alive, %lu requests so far\n", version, requests);
            beat = time(NULL) + HEARTBEAT;
        }
    }
    printf("SIGTERM received: goodbye after %lu requests\n", requests);
    return 0;
}
