#include "kafka_client.h"

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cdclite/log.h"
#include "kafka_config.h"

enum {
    LAST_COMMIT_MS = 1000, /* for the last offsets to reach the broker at close */
    CLOSE_SECONDS = 5,     /* librdkafka's destroy can hang (its issues 4187, 4724) */
    WAKE_BYTES = 1 << 20,
    WAKE_MESSAGES = 1000,
};

static void on_error(rd_kafka_t *consumer, int code, const char *reason, void *opaque)
{
    struct kafka_client *client = opaque;
    char text[256];
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        code = rd_kafka_fatal_error(consumer, text, sizeof text);
        reason = text;
    }
    snprintf(client->last_error, sizeof client->last_error, "%s", reason);
    switch (code) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__SSL: client->failed = true; break;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        client->topic_missing = true;
        log_write(LOG_DEBUG, "Kafka: %s", reason);
        break;
    default: log_write(client->loading ? LOG_WARNING : LOG_DEBUG, "Kafka: %s", reason);
    }
}

static void on_log(const rd_kafka_t *consumer, int level, const char *facility, const char *text)
{
    (void)consumer;
    (void)level;
    log_write(LOG_DEBUG, "librdkafka: %s: %s", facility, text);
}

static void on_commit(rd_kafka_t *consumer, rd_kafka_resp_err_t code,
                      rd_kafka_topic_partition_list_t *offsets, void *opaque)
{
    struct kafka_client *client = opaque;
    (void)consumer;
    (void)offsets;
    client->commits_under_way--;
    if (code && code != RD_KAFKA_RESP_ERR__NO_OFFSET)
        log_write(LOG_DEBUG, "Kafka: offsets (for lag monitors only) were not committed: %s",
                  rd_kafka_err2str(code));
}

/* Judges as OpenSSL does, and remembers why: librdkafka's own message does not tell. On librdkafka's threads.
 */
static int on_certificate(rd_kafka_t *consumer, const char *broker, int32_t id, int *problem, int depth,
                          const char *certificate, size_t size, char *why, size_t why_size, void *opaque)
{
    struct kafka_client *client = opaque;
    (void)consumer, (void)broker, (void)id, (void)depth, (void)certificate, (void)size;
    if (*problem == 0) return 1;
    atomic_store(&client->untrusted, *problem);
    snprintf(why, why_size, "OpenSSL's reason %d", *problem);
    return 0;
}

/* The property's value, "" where it has none; the caller frees it. */
static char *property_of(const rd_kafka_t *consumer, const char *name)
{
    const rd_kafka_conf_t *conf = rd_kafka_conf((rd_kafka_t *)consumer);
    size_t size = 0;
    if (rd_kafka_conf_get(conf, name, NULL, &size)) size = 0;
    char *value = calloc(1, size + 1);
    if (value && size) rd_kafka_conf_get(conf, name, value, &size);
    return value;
}

int kafka_client_open(struct kafka_client *client, const struct kafka_settings *settings, struct error *error)
{
    char why[512];
    rd_kafka_conf_t *conf = NULL;
    if (kafka_config_make(settings, &conf, error)) goto failed;
    rd_kafka_conf_set_opaque(conf, client);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_offset_commit_cb(conf, on_commit);
    rd_kafka_conf_set_ssl_cert_verify_cb(conf, on_certificate); /* in vain where it is built without TLS */
    client->handle = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (!client->handle) {
        error_set(error, ERROR_USAGE, "librdkafka refuses its configuration: %s", why);
        goto failed;
    }
    rd_kafka_poll_set_consumer(client->handle);
    if (!kafka_config_has_queue_backoff(client->handle)) {
        client->user = property_of(client->handle, "sasl.username");
        client->password = property_of(client->handle, "sasl.password");
    }
    return 0; /* the consumer owns the configuration now */
failed:
    if (conf) rd_kafka_conf_destroy(conf);
    return -1;
}

/* When its queue is full, librdkafka before 2.2 stops to fetch for up to a second, however soon there is room
 * again (a later one is told by fetch.queue.backoff.ms). Giving it the credentials that it has anyway wakes
 * its threads, and does nothing else. */
