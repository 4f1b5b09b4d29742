#ifndef CDCLITE_RUN_COMPARISON_H
#define CDCLITE_RUN_COMPARISON_H

#include "cdclite/connector_run.h"

/* Whether two runs of the table can have given the same event. Without the header a key's events stay in
 * their partition. */
bool runs_comparable(const struct captured_table *table, const struct run *a, const struct run *b);

/* Whether the event at `offset` of the run with index `run` was given by the run that the stream's last event
 * is of: 1 or 0; -1: failure. */
int runs_same(struct runs *runs, const struct stream *stream, int32_t run, int64_t offset,
              struct error *error);

/* Whether that run ended, and the stream's run went on, amid rows that share the change's position: Debezium
 * 3.7 counts the events of one position that it has sent, and goes on behind them. */
bool runs_resume(const struct runs *runs, const struct stream *stream, int32_t run,
                 const struct change *change);

/* Whether another run of the stream's table can have given an event at this place. */
bool runs_others_reached(const struct runs *runs, struct stream *stream, int64_t place);

#endif
