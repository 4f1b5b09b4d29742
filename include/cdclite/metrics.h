#ifndef CDCLITE_METRICS_H
#define CDCLITE_METRICS_H

#include "cdclite/batch.h"
#include "cdclite/catalog.h"
#include "cdclite/error.h"
#include "cdclite/positions.h"
#include "cdclite/source.h"

/*
 * The figures of a load in Prometheus' text format
 * (prometheus.io/docs/instrumenting/exposition_formats/), in a file for node_exporter's textfile collector.
 * What was committed stands there and nothing else. The file is replaced by renaming FILE.tmp, so that a
 * reader finds a whole one: once a second at most, and at the end. Counters begin at 0 with the load.
 *
 * They belong to the loader's thread; from metrics_seal to metrics_committed to the one that writes the
 * batch. All functions but metrics_open do nothing for NULL.
 */
struct metrics;

/* What the figures are taken from; borrowed for the call. */
struct metrics_view {
    const char *db_path;
    const struct catalog *catalog;
    const struct positions *positions;
    struct source *source;
};

/* Looks whether the file can be written, and leaves it as it is: ERROR_STORAGE. metrics_close afterwards,
 * also after a failure. */
int metrics_open(const char *path, struct metrics **metrics, struct error *error);
void metrics_close(struct metrics *metrics);

/* A batch is about to be committed. */
void metrics_seal(struct metrics *metrics, const struct batch *batch, const struct metrics_view *view);

/* It has been. A file that cannot be written is said once; the load goes on. */
void metrics_committed(struct metrics *metrics);

/* No batch is under way: writes what a second kept back, and every ten seconds also when nothing has come, so
 * that the file's age tells that the load lives. */
void metrics_rest(struct metrics *metrics, const struct metrics_view *view);

/* The load is at its end, all is committed. */
void metrics_end(struct metrics *metrics, const struct metrics_view *view);

#endif
