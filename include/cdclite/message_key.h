#ifndef CDCLITE_MESSAGE_KEY_H
#define CDCLITE_MESSAGE_KEY_H

#include "cdclite/arena.h"
#include "cdclite/slice.h"

/*
 * The column names in a message's key: a struct with or without its schema, {"schema":…,"payload":{…}} or
 * {…}. *names (in `arena`) gets *count of them; 0 for a null key and for one that is no struct. -1 when
 * memory ran out.
 */
int message_key_columns(struct slice key, struct arena *arena, struct slice **names, size_t *count);

#endif
