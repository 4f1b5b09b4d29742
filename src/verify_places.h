#ifndef VERIFY_PLACES_H
#define VERIFY_PLACES_H

#include "cdclite/partition_index.h"
#include "verify_parts.h"

/* Where events stood: whether their offsets can be, beside each other and beside `position`. */

/* A partition of a topic, or an input. */
struct place {
    char *topic;
    int32_t partition;
    int64_t anchor_offset; /* of the last record taken, as `position` says; -1: the log is another one now */
    int64_t last_offset, last_change_id; /* of the change seen last; -1: none */
    bool is_file;                        /* the offsets are bytes of an input, which never begin again */
    bool made_anew; /* the topic was, and --restart-at went on with it: its offsets have begun again */
    bool has_lane;  /* changes of a table came from it */
    bool has_side;  /* events of it were rejected or re-delivered: temp.side_event has their offsets, */
    int64_t both, first_both; /* so many changes stand there as well, and this is the first of them */
};

struct places {
    struct place **all; /* each stays at its address */
    size_t count;
    struct partition_index index;
    sqlite3_stmt *side; /* finds a row of temp.side_event */
};

/* A row of connector_run. */
struct lane_run {
    int64_t number, first_offset, first_change_id, greatest;
    bool has_greatest, reported;
};

/* A table's changes in one partition, and the runs of the connector that gave them. */
struct lane {
    int64_t table_id;
    int32_t partition;
    struct place *place; /* NULL: of several topics, and nothing says which one a change came from */
    struct lane_run *runs;
    size_t run_count, begun; /* how many, and how many have begun */
};

struct lanes {
    struct lane *all; /* by table */
    size_t count;
};

/* A change, as far as its place goes. */
struct placed_change {
    const char *history; /* the table it stands in */
    int64_t change_id, offset;
    bool has_reached;
    int64_t reached; /* run_place of connector_run.h */
};

/* Reads `position`, rejected_event and redelivered_event. places_free afterwards, also after a failure. */
int places_load(struct verification *verification, struct places *places, struct error *error);
void places_free(struct places *places);

/* Reads connector_run. lanes_free afterwards, also after a failure. */
int lanes_load(struct verification *verification, const struct places *places, struct lanes *lanes,
               struct error *error);
void lanes_free(struct lanes *lanes);

/* Holds the next change of a lane against those before it. */
int lane_take(struct verification *verification, const struct places *places, struct lane *lane,
              const struct placed_change *change, struct error *error);

/* What is to hold once all changes were taken. */
int places_check(struct verification *verification, struct places *places, struct lanes *lanes,
                 struct error *error);

#endif
