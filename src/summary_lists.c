#include "summary_lists.h"

#include <stdlib.h>

enum { MOST_LISTS = 3 };

/* The entries of one list a key behind the other's: those of key k end before ends[k]. */
struct grouped {
    uint64_t *numbers;
    size_t *ends;
    struct buffer text;
};

bool summary_lists_add(struct summary_lists *lists, uint32_t key, uint64_t number)
{
    if (lists->count == lists->capacity) {
        size_t capacity = lists->capacity ? lists->capacity * 2 : 256;
        struct summary_entry *all = reallocarray(lists->all, capacity, sizeof *all);
        if (!all) return false;
        lists->all = all;
        lists->capacity = capacity;
    }
    lists->all[lists->count++] = (struct summary_entry){key, (uint32_t)number, (uint32_t)(number >> 32)};
    return true;
}

static bool group(const struct summary_lists *lists, size_t keys, struct grouped *grouped)
{
    grouped->numbers = malloc((lists->count + 1) * sizeof *grouped->numbers);
    grouped->ends = calloc(keys + 1, sizeof *grouped->ends);
    if (!grouped->numbers || !grouped->ends) return false;
    /* First where each key's entries begin; filling them in moves that to their end. */
    for (size_t i = 0; i < lists->count; i++) grouped->ends[lists->all[i].key + 1]++;
    for (size_t i = 1; i <= keys; i++) grouped->ends[i] += grouped->ends[i - 1];
    for (size_t i = 0; i < lists->count; i++)
        grouped->numbers[grouped->ends[lists->all[i].key]++] =
            (uint64_t)lists->all[i].high << 32 | lists->all[i].low;
    return true;
}

static size_t start_of(const struct grouped *grouped, uint32_t key)
{
    return key ? grouped->ends[key - 1] : 0;
}

static bool make_list(struct grouped *grouped, uint32_t key)
{
    const size_t from = start_of(grouped, key), to = grouped->ends[key];
    buffer_clear(&grouped->text);
    if (!buffer_reserve(&grouped->text, 2 + (to - from) * (LONGEST_INTEGER + 1))) return false;
    char *at = grouped->text.at;
    *at++ = '[';
    for (size_t i = from; i < to; i++) {
        if (i > from) *at++ = ',';
        at = put_integer(at, (int64_t)grouped->numbers[i]);
    }
    *at++ = ']';
    grouped->text.size = (size_t)(at - grouped->text.at);
    return true;
}

struct list_rows {
    struct summary_source source;
    const struct summary_names *names;
    int64_t step;
    struct grouped grouped[MOST_LISTS];
    size_t count, at;
};

static int next_row(struct summary_source *source, struct value *row)
{
    struct list_rows *rows = (struct list_rows *)source;
    const struct summary_names *names = rows->names;
    while (rows->at < names->keys->count) {
        const uint32_t key = names->sorted[rows->at++];
        if (start_of(&rows->grouped[0], key) == rows->grouped[0].ends[key]) continue;
        row[0] = (struct value){.type = VALUE_INTEGER, .integer = rows->step};
        row[1] = summary_keys_stored(names->keys, key);
        for (size_t i = 0; i < rows->count; i++) {
            if (!make_list(&rows->grouped[i], key)) return -1;
            row[i + 2] = (struct value){.type = VALUE_TEXT, .bytes = buffer_view(&rows->grouped[i].text)};
        }
        return 1;
    }
    return 0;
}

int summary_lists_fold(const struct summary_lists *lists, size_t count, int64_t step,
                       const struct summary_names *names, struct summary_rows *rows,
                       struct sqlite3_stmt *insert, struct error *error)
{
    struct list_rows source = {.source = {next_row}, .names = names, .step = step, .count = count};
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++)
        if (!group(&lists[i], names->keys->count, &source.grouped[i])) result = error_memory(error);
    if (result == 0) result = summary_rows_write(rows, insert, &source.source, error);
    for (size_t i = 0; i < count; i++) {
        free(source.grouped[i].numbers);
        free(source.grouped[i].ends);
        buffer_free(&source.grouped[i].text);
    }
    return result;
}

size_t summary_lists_size(const struct summary_lists *lists)
{
    return lists->count * sizeof *lists->all;
}

void summary_lists_free(struct summary_lists *lists)
{
    free(lists->all);
    *lists = (struct summary_lists){0};
}
