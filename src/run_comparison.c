#include "cdclite/run_comparison.h"

static bool in_one_partition(const struct run *a, const struct run *b)
{
    return a->partition == b->partition && strcmp(a->topic, b->topic) == 0;
}

bool runs_comparable(const struct captured_table *table, const struct run *a, const struct run *b)
{
    return a->run_id || b->run_id || !table->key_enforced || in_one_partition(a, b);
}

/* Whether only the times at which they were sent tell two runs apart. */
static bool told_by_time(const struct run *a, const struct run *b)
{
    return !a->run_id && !b->run_id && !in_one_partition(a, b);
}

int runs_same(struct runs *runs, const struct stream *stream, int32_t run, int64_t offset,
              struct error *error)
{
    const struct run *own = &runs->all[stream->run], *other = &runs->all[run];
    struct sent_stretch stretch = other->stretch;
    if (own == other) return 1;
    if (own->run_id && other->run_id) return strcmp(own->run_id, other->run_id) == 0;
    if (!told_by_time(own, other)) return 0;
    if ((!stretch.known || offset < stretch.first_offset) &&
        sent_stretches_find(&runs->stretches, other->number, offset, &stretch, error))
        return -1;
    /* What nothing tells apart is taken for two rows: storing one twice is better than losing one. */
    return !(own->stretch.known && stretch.known && sent_apart(&own->stretch, &stretch));
}

/* The run before this one in its partition; NULL for the first. */
static const struct run *run_before(const struct runs *runs, const struct run *run)
{
    for (const struct run *before = run; before-- > runs->all;)
        if (before->table_id == run->table_id && in_one_partition(before, run)) return before;
    return NULL;
}

bool runs_resume(const struct runs *runs, const struct stream *stream, int32_t run,
                 const struct change *change)
{
    const struct run *own = &runs->all[stream->run], *wanted = &runs->all[run];
    if (change->op != 'c' || change->lsn.type != VALUE_INTEGER || stream->table->many_partitions)
        return false;
    while (own && own != wanted && own->resumes) {
        own = run_before(runs, own);
        if (own && own->last_lsn != change->lsn.integer) return false;
        if (own == wanted) return true;
    }
    return false;
}

/* Whether a run that has reached `place` can have done so as another one than `own`. */
static bool reached_as_another(const struct run *run, const struct run *own, int64_t place)
{
    if (run->run_id && own->run_id) return strcmp(run->run_id, own->run_id) != 0;
    if (!told_by_time(run, own)) return true;
    if (!own->stretch.known) return false;
    return (run->has_before && run->greatest_before >= place) ||
           (run->stretch.known && sent_apart(&run->stretch, &own->stretch));
}

bool runs_others_reached(const struct runs *runs, struct stream *stream, int64_t place)
{
    const struct run *own = &runs->all[stream->run];
    bool enforced = stream->table->key_enforced;
    if (stream->compared_at == runs->changes && stream->compared_enforced == enforced &&
        place > stream->others_reached)
        return false;
    stream->others_reached = INT64_MIN;
    stream->compared_at = runs->changes;
    stream->compared_enforced = enforced;
    bool reached = false;
    for (size_t i = 0; i < runs->count; i++) {
        const struct run *run = &runs->all[i];
        if (run == own || run->table_id != own->table_id || !run->has_greatest ||
            !runs_comparable(stream->table, run, own))
            continue;
        if (run->greatest_lsn > stream->others_reached) stream->others_reached = run->greatest_lsn;
        reached |= run->greatest_lsn >= place && reached_as_another(run, own, place);
    }
    return reached;
}
