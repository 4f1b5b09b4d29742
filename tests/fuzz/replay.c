/* Gives files, and all files of directories, to the target one by one, without libFuzzer. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

static size_t replayed;

static int refuse(const char *path)
{
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return 1;
}

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "re");
    struct stat status;
    if (!file || fstat(fileno(file), &status)) return refuse(path);
    size_t size = (size_t)status.st_size;
    uint8_t *bytes = malloc(size ? size : 1);
    if (!bytes || fread(bytes, 1, size, file) != size) return refuse(path);
    fclose(file);
    /* The last line before a finding tells which input it was. */
    dprintf(STDERR_FILENO, "%s\n", path);
    LLVMFuzzerTestOneInput(bytes, size);
    free(bytes);
    replayed++;
    return 0;
}

static int replay(const char *path)
{
    struct stat status;
    struct dirent **entries;
    int result = 0;
    if (stat(path, &status)) return errno == ENOENT ? 0 : refuse(path);
    if (!S_ISDIR(status.st_mode)) return replay_file(path);
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0) return refuse(path);
    for (int i = 0; i < count; i++) {
        char *name = NULL;
        if (entries[i]->d_name[0] != '.') {
            if (asprintf(&name, "%s/%s", path, entries[i]->d_name) < 0) return refuse(path);
            result |= replay(name);
        }
        free(name);
        free(entries[i]);
    }
    free(entries);
    return result;
}

int main(int argc, char **argv)
{
    int result = 0;
    for (int i = 1; i < argc; i++) result |= replay(argv[i]);
    printf("%zu inputs replayed\n", replayed);
    return replayed ? result : 1;
}
