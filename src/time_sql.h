#ifndef TIME_SQL_H
#define TIME_SQL_H

#include "cdclite/buffer.h"
#include "cdclite/time_text.h"

/* Appends the SQL expression that spells the integer `x` (an expression, used several times) as time_format
 * does; what is no integer stays as it is. `unit` is not UNIT_NONE. */
void time_sql(struct buffer *out, const char *x, enum time_unit unit, bool zulu);

#endif
