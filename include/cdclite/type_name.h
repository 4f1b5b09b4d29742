#ifndef CDCLITE_TYPE_NAME_H
#define CDCLITE_TYPE_NAME_H

#include "cdclite/value.h"

/* What --type takes, for messages. */
extern const char type_names[];

/* The type of a name: integer, boolean, float, text, bytes, json, decimal(SCALE), variable_decimal, date
 * (days), or a time in its unit, timestamp_us, time_ms and so on. -1 for one that is none. */
int type_named(const char *name, struct column_type *type);

#endif
