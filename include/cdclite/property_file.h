#ifndef CDCLITE_PROPERTY_FILE_H
#define CDCLITE_PROPERTY_FILE_H

#include <stddef.h>

#include "cdclite/error.h"

/* librdkafka properties as "key=value" texts, in the order given, ended by NULL. All zero is an empty list.
 */
struct property_list {
    char **all;
    size_t count;
};

/* Adds one "key=value". */
int property_list_add(struct property_list *list, const char *property, struct error *error);

/* Adds a file's: key=value a line, empty lines and lines with # passed over, spaces around both parts cut
 * (kcat's and Kafka's client.properties). Warns when others may read the file and it names a password. */
int property_list_read(struct property_list *list, const char *path, struct error *error);

void property_list_free(struct property_list *list);

#endif
