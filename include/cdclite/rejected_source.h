#ifndef CDCLITE_REJECTED_SOURCE_H
#define CDCLITE_REJECTED_SOURCE_H

#include <stdint.h>

#include "cdclite/error.h"
#include "cdclite/source.h"

/*
 * The events of rejected_event that were not stored since, in order of arrival, as messages with their
 * rejected_id. Only those are given behind which no change of their partition has been stored: a row's state
 * is that of its last change, so a change that comes too late would be taken for the latest.
 */

/* What was not given, and why. */
struct rejected_rest {
    int64_t late;   /* changes of its partition that came after it are stored */
    int64_t partly; /* not all of it was kept: too large, no event at all, or by an older version */
};

/* `ids` is a JSON list of rejected_id; NULL for all. It, the path and `rest` are borrowed; what is given is
 * of the moment of the first `next`. ERROR_USAGE for an id that is not there or was stored since. */
int rejected_source_open(const char *db_path, const char *ids, struct rejected_rest *rest,
                         struct source **source, struct error *error);

#endif
