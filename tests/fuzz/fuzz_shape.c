/*
 * Messages, each ended by RS, read with all before them in mind and each for itself: the same outcome,
 * problem, facts, names and values. Each is read twice, so that what it is like is known the second time; two
 * of one number or layout are equal in what these stand for.
 */
#include <stdlib.h>

#include "../same_change.h"
#include "fuzz.h"

enum { RECORD_SEPARATOR = 0x1e, MOST_MESSAGES = 64, MOST_SEEN = 256 };

/* What a number stood for: names, each behind its size. */
struct seen {
    uint64_t number;
    size_t count; /* of a row's members; 0 for a table */
    bool after;
    struct slice names;
};

static struct arena arena, kept;
static struct seen all_seen[MOST_SEEN];
static size_t seen_count;

static void append_name(char **to, struct slice name)
{
    memcpy(*to, &name.size, sizeof name.size);
    *to += sizeof name.size;
    if (name.size) memcpy(*to, name.at, name.size);
    *to += name.size;
}

static void check_seen(uint64_t number, bool after, const struct slice *names, size_t count, bool table)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) size += sizeof names[i].size + names[i].size;
    char *text = arena_alloc(&kept, size + 1), *to = text;
    MUST_HOLD(text);
    for (size_t i = 0; i < count; i++) append_name(&to, names[i]);
    const struct seen now = {number, table ? 0 : count, after, {text, size}};
    for (size_t i = 0; i < seen_count; i++) {
        const struct seen *seen = &all_seen[i];
        if (seen->number != number || seen->count != now.count || seen->after != after) continue;
        MUST_HOLD(slice_equals(seen->names, now.names));
        return;
    }
    if (seen_count < MOST_SEEN) all_seen[seen_count++] = now;
}

static void check_row(const struct json_members *row, bool after)
{
    if (!row->layout || !row->count) return;
    struct slice *names = arena_alloc(&kept, row->count * sizeof *names);
    MUST_HOLD(names);
    for (size_t i = 0; i < row->count; i++) names[i] = row->all[i].name;
    check_seen(row->layout, after, names, row->count, false);
}

static void check_numbers(const struct change *change)
{
    const struct slice names[] = {change->server, change->schema, change->table};
    if (change->names_number) check_seen(change->names_number, false, names, 3, true);
    check_row(&change->before_members, false);
    check_row(&change->after_members, true);
}

static void check_message(const struct message *message, struct envelope_guess *warm)
{
    struct envelope_guess *cold = calloc(1, sizeof *cold);
    struct reading_of with, without;
    MUST_HOLD(cold);
    read_as(&without, message, cold, &arena);
    for (int i = 0; i < 2; i++) {
        read_as(&with, message, warm, &arena);
        const char *differs = difference(&with, &without);
        if (differs)
            found("%s differs (%s; %s): %.*s", differs, with.problem, without.problem,
                  (int)message->value.size, message->value.at);
        if (with.outcome == ENVELOPE_CHANGE) check_numbers(&with.change);
    }
    envelope_guess_free(cold);
    free(cold);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct envelope_guess *warm = calloc(1, sizeof *warm);
    struct slice rest = {(const char *)data, size};
    MUST_HOLD(warm);
    seen_count = 0;
    for (size_t i = 0; rest.size && i < MOST_MESSAGES; i++) {
        struct message message = {.topic = slice_of("s.n.t"), .timestamp_ms = 5};
        message.value = copy_of(next_field(&rest, RECORD_SEPARATOR));
        check_message(&message, warm);
        free((char *)message.value.at);
        arena_reset(&arena);
    }
    envelope_guess_free(warm);
    free(warm);
    arena_reset(&kept);
    return 0;
}
