/* Does nothing, well: waits, buries the processes its pod orphans, and ends at once on SIGTERM or SIGINT.
 * Without the handler the kernel would ignore SIGTERM for process 1, and each stop would last its whole grace. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int connect_main(void); /* connect.c */

static void end(int signal) {
    (void)signal;
    _exit(0);
}

static void bury(int signal) {
    (void)signal;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "connect") == 0)
        return connect_main();
    struct sigaction on_end = {.sa_handler = end};
    struct sigaction on_child = {.sa_handler = bury, .sa_flags = SA_NOCLDSTOP | SA_RESTART};
    if (sigaction(SIGTERM, &on_end, NULL) || sigaction(SIGINT, &on_end, NULL) || sigaction(SIGCHLD, &on_child, NULL)) {
        perror("pause");
        return 1;
    }
    for (;;)
        pause();
}
