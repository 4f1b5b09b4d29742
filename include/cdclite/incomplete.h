#ifndef CDCLITE_INCOMPLETE_H
#define CDCLITE_INCOMPLETE_H

#include "cdclite/captured_table.h"
#include "cdclite/envelope.h"

/* What a user is told, once a table, whose events are not whole, and what makes them so: that updates come
 * without their old row (of PostgreSQL alone, as others have no such setting), and that records are flattened
 * by ExtractNewRecordState. Warnings; `change` is the first of that kind. */
void incomplete_say_no_old_values(const struct captured_table *table, const struct change *change);
void incomplete_say_flattened(const struct captured_table *table, const struct change *change);

#endif
