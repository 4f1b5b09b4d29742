#ifndef SUMMARY_GATHERED_H
#define SUMMARY_GATHERED_H

#include "summary_counts.h"
#include "summary_keys.h"
#include "summary_lists.h"
#include "summary_resets.h"
#include "summary_step.h"

struct sqlite3;

/* The lists of summary_user_list. */
enum { SUMMARY_CHANGES, SUMMARY_SALES, SUMMARY_OTHER_SALES, SUMMARY_USER_LISTS };

/* What is gathered for one step of the sums. */
struct summary_gathered {
    struct summary_step step;
    struct summary_keys users, holdings, stocks;
    struct summary_counts changes, sales;
    struct summary_lists user_lists[SUMMARY_USER_LISTS];
    struct summary_lists holding_list;
    struct summary_resets resets;
};

/* All zero before; also after a failure: close. */
int summary_gathered_open(struct summary_gathered *gathered, struct sqlite3 *db, struct error *error);
void summary_gathered_close(struct summary_gathered *gathered);

/* Forgets all. What there may be much of gives its memory back: the next step is growing by then. */
void summary_gathered_clear(struct summary_gathered *gathered);

/* Bytes in use. */
size_t summary_gathered_size(const struct summary_gathered *gathered);

#endif
