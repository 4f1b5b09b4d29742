#ifndef VERIFY_REFERENCES_H
#define VERIFY_REFERENCES_H

#include "verify_parts.h"

/* What stands beside the histories and names changes of theirs, followed while all changes are walked. */
struct references {
    struct verification *verification;
    sqlite3_stmt *rows;
    int64_t change_id; /* that the next one names; INT64_MAX behind the last */
};

struct referred_change {
    const char *history;
    int64_t table_id, change_id;
    char op;
    bool unavailable; /* its event did not carry all values */
};

/* references_close afterwards, also after a failure. */
int references_open(struct verification *verification, struct references *references, struct error *error);
void references_close(struct references *references);

/* Checks those that name this change, and those that name none before it. */
int references_take(struct references *references, const struct referred_change *change, struct error *error);

/* No change is left. */
int references_end(struct references *references, struct error *error);

#endif
