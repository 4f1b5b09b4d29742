#ifndef LOADING_H
#define LOADING_H

#include "cdclite/loader.h"
#include "fuzz.h"

/* How messages are loaded: bits. */
enum loading {
    WITHOUT_TEXT = 1,
    IN_TWO_PARTS = 2,
    SMALL_EVENTS = 4, /* --max-event-bytes */
    WITH_CHOICES = 8, /* --key, --type, --table */
};

/* One history and its texts, of the tables holding and t. */
struct place {
    const char *db, *wal, *shm;
    struct text_choice texts[3];
};

struct place make_place(const char *name);

/* Puts an empty history there, and takes the texts away. */
void empty_place(const struct place *place);

/* Loads the messages, adding what was done to `counts`, and ends the process when that fails. Gives false
 * only where the choices do not fit what was loaded before. */
bool load(const struct place *place, unsigned bits, const struct message *messages, size_t count,
          struct load_counts *counts);

/* All of a file, for free(); empty where there is none. */
struct slice read_file(const char *path);

#endif
