#ifndef KAFKA_CLIENT_H
#define KAFKA_CLIENT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "cdclite/error.h"
#include "cdclite/kafka_source.h"

struct rd_kafka_s;

/* librdkafka's consumer and what it reported besides messages. Its callbacks run on the thread that polls, to
 * which all of it belongs but for what is atomic. */
struct kafka_client {
    struct rd_kafka_s *handle;
    atomic_int commits_under_way;
    char last_error[512];  /* what librdkafka reported last */
    atomic_int untrusted;  /* OpenSSL's X509_V_ERR_... of the certificate that a broker showed last, 0 for a
                              good one */
    bool failed;           /* that cannot mend itself: `last_error` says what */
    bool topic_missing;    /* a topic is not there, or no longer; cleared by whoever looks after it */
    bool loading;          /* troubles are warnings from now on; before, they explain why opening failed */
    char *user, *password; /* NULL when nobody has to be woken */
    size_t taken_bytes;    /* since its threads were woken */
    int taken_messages;
};

/* ERROR_USAGE for a property that is unknown or cdclite's own. The client stays at its address until
 * kafka_client_close, which comes afterwards, also after a failure. */
int kafka_client_open(struct kafka_client *client, const struct kafka_settings *settings,
                      struct error *error);

/* Fails with what librdkafka answered to a question, and with what it knows besides; `code` is its own. */
int kafka_client_no_answer(struct kafka_client *client, int code, const char *what, struct error *error);

/* Waits a little for the last offsets to reach the broker, and no longer for a consumer that hangs. */
void kafka_client_close(struct kafka_client *client);

/* A message of `bytes` left librdkafka's queue, where there is room now. */
void kafka_client_taken(struct kafka_client *client, size_t bytes);

/* Polls once and drops what came: serves the callbacks. */
void kafka_client_serve(struct kafka_client *client, int timeout_ms);

#endif