void kafka_client_taken(struct kafka_client *client, size_t bytes)
{
    client->taken_bytes += bytes;
    client->taken_messages++;
    if (client->taken_bytes < WAKE_BYTES && client->taken_messages < WAKE_MESSAGES) return;
    client->taken_bytes = 0;
    client->taken_messages = 0;
    if (client->user && client->password)
        rd_kafka_error_destroy(rd_kafka_sasl_set_credentials(client->handle, client->user, client->password));
}

void kafka_client_serve(struct kafka_client *client, int timeout_ms)
{
    rd_kafka_message_t *record = rd_kafka_consumer_poll(client->handle, timeout_ms);
    if (record) rd_kafka_message_destroy(record);
}

/* What to do about a broker that does not answer. */
static const char *advice(const struct kafka_client *client)
{
    enum { FIRST_RIGHT_SCRAM = 0x02060100 };
    enum { SELF_SIGNED = 18, UNKNOWN_ROOT = 19, NO_ISSUER = 20, NO_CHAIN = 21 };
    enum { NOT_YET_VALID = 9, EXPIRED = 10, OTHER_HOST = 62, OTHER_ADDRESS = 64 };
    const char *said = client->last_error;
    switch (atomic_load(&client->untrusted)) {
    case 0: break;
    case SELF_SIGNED:
    case UNKNOWN_ROOT:
    case NO_ISSUER:
    case NO_CHAIN:
        return "the broker's certificate is of an unknown authority: name the authority's certificate by "
               "-X ssl.ca.location=FILE";
    case NOT_YET_VALID: return "the broker's certificate is not valid yet: check the clocks";
    case EXPIRED: return "the broker's certificate has expired: renew it";
    case OTHER_HOST:
    case OTHER_ADDRESS:
        return "the broker's certificate is of another host name: give --brokers the name that stands in it";
    default: return "the broker's certificate cannot be trusted: check it and -X ssl.ca.location";
    }
    /* It doubles a nonce (its pull request 4895). */
    if (strstr(said, "SCRAM") && rd_kafka_version() < FIRST_RIGHT_SCRAM)
        return "check sasl.username and sasl.password; brokers of Kafka 4 refuse SCRAM from librdkafka "
               "before 2.6.1 "
               "whatever the password is: use PLAIN over TLS there, or a later librdkafka";
    if (strstr(said, "uthentication"))
        return "check sasl.mechanism, sasl.username and sasl.password (they belong into a file: -F)";
    if (strstr(said, "SSL handshake failed"))
        return "check -X security.protocol: it seems that this port does not speak TLS";
    if (strstr(said, "security.protocol"))
        return "check -X security.protocol: it seems that this port speaks TLS";
    return "check --brokers and that the broker runs";
}

int kafka_client_no_answer(struct kafka_client *client, int code, const char *what, struct error *error)
{
    char brokers[256] = "";
    size_t size = sizeof brokers;
    rd_kafka_conf_get(rd_kafka_conf(client->handle), "bootstrap.servers", brokers, &size);
    /* Serves on_error, which knows more than "timed out". */
    kafka_client_serve(client, 0);
    return error_set(error, ERROR_SOURCE, "%s: %s: %s%s%s; %s", brokers, what,
                     rd_kafka_err2str((rd_kafka_resp_err_t)code), *client->last_error ? ": " : "",
                     client->last_error, advice(client));
}

static void *destroy(void *consumer)
{
    rd_kafka_destroy_flags(consumer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    return NULL;
}

void kafka_client_close(struct kafka_client *client)
{
    pthread_t thread;
    struct timespec until;
    free(client->user);
    free(client->password);
    if (!client->handle) return;
    for (int waited = 0; client->commits_under_way > 0 && waited < LAST_COMMIT_MS; waited += 10)
        kafka_client_serve(client, 10);
    /* Destroy would wait for them for ever, its main thread spinning. Everything is stored by now. */
    if (client->commits_under_way > 0) {
        log_write(LOG_DEBUG, "Kafka: the last offsets (for lag monitors only) were not committed");
        return;
    }
    /* No unassign before destroy: the two of them may stop a partition twice, which asserts (issue 5573). On
     * a thread of its own, which is left behind if it hangs: everything is stored by now. */
    if (pthread_create(&thread, NULL, destroy, client->handle)) return;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += CLOSE_SECONDS;
    if (pthread_timedjoin_np(thread, NULL, &until)) {
        log_write(LOG_DEBUG, "librdkafka did not close in time; left behind");
        pthread_detach(thread);
    }
}
