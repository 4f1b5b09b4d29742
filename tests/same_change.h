#ifndef SAME_CHANGE_H
#define SAME_CHANGE_H

#include <stdio.h>

#include "cdclite/envelope.h"

/* What a message was read as. */
struct reading_of {
    enum envelope_outcome outcome;
    struct change change;
    struct transaction_boundary boundary;
    char problem[512];
};

static inline void read_as(struct reading_of *reading, const struct message *message,
                           struct envelope_guess *guess, struct arena *arena)
{
    *reading->problem = '\0';
    reading->outcome = envelope_read(message, guess, arena, &reading->change, &reading->boundary,
                                     reading->problem, sizeof reading->problem);
}

/* Both are of one message: what is not decoded stands at one place. */
static inline bool same_place(struct slice a, struct slice b)
{
    return a.at == b.at && a.size == b.size;
}

static inline const char *difference_of_rows(const struct json_members *a, const struct json_members *b)
{
    if (!a->all != !b->all) return "whether a row was read";
    if (a->count != b->count || a->cut != b->cut) return "the number of members";
    for (size_t i = 0; i < a->count; i++) {
        const struct json_token *one = &a->all[i], *other = &b->all[i];
        if (!slice_equals(one->name, other->name)) return "a name";
        if (!same_place(one->raw, other->raw)) return "a value";
        if (one->kind != other->kind || one->escaped != other->escaped || one->whole != other->whole ||
            one->meaning != other->meaning)
            return "what a value is";
        if (one->whole && one->integer != other->integer) return "a number";
    }
    return NULL;
}

/* What differs in a message that was read twice; NULL for nothing. Numbers that only say what is equal are
 * another matter. */
static inline const char *difference(const struct reading_of *one, const struct reading_of *other)
{
    const struct change *a = &one->change, *b = &other->change;
    if (one->outcome != other->outcome) return "the outcome";
    if (strcmp(one->problem, other->problem) != 0) return "the problem";
    if (one->outcome != ENVELOPE_CHANGE) return NULL;
    if (a->op != b->op) return "op";
    if (!slice_equals(a->server, b->server) || !slice_equals(a->schema, b->schema) ||
        !slice_equals(a->table, b->table))
        return "the table";
    if (!slice_equals(a->version, b->version)) return "the version";
    if (a->changed_at != b->changed_at) return "changed_at";
    if (!value_equals(&a->lsn, &b->lsn)) return "lsn";
    if (!value_equals(&a->tx_id, &b->tx_id)) return "tx_id";
    if (a->document ? !slice_equals(a->before, b->before) : !same_place(a->before, b->before))
        return "before";
    if (a->document ? !slice_equals(a->after, b->after) : !same_place(a->after, b->after)) return "after";
    if (a->made != b->made || a->made_ms != b->made_ms) return "when it was made";
    if (a->snapshot != b->snapshot || a->flattened != b->flattened || a->upsert != b->upsert ||
        a->placeholders != b->placeholders || a->document != b->document)
        return "what kind of change it is";
    if (!slice_equals(a->update, b->update) || !slice_equals(a->content, b->content)) return "the content";
    if (!same_place(a->schema_block, b->schema_block)) return "the schema block";
    if (!a->schema_number != !b->schema_number || !a->names_number != !b->names_number) return "a number";
    const char *rows = difference_of_rows(&a->before_members, &b->before_members);
    return rows ? rows : difference_of_rows(&a->after_members, &b->after_members);
}

#endif
