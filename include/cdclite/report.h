#ifndef CDCLITE_REPORT_H
#define CDCLITE_REPORT_H

#include <stddef.h>

#include "cdclite/buffer.h"
#include "cdclite/database.h"
#include "cdclite/error.h"
#include "cdclite/query.h"

/* What a page of ours begins with. */
#define REPORT_START                                                                                   \
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"generator\" " \
    "content=\"cdclite "

/* The parameters that the report takes, as those of a query. */
extern const struct query report_arguments;

/*
 * Appends the story of the history as one HTML page that needs nothing else: the answers of the canned
 * queries, drawn, as tables, and with their SQL. `path` is the database as the user named it. The arguments
 * are those of report_arguments, for the queries that take them; without period= it is the shortest one
 * that gives no more than about sixty. All of it is of one moment. Nothing in the database can put markup or
 * scripts into the page. ERROR_USAGE for wrong arguments.
 */
int report_page(struct database *database, const char *path, const char *const *arguments, size_t count,
                struct buffer *out, struct error *error);

#endif
