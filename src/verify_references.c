#include "verify_references.h"

/* Everything that names a change by its id, in the order of the ids. Of which table (NULL: any) and with
 * which op (NULL: any) the change must be; what is unknown is a part of what was unavailable. */
static const char references_sql[] =
    "SELECT change_id, 'unknown_value' AS place, NULL AS table_id, NULL AS op, 1 AS unavailable FROM "
    "unknown_value"
    " UNION ALL SELECT change_id, 'redelivered_event', table_id, NULL, 0 FROM redelivered_event JOIN "
    "connector_run"
    "  USING (run)"
    " UNION ALL SELECT change_id, 'row_state', table_id, NULL, 0 FROM row_state"
    " UNION ALL SELECT first_change_id, 'source_snapshot', table_id, 'r', 0 FROM source_snapshot"
    " UNION ALL SELECT last_change_id, 'source_snapshot', table_id, 'r', 0 FROM source_snapshot"
    " ORDER BY change_id";

/* What is counted or named elsewhere: each row is a finding, where and what. */
static const char *const queries[] = {
    "SELECT 'batch ' || batch_id, printf('says rejected = %d, but rejected_event has %d rows of it', "
    "rejected,"
    "  coalesce(n, 0)) FROM batch LEFT JOIN"
    "  (SELECT batch_id, count(*) AS n FROM rejected_event GROUP BY batch_id) USING (batch_id)"
    "  WHERE rejected <> coalesce(n, 0)",
    "SELECT 'rejected_event', printf('row %d is of batch %d, which is not there', rejected_id, batch_id)"
    "  FROM rejected_event WHERE batch_id NOT IN (SELECT batch_id FROM batch)",
    "SELECT 'retried_event', printf('row %d is of no rejected event, or of batch %d, which is not there',"
    "  rejected_id, batch_id) FROM retried_event WHERE batch_id NOT IN (SELECT batch_id FROM batch)"
    "  OR rejected_id NOT IN (SELECT rejected_id FROM rejected_event)",
    "SELECT 'redelivered_event', printf('has %d rows, but the batches say redelivered = %d', n, said)"
    "  FROM (SELECT (SELECT count(*) FROM redelivered_event) AS n,"
    "   (SELECT coalesce(sum(redelivered), 0) FROM batch) AS said) WHERE n <> said",
    "SELECT 'redelivered_event', printf('offset %d of %s, partition %d: run %d is of another partition',"
    "  e.\"offset\", e.topic, e.partition, e.run) FROM redelivered_event AS e JOIN connector_run AS r USING "
    "(run)"
    "  WHERE (e.topic, e.partition) <> (r.topic, r.partition)",
    "SELECT 'redelivered_event', printf('offset %d of %s, partition %d: run %d begins at %d', e.\"offset\", "
    "e.topic,"
    "  e.partition, e.run, first_offset) FROM redelivered_event AS e JOIN connector_run USING (run)"
    "  WHERE e.\"offset\" < first_offset",
    /* A change that is named need not be stored: its event may have been a re-delivery. */
    "SELECT 'connector_run', printf('run %d begins with change %d, which is yet to come', run, "
    "first_change_id)"
    "  FROM connector_run, (SELECT coalesce(max(last_change_id), 0) AS last FROM batch)"
    "  WHERE first_change_id NOT BETWEEN 1 AND last + 1",
    "SELECT 'connector_run', printf('run %d begins with change %d, run %d before it with %d', run,"
    "  first_change_id, former, former_id) FROM (SELECT run, first_change_id, lag(run) OVER w AS former,"
    "  lag(first_change_id) OVER w AS former_id FROM connector_run WINDOW w AS (ORDER BY run))"
    "  WHERE first_change_id < former_id",
    "SELECT 'captured_column', printf('column %s of table %d begins with change %d, which is yet to come', "
    "name,"
    "  table_id, first_change_id)"
    "  FROM captured_column, (SELECT coalesce(max(last_change_id), 0) AS last FROM batch)"
    "  WHERE first_change_id NOT BETWEEN 0 AND last + 1",
    "SELECT 'column_change', printf('table %d changed with change %d, which is yet to come', table_id, "
    "change_id)"
    "  FROM column_change, (SELECT coalesce(max(last_change_id), 0) AS last FROM batch)"
    "  WHERE change_id NOT BETWEEN 0 AND last + 1",
    "SELECT 'column_change', printf('column %d of table %d is not in captured_column', position, table_id)"
    "  FROM column_change AS c WHERE NOT EXISTS (SELECT 1 FROM captured_column AS k"
    "   WHERE k.table_id = c.table_id AND k.position = c.position)",
    "SELECT 'text_log', printf('of %s: through_change_id is %d, committed_length %d', name, "
    "through_change_id,"
    "  committed_length) FROM text_log WHERE committed_length < 0 OR through_change_id < 0",
    NULL};

static int step(struct references *references, struct error *error)
{
    int code = sqlite3_step(references->rows);
    references->change_id = code == SQLITE_ROW ? sqlite3_column_int64(references->rows, 0) : INT64_MAX;
    if (code == SQLITE_ROW || code == SQLITE_DONE) return 0;
    return database_fail(references->verification->db, error, "references");
}

int references_open(struct verification *verification, struct references *references, struct error *error)
{
    references->verification = verification;
    if (database_prepare(verification->db, references_sql, &references->rows, error)) return -1;
    return step(references, error);
}

void references_close(struct references *references)
{
    sqlite3_finalize(references->rows);
    references->rows = NULL;
}

static void check_one(const struct references *references, const struct referred_change *change)
{
    sqlite3_stmt *row = references->rows;
    const char *place = database_text(row, 1), *op = (const char *)sqlite3_column_text(row, 3);
    bool any_table = sqlite3_column_type(row, 2) == SQLITE_NULL;
    if (!any_table && sqlite3_column_int64(row, 2) != change->table_id)
        verify_found(references->verification, place, "refers to change %lld as one of another table than %s",
                     (long long)change->change_id, change->history);
    else if (op && *op != change->op)
        verify_found(references->verification, place,
                     "refers to change %lld of %s, which is no snapshot read", (long long)change->change_id,
                     change->history);
    else if (sqlite3_column_int(row, 4) && !change->unavailable)
        verify_found(references->verification, place,
                     "refers to change %lld of %s, whose event carried all values",
                     (long long)change->change_id, change->history);
}

int references_take(struct references *references, const struct referred_change *change, struct error *error)
{
    while (references->change_id <= change->change_id) {
        if (references->change_id == change->change_id)
            check_one(references, change);
        else
            verify_found(references->verification, database_text(references->rows, 1),
                         "refers to change %lld, which is in no history", (long long)references->change_id);
        if (step(references, error)) return -1;
    }
    return 0;
}

int references_end(struct references *references, struct error *error)
{
    while (references->change_id < INT64_MAX) {
        verify_found(references->verification, database_text(references->rows, 1),
                     "refers to change %lld, which is in no history", (long long)references->change_id);
        if (step(references, error)) return -1;
    }
    return 0;
}

int verify_counts(struct verification *verification, struct error *error)
{
    for (const char *const *query = queries; *query; query++)
        if (verify_query(verification, *query, error)) return -1;
    return 0;
}
