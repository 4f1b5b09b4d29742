#ifndef SUMMARY_COUNTS_H
#define SUMMARY_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What is to be summed by hour or day and key, one entry each: appended as it comes, and only sorted and
 * added up when the step is folded, which takes less time than finding the sum of each. All zero is empty.
 */
enum summary_part { SUMMARY_HOUR, SUMMARY_KEY, SUMMARY_PARTS };

struct summary_count {
    uint32_t is[SUMMARY_PARTS]; /* numbers, or where these stand in their order */
    int64_t what;               /* see summary_kind */
};

struct summary_counts {
    struct summary_count *all;
    size_t count, capacity;
};

/* False when memory ran out. */
bool summary_counts_add(struct summary_counts *counts, uint32_t hour, uint32_t key, int64_t what);

/* Makes numbers of the part places[number], which are below `place_count`, and sorts by these; equals stay in
 * their order. False when memory ran out. */
bool summary_counts_sort(const struct summary_counts *counts, enum summary_part part, const uint32_t *places,
                         size_t place_count, struct summary_counts *sorted);

/* Bytes in use. */
size_t summary_counts_size(const struct summary_counts *counts);
void summary_counts_free(struct summary_counts *counts);

#endif
