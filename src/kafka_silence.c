#include "kafka_silence.h"

#include "cdclite/log.h"
#include "cdclite/time_text.h"

#define CHECKS                                                                                        \
    "check that the connector and its task run (curl CONNECT:8083/connectors/NAME/status), that its " \
    "table.include.list names the table, and that rows of it change; docs/connect.md has all checks"

/* What was found when each partition was. */
struct found {
    size_t partitions;
    bool loaded_before; /* of some of them */
    bool had, has;      /* records once, and still */
};

static struct found look_at(struct kafka_assignment *assignment)
{
    struct found found = {.partitions = assignment->partitions.count};
    pthread_mutex_lock(&assignment->mutex);
    for (size_t i = 0; i < found.partitions; i++) {
        const struct partition *partition = assignment->partitions.all[i];
        found.loaded_before |= partition->position.stored;
        found.had |= partition->high > 0;
        found.has |= partition->high > partition->low;
    }
    pthread_mutex_unlock(&assignment->mutex);
    return found;
}

static const char *reason(const struct found *found)
{
    if (found->partitions == 0)
        return "no topic matches. Debezium makes a topic with its table's first event and calls it "
               "topic.prefix.schema.table: " CHECKS;
    if (found->has)
        return "records are there, but the brokers give none of them: they are of a transaction that is open "
               "or was aborted, or were compacted away";
    if (found->had)
        return "what the topic held was deleted by its retention, and nothing came since: " CHECKS;
    return "the topic is empty: " CHECKS;
}

void kafka_silence_begin(struct kafka_silence *silence, const struct kafka_settings *settings)
{
    silence->began_ms = settings->silence_ms ? time_passing_ms() : 0;
}

void kafka_silence_look(struct kafka_silence *silence, struct kafka_assignment *assignment, bool ended)
{
    int64_t silence_ms = assignment->settings->silence_ms;
    if (silence->began_ms == 0 || (!ended && time_passing_ms() - silence->began_ms < silence_ms)) return;
    kafka_silence_end(silence);
    const struct found found = look_at(assignment);
    if (found.loaded_before) return;
    if (ended)
        log_write(LOG_WARNING, "there is no event: %s", reason(&found));
    else
        log_write(LOG_WARNING, "no event for %lld s: %s", (long long)((silence_ms + 999) / 1000),
                  reason(&found));
}
