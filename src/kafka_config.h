#ifndef KAFKA_CONFIG_H
#define KAFKA_CONFIG_H

#include "cdclite/error.h"
#include "cdclite/kafka_source.h"

struct rd_kafka_conf_s;

/* The consumer's configuration: our defaults, then the user's properties. The caller owns *conf. */
int kafka_config_make(const struct kafka_settings *settings, struct rd_kafka_conf_s **conf,
                      struct error *error);

#endif
