#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include "cdclite/loader.h"
#include "cdclite/options.h"

/* The options of whatever stores events, in the forms that the loader takes; owns the lists. */
struct load_options {
    struct load_settings settings;
    struct text_choice *texts;
    struct table_name *names;
    struct table_key_choice *keys;
    struct table_type_choice *types;
    char **parts; /* the names cut out of TABLE=FILE, TOPIC=NAME and the like */
    size_t part_count;
};

/* Fills in all of the settings but `metrics`. ERROR_USAGE for what cannot be. load_options_free afterwards,
 * also after a failure. */
int load_options_read(struct load_options *load, const struct options *options, struct error *error);
void load_options_free(struct load_options *load);

#endif
