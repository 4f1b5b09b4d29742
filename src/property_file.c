#include "cdclite/property_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cdclite/log.h"

/* Of librdkafka's properties. Anything else in front of a "=" may be a part of a secret
 * ("sasl.password: aGk="). */
static size_t name_size(const char *property)
{
    return strspn(property, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
}

int property_list_add(struct property_list *list, const char *property, struct error *error)
{
    size_t name = name_size(property);
    if (name == 0 || property[name] != '=')
        return error_set(error, ERROR_USAGE,
                         "a Kafka property is key=value (-X, a line of -F, CDCLITE_KAFKA_…)");
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

bool property_is_secret(const char *property)
{
    /* Also what librdkafka does not know: a name that is near, Kafka's own sasl.jaas.config. */
    static const char *const parts[] = {
        "passw", "secret", "ssl.key.pem", "ssl_key", "sasl.oauthbearer.config", "sasl.jaas", NULL};
    size_t size = strcspn(property, "=");
    for (const char *const *part = parts; *part; part++)
        if (memmem(property, size, *part, strlen(*part))) return true;
    return false;
}

bool property_is_option(const char *property)
{
    return strncmp(property, "cdclite.", strlen("cdclite.")) == 0;
}

int property_list_environment(struct property_list *list, struct error *error)
{
    static const char prefix[] = "CDCLITE_KAFKA_";
    for (char **variable = environ; variable && *variable; variable++) {
        if (strncmp(*variable, prefix, sizeof prefix - 1) != 0) continue;
        if (property_list_add(list, *variable + sizeof prefix - 1, error)) return -1;
        for (char *at = list->all[list->count - 1]; *at && *at != '='; at++)
            *at = (char)(*at == '_' ? '.' : tolower((unsigned char)*at));
    }
    return 0;
}

static char *trim(char *text)
{
    while (*text == ' ' || *text == '\t') text++;
    size_t size = strlen(text);
    while (size > 0 && strchr(" \t\r\n", text[size - 1])) text[--size] = '\0';
    return text;
}

/* One line; nothing for an empty one and a comment. */
static int read_line(struct property_list *list, char *line, const char *path, long number, bool *secret,
                     struct error *error)
{
    char *key = trim(line);
    if (!*key || *key == '#') return 0;
    char *equals = strchr(key, '=');
    if (!equals) return error_set(error, ERROR_USAGE, "%s, line %ld: not key=value", path, number);
    *equals = '\0';
    char *property = NULL;
    if (asprintf(&property, "%s=%s", trim(key), trim(equals + 1)) < 0) return error_memory(error);
    *secret |= property_is_secret(property);
    int result = property_list_add(list, property, error);
    if (result) error_context(error, "%s, line %ld", path, number);
    free(property);
    return result;
}

/* systemd gives a unit its credentials readable by an access list, which a mode shows as its group's. */
static bool is_credential(const char *path)
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    size_t size = directory ? strlen(directory) : 0;
    return size && strncmp(path, directory, size) == 0 && path[size] == '/';
}

static void warn_of_readers(FILE *file, const char *path)
{
    struct stat status;
    if (fstat(fileno(file), &status) || !(status.st_mode & (S_IRGRP | S_IROTH)) || is_credential(path))
        return;
    log_write(LOG_WARNING, "%s holds a secret and others may read it: chmod 600 %s", path, path);
}

int property_list_read(struct property_list *list, const char *path, struct error *error)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t capacity = 0;
    int result = 0;
    bool secret = false;
    if (!file) return error_set(error, ERROR_USAGE, "-F %s: %s", path, strerror(errno));
    for (long number = 1; result == 0 && getline(&line, &capacity, file) >= 0; number++)
        result = read_line(list, line, path, number, &secret, error);
    if (result == 0 && ferror(file))
        result = error_set(error, ERROR_USAGE, "-F %s: %s", path, strerror(errno));
    if (secret) warn_of_readers(file, path);
    free(line);
    fclose(file);
    return result;
}
