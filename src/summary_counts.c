#include "summary_counts.h"

#include <stdlib.h>

bool summary_counts_add(struct summary_counts *counts, uint32_t hour, uint32_t key, int64_t what)
{
    if (counts->count == counts->capacity) {
        size_t capacity = counts->capacity ? counts->capacity * 2 : 256;
        struct summary_count *all = reallocarray(counts->all, capacity, sizeof *all);
        if (!all) return false;
        counts->all = all;
        counts->capacity = capacity;
    }
    counts->all[counts->count++] = (struct summary_count){{hour, key}, what};
    return true;
}

bool summary_counts_sort(const struct summary_counts *counts, enum summary_part part, const uint32_t *places,
                         size_t place_count, struct summary_counts *sorted)
{
    size_t *starts = calloc(place_count + 1, sizeof *starts);
    struct summary_count *all = malloc((counts->count + 1) * sizeof *all);
    *sorted = (struct summary_counts){all, counts->count, counts->count};
    if (!starts || !all) {
        free(starts);
        return false;
    }
    for (size_t i = 0; i < counts->count; i++) starts[places[counts->all[i].is[part]] + 1]++;
    for (size_t i = 1; i <= place_count; i++) starts[i] += starts[i - 1];
    for (size_t i = 0; i < counts->count; i++) {
        const uint32_t place = places[counts->all[i].is[part]];
        struct summary_count *to = &all[starts[place]++];
        *to = counts->all[i];
        to->is[part] = place;
    }
    free(starts);
    return true;
}

size_t summary_counts_size(const struct summary_counts *counts)
{
    return counts->count * sizeof *counts->all;
}

void summary_counts_free(struct summary_counts *counts)
{
    free(counts->all);
    *counts = (struct summary_counts){0};
}
