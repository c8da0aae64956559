/* Does nothing, well: waits, buries the processes its pod orphans, and ends at once on SIGTERM or SIGINT.
 * Without the handler the kernel would ignore SIGTERM for process 1, and each stop would last its whole grace.
 *
 *   pause offlink 10.244.0.11 ["nameserver 10.96.0.10 ..."]
 *
 * first sends all of the pod's traffic through its node, also what would find its way on the bridge: so every packet
 * crosses the rules of its node. Then it writes the pod's resolv.conf and gives up every privilege but that to
 * give files to a group. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <net/route.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEVICE "eth0"

int connect_main(void); /* connect.c */
void serve_files(void); /* files.c */

static void end(int signal) {
    (void)signal;
    _exit(0);
}

static void bury(int signal) {
    (void)signal;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void set(struct sockaddr *address, in_addr_t value) {
    struct sockaddr_in *in = (struct sockaddr_in *)address;
    in->sin_family = AF_INET;
    in->sin_addr.s_addr = value;
}

static int route(int fd, unsigned long request, in_addr_t to, in_addr_t mask, in_addr_t gateway, int flags) {
    struct rtentry entry = {.rt_flags = RTF_UP | flags, .rt_dev = DEVICE};
    set(&entry.rt_dst, to);
    set(&entry.rt_genmask, mask);
    set(&entry.rt_gateway, gateway);
    return ioctl(fd, request, &entry);
}

static in_addr_t asked(int fd, unsigned long request) {
    struct ifreq interface = {0};
    strcpy(interface.ifr_name, DEVICE);
    if (ioctl(fd, request, &interface))
        fail("pause: " DEVICE);
    return ((struct sockaddr_in *)&interface.ifr_addr)->sin_addr.s_addr;
}

static void offlink(const char *text) {
    in_addr_t node = inet_addr(text);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    in_addr_t mask = asked(fd, SIOCGIFNETMASK), network = asked(fd, SIOCGIFADDR) & mask;
    route(fd, SIOCDELRT, 0, 0, 0, 0); /* there may be none */
    if (route(fd, SIOCADDRT, node, INADDR_NONE, 0, RTF_HOST) || route(fd, SIOCADDRT, 0, 0, node, RTF_GATEWAY))
        fail("pause: route");
    if (route(fd, SIOCDELRT, network, mask, 0, 0))
        fail("pause: the bridge's route");
    close(fd);
}

static void resolve(const char *text) {
    int fd = open("/etc/resolv.conf", O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        fail("pause: /etc/resolv.conf");
    close(fd);
}

static void drop_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    __u32 kept = 1u << CAP_CHOWN | 1u << CAP_FSETID; /* for the groups of the volumes' files */
    struct __user_cap_data_struct few[2] = {{.effective = kept, .permitted = kept}};
    for (int capability = 0; prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; capability++)
        ;
    if (syscall(SYS_capset, &header, few))
        fail("pause: capset");
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "connect") == 0)
        return connect_main();
    struct sigaction on_end = {.sa_handler = end};
    struct sigaction on_child = {.sa_handler = bury, .sa_flags = SA_NOCLDSTOP | SA_RESTART};
    if (sigaction(SIGTERM, &on_end, NULL) || sigaction(SIGINT, &on_end, NULL) || sigaction(SIGCHLD, &on_child, NULL))
        fail("pause");
    if (argc > 2 && strcmp(argv[1], "offlink") == 0) {
        offlink(argv[2]);
        if (argc > 3)
            resolve(argv[3]);
        drop_capabilities();
    }
    serve_files();
    for (;;)
        pause();
}
