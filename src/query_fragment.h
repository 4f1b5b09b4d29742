#ifndef QUERY_FRAGMENT_H
#define QUERY_FRAGMENT_H

#include "cdclite/buffer.h"
#include "cdclite/catalog.h"

struct sqlite3;

/* The pieces of SQL that the placeholders of templates (query_parts.h) become, appended to `out`. `value` is
 * an SQL expression, written once or, of a parameter, where it is cheap. */

/* {time VALUE} */
void fragment_time(const char *value, struct buffer *out);

/* {events}: of all tables when `only` is NULL. `db` tells which have a history yet. */
void fragment_events(struct sqlite3 *db, const struct catalog *catalog, const struct captured_table *only,
                     struct buffer *out);

/* {key VALUE}, for a table with a key */
void fragment_key(const struct captured_table *table, const char *value, struct buffer *out);

/* {before_text} and {after_text} */
void fragment_text(const struct captured_table *table, size_t column, const char *image, struct buffer *out);

#endif
