#include "metrics_text.h"

#include <sys/stat.h>

#include "display_text.h"

void metrics_totals_add(struct metrics_totals *totals, const struct batch *batch)
{
    load_counts_add(&totals->counts, &batch->counts);
    totals->bytes += (int64_t)batch->bytes;
    if (batch->has_changed_at &&
        (!totals->has_changed_at || batch->greatest_changed_at > totals->changed_at)) {
        totals->has_changed_at = true;
        totals->changed_at = batch->greatest_changed_at;
    }
}

static void family(struct buffer *text, const char *name, const char *type, const char *help)
{
    buffer_printf(text, "# HELP cdclite_%s %s\n# TYPE cdclite_%s %s\n", name, help, name, type);
}

static void counter(struct buffer *text, const char *name, const char *help, int64_t value)
{
    family(text, name, "counter", help);
    buffer_printf(text, "cdclite_%s %lld\n", name, (long long)value);
}

static void append_seconds(struct buffer *text, int64_t microseconds)
{
    long long seconds = microseconds / 1000000, fraction = microseconds % 1000000;
    if (fraction < 0) {
        seconds--;
        fraction += 1000000;
    }
    /* What lies before 1970 in exact digits too: -0.25 is -1 and 0.75. */
    if (seconds < 0 && fraction > 0) {
        buffer_printf(text, "-%lld.%06lld", -(seconds + 1), 1000000 - fraction);
    } else {
        buffer_printf(text, "%lld.%06lld", seconds, fraction);
    }
}

static void seconds_gauge(struct buffer *text, const char *name, const char *help, int64_t microseconds)
{
    family(text, name, "gauge", help);
    buffer_printf(text, "cdclite_%s ", name);
    append_seconds(text, microseconds);
    buffer_char(text, '\n');
}

/* A label's value must be UTF-8, which a file's name need not be; backslashes, quotes and line feeds are
 * escaped. */
static void append_label(struct buffer *text, const char *name, const char *value)
{
    struct slice all = slice_of(value);
    size_t size;
    buffer_printf(text, "%s=\"", name);
    for (size_t i = 0; i < all.size; i += size) {
        if (utf8_at((struct slice){all.at + i, all.size - i}, &size) < 0) {
            buffer_text(text, "\xef\xbf\xbd");
        } else if (all.at[i] == '\n') {
            buffer_text(text, "\\n");
        } else {
            if (all.at[i] == '"' || all.at[i] == '\\') buffer_char(text, '\\');
            buffer_append(text, all.at + i, size);
        }
    }
    buffer_char(text, '"');
}

static void append_events(struct buffer *text, const struct catalog *catalog)
{
    family(text, "events_total", "counter", "Changes stored in a table's history, by operation.");
    for (size_t i = 0; i < catalog_count(catalog); i++) {
        const struct captured_table *table = catalog_at(catalog, i);
        for (size_t k = 0; k < OPERATION_COUNT; k++) {
            buffer_text(text, "cdclite_events_total{");
            append_label(text, "table", table->name);
            buffer_printf(text, ",op=\"%c\"} %lld\n", operations[k],
                          (long long)table->stored_by_operation[k]);
        }
    }
}

static void append_position(struct buffer *text, const char *name, const struct position *position,
                            int64_t value)
{
    buffer_printf(text, "cdclite_%s{", name);
    append_label(text, "topic", position->topic);
    buffer_printf(text, ",partition=\"%d\"} %lld\n", position->partition, (long long)value);
}

/* Of partitions that the source reads: only it knows where their logs end. */
static void append_lag(struct buffer *text, const struct metrics_view *view)
{
    const struct positions *positions = view->positions;
    family(text, "partition_next_offset", "gauge", "Where a partition goes on; of a file, a byte.");
    for (size_t i = 0; i < positions->count; i++)
        if (positions->all[i]->stored)
            append_position(text, "partition_next_offset", positions->all[i], positions->all[i]->next_offset);
    family(text, "partition_lag", "gauge", "Records of a Kafka partition that are not loaded yet.");
    for (size_t i = 0; i < positions->count; i++) {
        const struct position *position = positions->all[i];
        int64_t end = view->source->end_offset(view->source, slice_of(position->topic), position->partition);
        if (position->stored && end >= 0)
            append_position(text, "partition_lag", position,
                            end > position->next_offset ? end - position->next_offset : 0);
    }
}

void metrics_text_counted(struct buffer *text, const struct metrics_totals *totals,
                          const struct metrics_view *view)
{
    const struct load_counts *counts = &totals->counts;
    family(text, "build_info", "gauge", "The version that loads.");
    buffer_text(text, "cdclite_build_info{version=\"" CDCLITE_VERSION "\"} 1\n");
    seconds_gauge(text, "start_time_seconds", "When the load began; counters began at 0 with it.",
                  totals->started_at);
    append_events(text, view->catalog);
    counter(text, "messages_total", "Messages taken.", counts->messages);
    counter(text, "message_bytes_total", "Bytes of their values.", totals->bytes);
    counter(text, "tombstones_total", "Messages without a value.", counts->tombstones);
    counter(text, "bookkeeping_total", "Heartbeats, transaction boundaries, logical messages.",
            counts->bookkeeping);
    counter(text, "rejected_total", "Messages that could not be stored (cdclite rejected list).",
            counts->rejected);
    counter(text, "redelivered_total", "Changes that Debezium sent again, not stored twice.",
            counts->redelivered);
    if (totals->has_changed_at)
        seconds_gauge(text, "last_change_timestamp_seconds", "The latest commit time at the source.",
                      totals->changed_at);
    append_lag(text, view);
}

static void append_bytes(struct buffer *text, const char *kind, const char *db_path, const char *suffix)
{
    struct stat status;
    struct buffer name = {0};
    buffer_printf(&name, "%s%s", db_path, suffix);
    if (stat(buffer_string(&name), &status) == 0)
        buffer_printf(text, "cdclite_file_bytes{file=\"%s\"} %lld\n", kind, (long long)status.st_size);
    buffer_free(&name);
}

void metrics_text_committed(struct buffer *text, const struct metrics_totals *totals, const char *db_path)
{
    family(text, "batch_seconds", "summary", "From a batch's first message to its commit.");
    buffer_text(text, "cdclite_batch_seconds_sum ");
    append_seconds(text, totals->batch_ms * 1000);
    buffer_printf(text, "\ncdclite_batch_seconds_count %lld\n", (long long)totals->batches);
    if (totals->committed_at)
        seconds_gauge(text, "last_commit_timestamp_seconds", "When the last batch was committed.",
                      totals->committed_at);
    family(text, "file_bytes", "gauge", "Sizes of the database and its write-ahead log.");
    append_bytes(text, "database", db_path, "");
    append_bytes(text, "wal", db_path, "-wal");
}
