#include "summary_gathered.h"

int summary_gathered_open(struct summary_gathered *gathered, struct sqlite3 *db, struct error *error)
{
    return summary_step_open(&gathered->step, db, error) || summary_resets_open(&gathered->resets, db, error)
               ? -1
               : 0;
}

void summary_gathered_close(struct summary_gathered *gathered)
{
    summary_gathered_clear(gathered);
    summary_step_close(&gathered->step);
    summary_resets_close(&gathered->resets);
}

void summary_gathered_clear(struct summary_gathered *gathered)
{
    summary_step_clear(&gathered->step);
    summary_keys_free(&gathered->users);
    summary_keys_free(&gathered->holdings);
    summary_keys_free(&gathered->stocks);
    summary_counts_free(&gathered->changes);
    summary_counts_free(&gathered->sales);
    for (size_t i = 0; i < SUMMARY_USER_LISTS; i++) summary_lists_free(&gathered->user_lists[i]);
    summary_lists_free(&gathered->holding_list);
    summary_resets_clear(&gathered->resets);
}

size_t summary_gathered_size(const struct summary_gathered *gathered)
{
    size_t lists = summary_lists_size(&gathered->holding_list);
    for (size_t i = 0; i < SUMMARY_USER_LISTS; i++) lists += summary_lists_size(&gathered->user_lists[i]);
    return lists + summary_step_size(&gathered->step) + summary_keys_size(&gathered->users) +
           summary_keys_size(&gathered->holdings) + summary_keys_size(&gathered->stocks) +
           summary_counts_size(&gathered->changes) + summary_counts_size(&gathered->sales) +
           summary_resets_size(&gathered->resets);
}
