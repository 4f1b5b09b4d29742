#include "cdclite/property_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cdclite/log.h"

int property_list_add(struct property_list *list, const char *property, struct error *error)
{
    char **all = realloc(list->all, (list->count + 2) * sizeof *all);
    if (!all) return error_memory(error);
    list->all = all;
    all[list->count] = strdup(property);
    if (!all[list->count]) return error_memory(error);
    all[++list->count] = NULL;
    return 0;
}

void property_list_free(struct property_list *list)
{
    for (size_t i = 0; i < list->count; i++) free(list->all[i]);
    free(list->all);
    *list = (struct property_list){0};
}

static char *trim(char *text)
{
    while (*text == ' ' || *text == '\t') text++;
    size_t size = strlen(text);
    while (size > 0 && strchr(" \t\r\n", text[size - 1])) text[--size] = '\0';
    return text;
}

/* One line; nothing for an empty one and a comment. */
static int read_line(struct property_list *list, char *line, const char *path, long number,
                     struct error *error)
{
    char *key = trim(line);
    if (!*key || *key == '#') return 0;
    char *equals = strchr(key, '=');
    if (!equals || equals == key)
        return error_set(error, ERROR_USAGE, "%s, line %ld: not key=value", path, number);
    *equals = '\0';
    char *property = NULL;
    if (asprintf(&property, "%s=%s", trim(key), trim(equals + 1)) < 0) return error_memory(error);
    int result = property_list_add(list, property, error);
    free(property);
    return result;
}

int property_list_read(struct property_list *list, const char *path, struct error *error)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t capacity = 0;
    int result = 0;
    bool secret = false;
    struct stat status;
    if (!file) return error_set(error, ERROR_USAGE, "-F %s: %s", path, strerror(errno));
    for (long number = 1; result == 0 && getline(&line, &capacity, file) >= 0; number++) {
        secret |= strstr(line, "password") != NULL;
        result = read_line(list, line, path, number, error);
    }
    if (result == 0 && ferror(file))
        result = error_set(error, ERROR_USAGE, "-F %s: %s", path, strerror(errno));
    if (result == 0 && secret && fstat(fileno(file), &status) == 0 && status.st_mode & (S_IRGRP | S_IROTH))
        log_write(LOG_WARNING, "%s holds a password and others may read it: chmod 600 %s", path, path);
    free(line);
    fclose(file);
    return result;
}
