#include "cdclite/topic_filter.h"

#include <stdlib.h>
#include <string.h>

static int compile(regex_t *regex, const char *pattern)
{
    return regcomp(regex, pattern, REG_EXTENDED | REG_NOSUB);
}

/* Where a pattern goes wrong, which regcomp does not tell: behind the longest beginning that is a pattern. */
static size_t good_length(const char *pattern)
{
    size_t size = strlen(pattern);
    char *beginning = strdup(pattern);
    while (beginning && size > 0) {
        regex_t regex;
        beginning[--size] = '\0';
        if (compile(&regex, beginning)) continue;
        regfree(&regex);
        break;
    }
    free(beginning);
    return size;
}

static int bad_pattern(const char *pattern, int code, struct error *error)
{
    char why[128];
    regerror(code, NULL, why, sizeof why);
    size_t at = good_length(pattern);
    return error_set(error, ERROR_USAGE, "--topic '%s': a bad pattern: %s, from character %zu on: %s",
                     pattern, why, at + 1, pattern + at);
}

int topic_filter_make(struct topic_filter *filter, const char *const *texts, struct error *error)
{
    size_t count = 0;
    *filter = (struct topic_filter){0};
    while (texts && texts[count]) count++;
    filter->all = calloc(count + 1, sizeof *filter->all);
    if (!filter->all) return error_memory(error);
    for (size_t i = 0; i < count; i++) {
        struct topic_choice *choice = &filter->all[i];
        choice->text = texts[i];
        if (!*choice->text) return error_set(error, ERROR_USAGE, "--topic '': a topic has a name");
        if (*choice->text == '^') {
            int code = compile(&choice->regex, choice->text);
            if (code) return bad_pattern(choice->text, code, error);
            choice->pattern = true;
        }
        filter->count++;
    }
    return 0;
}

void topic_filter_free(struct topic_filter *filter)
{
    for (size_t i = 0; i < filter->count; i++)
        if (filter->all[i].pattern) regfree(&filter->all[i].regex);
    free(filter->all);
    *filter = (struct topic_filter){0};
}

static bool starts(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

bool topic_choice_takes(const struct topic_choice *choice, const char *topic)
{
    if (!choice->pattern) return strcmp(choice->text, topic) == 0;
    if (starts(topic, "__") && !starts(topic, "__debezium") && !starts(choice->text, "^__")) return false;
    return regexec(&choice->regex, topic, 0, NULL, 0) == 0;
}

enum topic_match topic_filter_match(const struct topic_filter *filter, const char *topic)
{
    enum topic_match match = TOPIC_OTHER;
    for (size_t i = 0; i < filter->count && match != TOPIC_NAMED; i++) {
        if (!topic_choice_takes(&filter->all[i], topic)) continue;
        match = filter->all[i].pattern ? TOPIC_MATCHED : TOPIC_NAMED;
    }
    return match;
}

const char *topic_choice_near(const struct topic_choice *choice, const char *const *topics)
{
    char plain[256];
    size_t size = 0, best = 0;
    const char *near = NULL;
    /* Up to the first sign that is no letter of a name; an escaped one is. */
    for (const char *at = choice->text + 1; *at && size + 1 < sizeof plain; at++) {
        if (*at == '\\' && at[1]) {
            at++;
        } else if (strchr(".[]()*+?{}|^$", *at)) {
            break;
        }
        plain[size++] = *at;
    }
    plain[size] = '\0';
    for (; *topics; topics++) {
        size_t same = 0;
        while (same < size && (*topics)[same] == plain[same]) same++;
        if (same <= best || same * 2 < size) continue;
        best = same;
        near = *topics;
    }
    return near;
}
