#ifndef CDCLITE_CAPTURED_TABLE_H
#define CDCLITE_CAPTURED_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdclite/error.h"
#include "cdclite/slice.h"
#include "cdclite/value.h"

struct sqlite3_stmt;

/* A history table has eight columns of its own and two for each source column; SQLite ends at 2,000. */
enum { MOST_COLUMNS = 990 };

struct captured_column {
    char *name; /* at the source */
    char *
        column_name; /* in the history, behind before_ and after_: differs where names collide but for case */
    char *sent_as;   /* as the schema block says it, NULL without one */
    enum column_storage storage;
    struct column_type type;
    bool key;
    bool identifying; /* named first in text lines and T_field_changes (the key; for holding holding_id,
                         user_id) */
    bool tracked;     /* its changes are listed there (all but the key; for holding stock and quantity) */
    bool unsaved;     /* captured_column does not say this yet */
    bool in_before, in_after; /* the change being read carried it there */
    int64_t first_change_id;  /* the first change that had it */
};

/* A source table as the history keeps it. It stays at its address. */
struct captured_table {
    int64_t table_id;
    char *name;        /* T of T_history */
    char *source_name; /* server.schema.table */
    struct captured_column *columns;
    size_t count;
    bool bundled;      /* the tutorial's holding table: settled with its first columns, as its text log is */
    bool sale_views;   /* bundled, and has all columns that its views name */
    size_t created;    /* index of the column datetime_created, `count` without one */
    bool key_enforced; /* the source keeps the key columns unique */
    bool many_partitions; /* rows without a key came from several partitions: order them by commit, not
                             arrival */

    /* The row images of the change being read: `count` values each. */
    struct value *before, *after;

    /* table_shape.c's: what the file does not show yet. */
    size_t stored_count; /* columns that the history table has */
    bool stored;         /* it exists */
    bool retyped;        /* one of its columns must become ANY */
    bool views_stale;
    char **keys; /* the names in the first message's key, ended by NULL; NULL for a table of the file */

    /* row_reader.c's. */
    uint64_t schema_id;                   /* of the schema block that `plan` was made for, 0 for none */
    size_t *plan;                         /* column index for each column of that schema */
    struct sqlite3_stmt *insert, *select; /* history.c's, NULL after the columns changed */
    int32_t last_partition;               /* of its events without a key, -1 before the first */
    int64_t new_changes;                  /* rows stored since the last catalog_save_counts */
};

/* NULL when memory ran out. */
struct captured_table *table_new(const char *name, const char *source_name);
void table_free(struct captured_table *table);

/* NULL when there is none of that name (at the source). */
struct captured_column *table_column(const struct captured_table *table, const char *name);

/* Appends a column as the file describes it; copies both names. NULL when memory ran out. */
struct captured_column *table_append_column(struct captured_table *table, const char *name,
                                            const char *column_name, struct error *error);

/* Adds a column not seen before, with a name that none has yet; table_store_shape brings it into the file.
 * Returns 0; 1 with `error` saying why the table cannot have it; -1 when memory ran out. */
int table_add_column(struct captured_table *table, struct slice name, const struct column_type *type,
                     const char *sent_as, struct error *error);

/* Widens a column to ANY, so that what no longer fits its type can stand beside what did. */
void table_widen(struct captured_table *table, struct captured_column *column);

/* Settles what depends on all columns together: bundled, sale_views, created, identifying, tracked. */
void table_set_roles(struct captured_table *table);

/* Copies the schema block's word for the column's type (NULL for none). */
int column_set_sent_as(struct captured_column *column, const char *sent_as, struct error *error);

void table_forget_keys(struct captured_table *table);

/* Finalizes what was prepared for the columns as they were. */
void table_forget_statements(struct captured_table *table);

#endif
