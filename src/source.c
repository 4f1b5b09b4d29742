#include "cdclite/source.h"

void source_stored_unwatched(struct source *source, struct positions *positions)
{
    (void)source;
    (void)positions;
}

int64_t source_end_unknown(struct source *source, struct slice topic, int32_t partition)
{
    (void)source;
    (void)topic;
    (void)partition;
    return -1;
}
