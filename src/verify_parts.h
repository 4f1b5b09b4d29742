#ifndef VERIFY_PARTS_H
#define VERIFY_PARTS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#include "cdclite/catalog.h"
#include "cdclite/verify.h"

/* What the checks share. */
struct verification {
    sqlite3 *db;
    const char *path; /* of the database */
    struct catalog *catalog;
    const struct verify_watch *watch;
    struct verify_totals *totals;
    const char *check;      /* the one that runs, */
    int64_t shown, unshown; /* and its findings: those told, and those that were too many */
};

/* A finding of the running check. */
void verify_found(struct verification *verification, const char *where, const char *what, ...)
    __attribute__((format(printf, 3, 4)));

/* Runs a query whose rows are findings: where, what. */
int verify_query(struct verification *verification, const char *sql, struct error *error);

/* Tells how far the running check is. */
void verify_progress(const struct verification *verification, const char *doing, int64_t done, int64_t of);

/* The checks. Each returns 0, having told what it found, or -1 when it could not go on. */
int verify_file(struct verification *verification, struct error *error);
int verify_schema(struct verification *verification, struct error *error);
int verify_changes(struct verification *verification, struct error *error);
int verify_counts(struct verification *verification, struct error *error);
int verify_summaries(struct verification *verification, struct error *error);
int verify_texts(struct verification *verification, struct error *error);

#endif
