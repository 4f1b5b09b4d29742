#ifndef CDCLITE_PROPERTY_FILE_H
#define CDCLITE_PROPERTY_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "cdclite/error.h"

/* librdkafka properties as "key=value" texts, in the order given, ended by NULL. All zero is an empty list.
 */
struct property_list {
    char **all;
    size_t count;
};

/* Adds one "key=value". What is none is refused and not repeated, as it may be a secret. */
int property_list_add(struct property_list *list, const char *property, struct error *error);

/* Whether the property of "key=value" holds what nobody may see: a password, a private key, a token. */
bool property_is_secret(const char *property);

/* Whether it is an option of cdclite's, "cdclite.db=history.db", and none of librdkafka's. */
bool property_is_option(const char *property);

/* Adds the environment's: CDCLITE_KAFKA_SASL_PASSWORD is sasl.password. */
int property_list_environment(struct property_list *list, struct error *error);

/* Adds a file's: key=value a line, empty lines and lines with # passed over, spaces around both parts cut
 * (kcat's and Kafka's client.properties). Warns when it holds a secret and others may read it. */
int property_list_read(struct property_list *list, const char *path, struct error *error);

void property_list_free(struct property_list *list);

#endif
