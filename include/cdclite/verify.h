#ifndef CDCLITE_VERIFY_H
#define CDCLITE_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "cdclite/database.h"
#include "cdclite/error.h"

/* Something that does not hold: which check found it, where it is, and what is the matter. The texts are
 * borrowed during the call, and may hold anything that events held. */
struct finding {
    const char *check, *where, *what;
};

/* Who is told. */
struct verify_watch {
    void (*found)(void *context, const struct finding *finding);
    /* From time to time: what is being checked, and how far that is. */
    void (*progress)(void *context, const char *doing, int64_t done, int64_t of);
    void *context;
    bool no_texts; /* the text logs are not this database's: it is a copy */
};

struct verify_totals {
    int64_t tables, changes, text_bytes, findings;
};

/*
 * Checks that the history holds together: the SQLite file, its triggers and views, that rows, counts, batches
 * and positions agree, and that the text logs are what the history gives. Reads one moment, also while a
 * loader goes on, and writes nothing. `database` is a reader's. Returns 0 when all was checked, whatever was
 * found; -1 when it could not be.
 */
int verify_database(struct database *database, const struct verify_watch *watch, struct verify_totals *totals,
                    struct error *error);

#endif
