#include "cdclite/incomplete.h"

#include <string.h>

#include "cdclite/buffer.h"
#include "cdclite/log.h"

/* A name as PostgreSQL reads it: in quotes unless it is plain. */
static void sql_name(struct buffer *text, struct slice name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    bool quoted = name.size == 0 || (name.at[0] >= '0' && name.at[0] <= '9');
    for (size_t i = 0; i < name.size && !quoted; i++) quoted = !memchr(plain, name.at[i], sizeof plain - 1);
    if (quoted) buffer_char(text, '"');
    for (size_t i = 0; i < name.size; i++) {
        if (name.at[i] == '"') buffer_char(text, '"');
        buffer_char(text, name.at[i]);
    }
    if (quoted) buffer_char(text, '"');
}

void incomplete_say_no_old_values(const struct captured_table *table, const struct change *change)
{
    struct buffer name = {0};
    if (change->flattened || change->lsn.type != VALUE_INTEGER) return;
    if (change->schema.size) {
        sql_name(&name, change->schema);
        buffer_char(&name, '.');
    }
    sql_name(&name, change->table);
    log_write(LOG_WARNING,
              "%s: its updates come without old values, which are filled in from what was loaded before; "
              "ALTER TABLE %s REPLICA IDENTITY FULL; makes its events complete",
              table->source_name, buffer_string(&name));
    buffer_free(&name);
}

void incomplete_say_flattened(const struct captured_table *table, const struct change *change)
{
    bool lacks_facts = change->upsert || change->lsn.type == VALUE_NULL || change->tx_id.type == VALUE_NULL;
    log_write(LOG_WARNING,
              "%s: its records are flattened (ExtractNewRecordState), without old values and truncates; "
              "without that transform in the connector events come whole%s",
              table->source_name,
              lacks_facts ? ", and with its add.fields=op,table,lsn,source.ts_ms,source.txId these would at "
                            "least say what happened, when and where"
                          : "");
}
