#ifndef CDCLITE_CATALOG_H
#define CDCLITE_CATALOG_H

#include <stddef.h>

#include "cdclite/captured_table.h"
#include "cdclite/envelope.h"
#include "cdclite/error.h"
#include "cdclite/message.h"

struct sqlite3;

/* The tables known so far, one for each source table. */
struct catalog;

/* What the user said of tables: `--table topic=name`, `--key table=columns`, `--type table.column=type`. Each
 * list may be NULL, and is ended by an entry of NULLs. */
struct table_name {
    const char *topic, *name;
};
struct table_key_choice {
    const char *table, *columns; /* "a,b" */
};
struct table_choices {
    const struct table_name *names;
    const struct table_key_choice *keys;
    const struct table_type_choice *types;
};

/* Reads the tables known so far. `db` is borrowed, and so is `choices` (may be NULL). catalog_close(catalog)
 * afterwards. */
int catalog_open(struct sqlite3 *db, const struct table_choices *choices, struct catalog **catalog,
                 struct error *error);
void catalog_close(struct catalog *catalog);

/* By its name here; NULL when there is none. */
struct captured_table *catalog_named(const struct catalog *catalog, const char *name);
/*
 * The table that a change belongs to, made (within the open transaction) when this is its first event.
 * Returns 0; 1 with `error` saying why when such a table cannot be kept; -1 for a failure.
 */
int catalog_table_for(struct catalog *catalog, const struct message *message, const struct change *change,
                      struct captured_table **table, struct error *error);

/* The tables, in the order in which they were made. */
size_t catalog_count(const struct catalog *catalog);
struct captured_table *catalog_at(const struct catalog *catalog, size_t index);

/* The table whose first event stood in this topic, or NULL. */
struct captured_table *catalog_of_topic(const struct catalog *catalog, struct slice topic);

/* Makes what is generated in the file anew, after an upgrade from `version`, within a transaction of its own.
 */
int catalog_renew(struct catalog *catalog, int64_t version, struct error *error);

/* Brings what was said of the known tables into the file, within a transaction of its own: keys and types.
 * ERROR_USAGE for a column that such a table does not have. Calls `rekeyed` for a table that has another key
 * now. */
int catalog_apply_choices(struct catalog *catalog,
                          int (*rekeyed)(void *context, struct captured_table *table, struct error *error),
                          void *context, struct error *error);

/* Adds what was stored to captured_table.changes, and saves the facts about tables, within the open
 * transaction. */
int catalog_save(struct catalog *catalog, struct error *error);

#endif
