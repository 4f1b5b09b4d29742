#ifndef CDCLITE_SOURCE_FACTS_H
#define CDCLITE_SOURCE_FACTS_H

#include "cdclite/envelope.h"
#include "cdclite/json_reader.h"

/*
 * What a connector says about where an event comes from: the members of the envelope's `source` block
 * ("Change event values" in each connector's documentation), or the `__…` members that ExtractNewRecordState
 * adds to a flattened record (its option add.fields).
 */
struct source_facts {
    struct slice version; /* source text */
    struct value name, db, schema, table, ts_ms, ts_us, snapshot;
    struct value lsn, tx_id;             /* PostgreSQL; Oracle has a txId, Spanner a server_transaction_id */
    struct value file, pos, row, gtid;   /* MySQL, MariaDB; Vitess has a vgtid */
    struct value change_lsn, commit_lsn; /* SQL Server, Db2 */
    struct value scn;                    /* Oracle */
    struct value serial;    /* SQL Server's event_serial_no: not kept, but it is its connector's mark */
    bool several_databases; /* the table is told by its database too */
    struct value ord, lsid, txn_number; /* MongoDB */
    bool collection;                    /* MongoDB */
};

/* Which fact a member of this name is; -1 for none. */
int source_fact_named(struct slice name);

/* Whether it is one that the events of a table share: a name, the version, the mark of a snapshot. */
bool source_fact_is_shared(int fact);

/* Where the text of a shared fact is; NULL for one that is no text. */
struct slice *source_fact_text(struct source_facts *facts, int fact);

/* Takes a member's value as that fact. NULL, or why it cannot be. */
const char *source_facts_take(struct source_facts *facts, int fact, const struct json_token *token,
                              struct arena *arena);

/* Sets what the facts tell of a change: names, changed_at (unless no time is known: then false), lsn, tx_id,
 * snapshot, document, placeholders. */
bool source_facts_apply(const struct source_facts *facts, struct arena *arena, struct change *change);

#endif
