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
    struct buffer text_name; /* that of the source as a field of the text log */
    char *sent_as;           /* as the schema block says it, NULL without one */
    enum column_storage storage;
    struct column_type type;
    bool declared; /* the type is one said by --type */
    bool key;
    bool identifying; /* named first in text lines and T_field_changes (the key; for holding holding_id,
                         user_id) */
    bool tracked;     /* its changes are listed there (all others; for holding stock and quantity) */
    bool present;     /* the source has it */
    size_t place;     /* among the source's columns */
    bool unsaved;     /* captured_column does not say this yet */
    int64_t first_change_id; /* the first change that had it */

    /* Of the change being read. */
    bool in_before, in_after;           /* the event has it there */
    bool missing_before, missing_after; /* what the event has there (or has not) is not its value */
    bool unknown_before, unknown_after; /* and the history does not tell it either */
};

/* What `op` of a stored change may be. */
enum { OPERATION_COUNT = 5 };
extern const char operations[OPERATION_COUNT];

enum column_event { COLUMN_APPEARED, COLUMN_RETYPED, COLUMN_VANISHED };

/* The source table was altered: how a column came to be as it is. See column_change in schema/. */
struct column_change {
    enum column_event event;
    size_t column;
    int64_t change_id, changed_at;
    size_t renamed_from;         /* COLUMN_APPEARED: the column that had its place, NO_COLUMN for none */
    char *default_sql;           /* COLUMN_APPEARED: an SQL literal, NULL without a default */
    struct column_type old_type; /* COLUMN_RETYPED */
    char *old_sent_as;
};
#define NO_COLUMN SIZE_MAX

/* The snapshot of the table that was read last, or is being read. See source_snapshot in schema/. */
struct table_snapshot {
    bool known, complete, unsaved;
    int64_t first_change_id, last_change_id;
    uint64_t mark; /* hash of the position and transaction that its rows share */
};

/* What its updates carry of the old row. */
enum old_values { OLD_VALUES_UNSEEN, OLD_VALUES_CARRIED, OLD_VALUES_LEFT_OUT };

/* What the user said of a column: `--type table.column=type`. */
struct table_type_choice {
    const char *table, *column;
    struct column_type type;
};

/* A source table as the history keeps it. It stays at its address. */
struct captured_table {
    int64_t table_id;
    char *name;        /* T of T_history */
    char *source_name; /* server.schema.table */
    char *topic;       /* where its first event stood */
    struct captured_column *columns;
    size_t count, present_count;
    bool bundled;      /* the tutorial's holding table: settled with its first columns, as its text log is */
    bool sale_views;   /* bundled, and has all columns that its views name */
    bool flattened;    /* its events are flattened records */
    size_t created;    /* index of the column datetime_created, `count` without one */
    bool key_enforced; /* the source keeps the key columns unique, and has done so from the first row on */
    bool key_declared; /* the key is one that the user said */
    const char
        *key_choice; /* that is to become it with the first row: borrowed from the options, NULL for none */
    const struct table_type_choice
        *type_choices;    /* of all tables, ended by one without table; borrowed, may be NULL */
    bool many_partitions; /* its rows came from several partitions: arrival is no order between keys */
    enum old_values old_values;
    bool keeps_state;   /* row_state follows its rows */
    bool facts_unsaved; /* captured_table does not say these yet */

    struct column_change *changes; /* oldest first */
    size_t change_count, stored_change_count;
    int64_t shape_at; /* commit time from which the columns are as they are */
    struct table_snapshot snapshot;

    /* The row images of the change being read: `count` values each. */
    struct value *before, *after;

    /* table_shape.c's: what the file does not show yet. */
    size_t stored_count; /* columns that the history table has */
    bool stored;         /* it exists */
    bool retyped;        /* one of its columns must become ANY */
    bool views_stale;

    /* row_reader.c's. */
    uint64_t schema_id; /* of the schema block that `plan` was made for, 0 for none */
    size_t *plan;       /* column index for each column of that schema */
    size_t *order;      /* column index for each member of the row read last */
    struct row_plan {
        uint64_t layout, schema_id; /* of rows of this json_members.layout; 0: not made */
        size_t count;
        struct planned_member {
            size_t column, sent; /* index in the table; in the schema, NO_COLUMN for none */
        } * members;
    } row_plans[2];                /* of before and after */
    struct sqlite3_stmt *select;   /* history.c's, NULL after the columns changed */
    struct history_writer *writer; /* and so is this */
    struct sqlite3_stmt *state[2]; /* row_state.c's: a row as it was before and after an event */
    int32_t last_partition;        /* of its events, -1 before the first */
    int64_t new_changes;           /* rows stored since the last catalog_save_counts */
    int64_t
        stored_by_operation[OPERATION_COUNT]; /* rows stored since the program began, as in `operations` */
};

/* NULL when memory ran out. */
struct captured_table *table_new(const char *name, const char *source_name, struct slice topic);
void table_free(struct captured_table *table);

/* NULL when there is none of that name (at the source). */
struct captured_column *table_column(const struct captured_table *table, const char *name);
struct captured_column *table_column_of(const struct captured_table *table, struct slice name);

/* The index of the source's column at this place, from 0; NO_COLUMN when it has none there. */
size_t table_column_at(const struct captured_table *table, size_t place);

/* How many columns the key has. */
size_t table_key_size(const struct captured_table *table);
bool table_has_key(const struct captured_table *table);

/* Adds one to stored_by_operation. */
void table_count(struct captured_table *table, char op);

/* Appends a column as the file describes it; copies both names. NULL when memory ran out. */
struct captured_column *table_append_column(struct captured_table *table, const char *name,
                                            const char *column_name, struct error *error);

/* Adds a column not seen before, with a name that none has yet; table_store_shape brings it into the file.
 * Returns 0; 1 with `error` saying why the table cannot have it; -1 when memory ran out. */
int table_add_column(struct captured_table *table, struct slice name, const struct column_type *type,
                     const char *sent_as, struct error *error);

/* Takes back the columns from the `count`-th on, none of which table_store_shape has seen. */
void table_forget_columns(struct captured_table *table, size_t count);

/* Gives a column that comes without a schema the type that the user said, if he did. */
void table_declare_type(struct captured_table *table, struct captured_column *column);

/* Appends to table->changes; copies both texts (which may be NULL). NULL when memory ran out. */
struct column_change *table_append_change(struct captured_table *table, const char *default_sql,
                                          const char *old_sent_as, struct error *error);

/* Widens a column to ANY, so that what no longer fits its type can stand beside what did. */
void table_widen(struct captured_table *table, struct captured_column *column);

/* Settles what depends on all columns together: bundled, sale_views, created, identifying, tracked. */
void table_set_roles(struct captured_table *table);

/* Copies the schema block's word for the column's type (NULL for none). */
int column_set_sent_as(struct captured_column *column, const char *sent_as, struct error *error);

/* Finalizes what was prepared for the columns as they were. Rows that wait are lost: history_flush before. */
void table_forget_statements(struct captured_table *table);

#endif
