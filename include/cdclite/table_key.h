#ifndef CDCLITE_TABLE_KEY_H
#define CDCLITE_TABLE_KEY_H

#include "cdclite/arena.h"
#include "cdclite/captured_table.h"
#include "cdclite/message.h"

struct sqlite3;

enum table_key_outcome { TABLE_KEY_SAME = 0, TABLE_KEY_OTHER = 1 };

/*
 * Follows the key of a row's message: its columns become the table's key, unless the user has declared one.
 * The key counts as enforced by the source while all rows have had it. The tutorial's table without one is
 * declared by holding_id, which its source does not enforce. After rows_read, before table_store_shape.
 * TABLE_KEY_OTHER when rows that were known by another key now have this one; -1: failure.
 */
int table_key_follow(struct sqlite3 *db, struct captured_table *table, struct slice message_key,
                     struct arena *arena, struct error *error);

/* Whether the row of a message is told by the table's key: its message has one, or the user said so. What
 * only the tutorial declares tells no row for certain. */
bool table_key_tells(const struct captured_table *table, const struct message *message);

/* Makes the columns of the list "a,b" the key, by the user's word. TABLE_KEY_OTHER when the table had
 * another; ERROR_USAGE for a column that it does not have. */
int table_key_declare(struct captured_table *table, const char *columns, struct error *error);

#endif
