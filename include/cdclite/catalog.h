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

/* A name that the user chose: `--table topic=name`. */
struct table_name {
    const char *topic, *name;
};

/* Reads the tables known so far. `db` is borrowed; `names` (may be NULL, ended by an entry without topic)
 * too. catalog_close(catalog) afterwards. */
int catalog_open(struct sqlite3 *db, const struct table_name *names, struct catalog **catalog,
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

/* Notes the names in the message key of a table's first row; the tutorial's table without one is declared by
 * holding_id, which its source does not enforce. */
int catalog_note_key(struct captured_table *table, struct slice message_key, struct error *error);

/* Adds what was stored to captured_table.changes, within the open transaction. */
int catalog_save_counts(struct catalog *catalog, struct error *error);

#endif
