#ifndef CDCLITE_CATALOG_H
#define CDCLITE_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdclite/envelope.h"
#include "cdclite/error.h"
#include "cdclite/message.h"
#include "cdclite/table_schema.h"
#include "cdclite/value.h"

struct sqlite3;
struct sqlite3_stmt;

/* A history table has eight columns of its own and two for each source column; SQLite ends at 2,000. */
enum { MOST_COLUMNS = 990 };

struct captured_column {
    char *name;        /* at the source */
    char *column_name; /* in the history, behind before_ and after_: differs where names collide but for case */
    char *sent_as;     /* as the schema block says it, NULL without one */
    enum column_storage storage;
    struct column_type type;
    bool key;
    bool identifying; /* named first in text lines and T_field_changes (the key; for holding holding_id, user_id) */
    bool tracked;     /* its changes are listed there (all but the key; for holding stock and quantity) */
    bool unsaved; /* captured_column does not say this yet */
};

/* A source table as the history keeps it. The catalog owns it; it stays at its address. */
struct captured_table {
    int64_t table_id;
    char *name;        /* T of T_history */
    char *source_name; /* server.schema.table */
    struct captured_column *columns;
    size_t count;
    bool bundled_holding; /* the tutorial's table, which has views and a text log of its own */
    size_t created;       /* index of the column datetime_created, `count` without one */
    bool key_enforced;    /* the source keeps the key columns unique */
    bool many_partitions; /* rows without a key came from several partitions: order them by commit, not arrival */

    /* The row images of the change being read: `count` values each. */
    struct value *before, *after;

    /* The catalog's own: what the file does not show yet. */
    size_t stored_count;  /* columns that the history table has */
    bool stored;          /* it exists */
    bool retyped;         /* one of its columns must become ANY */
    bool views_stale;
    char **keys;          /* the names in the first message's key, ended by NULL; NULL for a table of the file */

    /* For the modules that work on it; the catalog frees them. */
    uint64_t schema_id;          /* of the schema block that `plan` was made for, 0 for none */
    size_t *plan;                /* column index for each column of that schema */
    struct sqlite3_stmt *insert, *select; /* history.c's, NULL after the columns changed */
    int32_t last_partition;      /* of its events without a key, -1 before the first */
    int64_t new_changes;         /* rows stored since the last catalog_save_counts */
};

struct catalog;

/* A name that the user chose: `--table topic=name`. */
struct table_name {
    const char *topic, *name;
};

/* Reads the tables known so far. `db` is borrowed; `names` (may be NULL, ended by an entry without topic) too.
 * catalog_close(catalog) afterwards. */
int catalog_open(struct sqlite3 *db, const struct table_name *names, struct catalog **catalog, struct error *error);
void catalog_close(struct catalog *catalog);

size_t catalog_count(const struct catalog *catalog);
struct captured_table *catalog_at(const struct catalog *catalog, size_t index);
/* By its name here; NULL when there is none. */
struct captured_table *catalog_named(const struct catalog *catalog, const char *name);
/* NULL when there is none. */
struct captured_column *table_column(const struct captured_table *table, const char *name);

/*
 * The table that a change belongs to, made (within the open transaction) when this is its first event. Returns 0;
 * 1 with `error` saying why when such a table cannot be kept; -1 for a failure.
 */
int catalog_table_for(struct catalog *catalog, const struct message *message, const struct change *change,
                      struct captured_table **table, struct error *error);

/*
 * Reads the change's before and after into table->before and table->after (NULLs for an absent row), following
 * `schema` (NULL without one). Columns not seen before are added to the table, one whose values no longer fit is
 * retyped to ANY. Returns 0; 1 with `error` saying why the event must be refused; -1 for a failure.
 */
int catalog_read_rows(struct catalog *catalog, struct captured_table *table, const struct change *change,
                      const struct table_schema *schema, struct arena *arena, struct error *error);

/* Notes that an event without a key came from `partition`; makes the table's views anew when that changes their
 * order. */
int catalog_note_partition(struct catalog *catalog, struct captured_table *table, int32_t partition,
                           struct error *error);

/* Adds what was stored to captured_table.changes, within the open transaction. */
int catalog_save_counts(struct catalog *catalog, struct error *error);

#endif
