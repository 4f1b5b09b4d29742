#ifndef REPORT_PARTS_H
#define REPORT_PARTS_H

#include <stdbool.h>

#include "cdclite/catalog.h"
#include "cdclite/database.h"
#include "cdclite/query.h"
#include "cdclite/report.h"
#include "cdclite/result.h"

/* What the files about the report share. */

/* The page on its way. */
struct report {
    struct database *database;
    const char *path;
    struct query_set *set;
    struct catalog *catalog;
    const char *const *arguments; /* from=, to=, period=, time= */
    size_t count;
    char period[16]; /* "period=day": the given one or the one that fits */
    unsigned ids;    /* given out so far */
    struct buffer *out;
    struct error *error;
};

/* One answer: a query, what it was asked with, and its first rows. */
enum { MOST_ARGUMENTS = 8, MOST_SERIES = 4 };
struct answer {
    struct query query;
    const char *arguments[MOST_ARGUMENTS];
    size_t count;
    const char *command; /* what else prints the answer; NULL: cdclite query */
    struct result rows;
};

/* How an answer is drawn. The numbers of the series' columns lie on one another. */
struct picture {
    const char *title; /* what it shows, in words */
    size_t labels;     /* columns in front that say what a row is of */
    size_t series[MOST_SERIES], series_count;
    bool over_time; /* columns, rows of one period in one; else bars */
};

/* Asks a canned query, with those of the report's arguments that it takes and one more (NULL: none).
 * answer_free afterwards, also after a failure. */
int report_ask(struct report *report, const char *query, const char *more, struct answer *answer);
/* Asks a statement that is no canned query: `command` prints the same. */
int report_ask_sql(struct report *report, const char *name, const char *sql, const char *command,
                   struct answer *answer);
void answer_free(struct answer *answer);

/* Appends: the picture; the rows as a table; the query's text. Where there is no row, that is said. */
int report_answer(struct report *report, const struct answer *answer, const struct picture *picture,
                  const char *caption);
void report_picture(struct report *report, const struct result *rows, const struct picture *picture);

/* The sections. */
int report_story(struct report *report);
int report_health(struct report *report);

#endif
