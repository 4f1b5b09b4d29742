#include "cdclite/table_names.h"

#include <stdbool.h>

static bool is_same(const struct numbered_name *known, const struct slice *parts)
{
    const char *at = known->text;
    for (size_t i = 0; i < TABLE_NAME_PARTS; i++) {
        if (known->sizes[i] != parts[i].size) return false;
        if (parts[i].size && memcmp(at, parts[i].at, parts[i].size) != 0) return false;
        at += parts[i].size;
    }
    return true;
}

uint64_t table_names_number(struct table_names *names, const struct slice parts[TABLE_NAME_PARTS])
{
    size_t used = 0;
    for (size_t i = 0; i < TABLE_NAMES; i++) {
        const struct numbered_name *known = &names->recent[i];
        if (known->number && is_same(known, parts)) return known->number;
    }
    struct numbered_name *oldest = &names->recent[names->last_number % TABLE_NAMES];
    oldest->number = 0;
    for (size_t i = 0; i < TABLE_NAME_PARTS; i++) {
        if (parts[i].size > sizeof oldest->text - used) return 0;
        if (parts[i].size) memcpy(oldest->text + used, parts[i].at, parts[i].size);
        oldest->sizes[i] = parts[i].size;
        used += parts[i].size;
    }
    return oldest->number = ++names->last_number;
}
