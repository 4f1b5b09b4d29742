#ifndef CDCLITE_MESSAGE_KEY_H
#define CDCLITE_MESSAGE_KEY_H

#include <stdbool.h>

#include "cdclite/arena.h"
#include "cdclite/json_reader.h"
#include "cdclite/slice.h"

/* A message's key is a struct with or without its schema: {"schema":…,"payload":{…}} or {…}. */

/* Stands `json` at the key's struct, its members to be read; false for a null key and for one that is no
 * struct. */
bool message_key_open(struct slice key, struct arena *arena, struct json_reader *json);

/* The text of a member: a string's, another value's source text. False when the key has none of that name. */
bool message_key_member(struct slice key, const char *name, struct arena *arena, struct slice *text);

#endif
