#ifndef CDCLITE_DECIMAL_H
#define CDCLITE_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

#include "cdclite/arena.h"
#include "cdclite/slice.h"

/* PostgreSQL's numeric has at most 131,072 digits before and 16,383 behind the point. */
enum { DECIMAL_BYTES = 64 * 1024, DECIMAL_SCALE = 200000 };

/* Decodes base64 (RFC 4648, padded or not) into `arena`; -1 when it is none. */
int base64_decode(struct slice text, struct arena *arena, struct slice *bytes);

/*
 * The number unscaled * 10^-scale as exact decimal text, "-12.340", with `scale` digits behind the point as
 * PostgreSQL prints it. `number` is the unscaled value, big-endian two's complement (Kafka Connect's
 * org.apache.kafka.connect.data.Decimal). -1 for an empty or oversized one.
 */
int decimal_text(struct slice number, int32_t scale, struct arena *arena, struct slice *text);

#endif
