/* The files of the pod's volumes, written as the kubelet dictates them on standard input; ends where that ends.
 *
 * A command is a line of words, counted data follows it directly:
 *   dir <mode> <group> <path>            made, with its parents; an existing one gets mode and group
 *   keep <mode> <group> <path>           the same, but one that somebody has used is left as it is
 *   file <mode> <group> <bytes> <path>   and so many bytes
 *   use <folder> <path>                  the link <path>/..data points to <folder> from now on, in one step; what it pointed
 *                                        to is removed, and so are the links beside it that lead nowhere now
 *   link <target> <path>
 *   size <path>                          answered on standard output by how many bytes the folder takes
 *   done                                 answered on standard output by "ok", or by the first thing that went wrong
 * Modes are octal, a group of -1 leaves it as it is; words have no blanks, a path at the end of its line may. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char wrong[8600];

static void note(const char *path) {
    if (!*wrong)
        snprintf(wrong, sizeof wrong, "%s: %s", path, strerror(errno));
}

static void own(const char *path, unsigned mode, int group) {
    if ((group >= 0 && chown(path, (uid_t)-1, (gid_t)group)) || chmod(path, mode))
        note(path);
}

static void directory(const char *path, unsigned mode, int group) {
    char part[4096];
    for (size_t at = 1; path[at] && at < sizeof part - 1; at++)
        if (path[at] == '/') {
            memcpy(part, path, at);
            part[at] = 0;
            mkdir(part, 0755);
        }
    if (mkdir(path, 0755) && errno != EEXIST)
        note(path);
    own(path, mode, group);
}

/* What Docker has just made is empty, root's and 0755; a database may have its reasons for anything else. */
static int is_used(const char *path) {
    struct stat info;
    struct dirent *entry;
    int entries = 0;
    DIR *folder = opendir(path);
    if (!folder)
        return 0;
    while ((entry = readdir(folder)))
        entries++;
    closedir(folder);
    return entries > 2 || stat(path, &info) || info.st_uid || info.st_gid || (info.st_mode & 07777) != 0755;
}

static void keep(const char *path, unsigned mode, int group) {
    if (!is_used(path))
        directory(path, mode, group);
}

static void file(const char *path, unsigned mode, int group, size_t size) {
    char data[65536];
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        note(path);
    while (size) {
        size_t got = fread(data, 1, size < sizeof data ? size : sizeof data, stdin);
        if (!got)
            break;
        if (fd >= 0 && write(fd, data, got) != (ssize_t)got)
            note(path);
        size -= got;
    }
    if (fd >= 0) {
        close(fd);
        own(path, mode, group);
    }
}

static void link_to(const char *target, const char *path) {
    if (symlink(target, path) && errno != EEXIST)
        note(path);
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk) {
    (void)info, (void)type, (void)walk;
    return remove(path);
}

static unsigned long long taken;

static int add_one(const char *path, const struct stat *info, int type, struct FTW *walk) {
    (void)path, (void)walk;
    if (type == FTW_F)
        taken += (unsigned long long)info->st_blocks * 512;
    return 0;
}

static void remove_dangling(const char *path) {
    char one[4400];
    struct stat info;
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        snprintf(one, sizeof one, "%s/%s", path, entry->d_name);
        if (!lstat(one, &info) && S_ISLNK(info.st_mode) && stat(one, &info) && errno == ENOENT)
            unlink(one);
    }
    if (folder)
        closedir(folder);
}

static void use(const char *folder, const char *path) {
    char current[4200], next[4200], old[4096], before[8400];
    snprintf(current, sizeof current, "%s/..data", path);
    snprintf(next, sizeof next, "%s/..data_tmp", path);
    ssize_t length = readlink(current, old, sizeof old - 1);
    unlink(next);
    if (symlink(folder, next) || rename(next, current))
        note(current);
    else if (length > 0) {
        old[length] = 0;
        snprintf(before, sizeof before, "%s/%s", path, old);
        if (strcmp(old, folder))
            nftw(before, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        remove_dangling(path);
    }
}

void serve_files(void) {
    char line[8192], path[4096], word[4096];
    unsigned mode;
    int group;
    size_t size;
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "dir %o %d %4095[^\n]", &mode, &group, path) == 3)
            directory(path, mode, group);
        else if (sscanf(line, "keep %o %d %4095[^\n]", &mode, &group, path) == 3)
            keep(path, mode, group);
        else if (sscanf(line, "file %o %d %zu %4095[^\n]", &mode, &group, &size, path) == 4)
            file(path, mode, group, size);
        else if (sscanf(line, "use %4095s %4095[^\n]", word, path) == 2)
            use(word, path);
        else if (sscanf(line, "link %4095s %4095[^\n]", word, path) == 2)
            link_to(word, path);
        else if (sscanf(line, "size %4095[^\n]", path) == 1) {
            taken = 0;
            nftw(path, add_one, 16, FTW_PHYS);
            printf("%llu\n", taken);
            fflush(stdout);
        } else if (!strcmp(line, "done\n")) {
            printf("%s\n", *wrong ? wrong : "ok");
            fflush(stdout);
            *wrong = 0;
        }
    }
}
