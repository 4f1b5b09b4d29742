#include "summary_lists.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "cdclite/database.h"

enum { MOST_LISTS = 2 };

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
    return key && grouped->ends ? grouped->ends[key - 1] : 0;
}

static void write_list(struct grouped *grouped, uint32_t key)
{
    size_t from = start_of(grouped, key), to = grouped->ends[key];
    buffer_clear(&grouped->text);
    buffer_char(&grouped->text, '[');
    for (size_t i = from; i < to; i++) {
        if (i > from) buffer_char(&grouped->text, ',');
        buffer_integer(&grouped->text, (int64_t)grouped->numbers[i]);
    }
    buffer_char(&grouped->text, ']');
}

static int write_row(struct grouped *grouped, size_t count, sqlite3 *db, int64_t step,
                     const struct summary_keys *keys, uint32_t key, sqlite3_stmt *insert, struct error *error)
{
    sqlite3_bind_int64(insert, 1, step);
    summary_keys_bind(keys, insert, 2, key);
    for (size_t i = 0; i < count; i++) {
        write_list(&grouped[i], key);
        if (buffer_failed(&grouped[i].text)) return error_memory(error);
        database_bind_slice(insert, (int)i + 3, buffer_view(&grouped[i].text));
    }
    return database_step(db, insert, error);
}

int summary_lists_fold(const struct summary_lists *lists, size_t count, sqlite3 *db, int64_t step,
                       const struct summary_keys *keys, sqlite3_stmt *insert, struct error *error)
{
    struct grouped grouped[MOST_LISTS] = {0};
    int result = 0;
    uint32_t *sorted = summary_keys_sorted(keys);
    if (!sorted) result = error_memory(error);
    for (size_t i = 0; i < count && result == 0; i++)
        if (!group(&lists[i], keys->count, &grouped[i])) result = error_memory(error);
    for (size_t i = 0; i < keys->count && result == 0 && grouped[0].ends; i++)
        if (start_of(&grouped[0], sorted[i]) < grouped[0].ends[sorted[i]])
            result = write_row(grouped, count, db, step, keys, sorted[i], insert, error);
    for (size_t i = 0; i < count; i++) {
        free(grouped[i].numbers);
        free(grouped[i].ends);
        buffer_free(&grouped[i].text);
    }
    free(sorted);
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
