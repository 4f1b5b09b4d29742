/*
 * Many change events out of few: make_events SEED COUNT [--first N] [--total N] [--schema FILE]
 *
 * SEED holds bare Debezium values of `holding`, one a line. Copies of it are printed until COUNT events are
 * out; with
 * --schema each stands in an envelope with that schema block. A copy is a later stretch of the source's life,
 * no re-delivery: lsn, sequence and txId go on where the copy before ended, its holdings are new ones, its
 * users are others of the same 5000, and its commit times follow, so that TOTAL events (default: all that are
 * asked for) span 300 days. The events N to N+COUNT-1 of a run with a --first are those of a longer run
 * without.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FIELDS = 16, USERS = 5000, USERS_APART = 500, HOLDINGS = 20000, CLASSES = 10 };

static const int64_t FIRST_COMMIT = 1767225600000000; // 2026-01-01
static const int64_t SPAN = INT64_C(300) * 86400 * 1000000;

enum kind { COMMIT_NS, COMMIT_US, COMMIT_MS, SENT_NS, SENT_US, SENT_MS, LSN, TX_ID, HOLDING, USER, SEQUENCE };

struct field {
    enum kind kind;
    const char *literal; // what stands before it
    size_t literal_size;
    int64_t value;
};

struct event {
    struct field fields[MOST_FIELDS];
    int count;
    const char *rest;
    size_t rest_size;
    int64_t commit_us, sent_us;
};

struct seed {
    struct event *events;
    int64_t count, first_us, span_us, lsn_span, tx_span;
};

static _Noreturn void die(const char *what, const char *which)
{
    fprintf(stderr, "make_events: %s %s\n", what, which);
    exit(1);
}

static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) die("cannot read", path);
    long end = ftell(file);
    rewind(file);
    char *text = malloc((size_t)end + 1);
    if (!text || fread(text, 1, (size_t)end, file) != (size_t)end) die("cannot read", path);
    fclose(file);
    text[end] = '\0';
    *size = (size_t)end;
    return text;
}

// The kind of the number after the key that ends before `at`, or -1. The envelope's own times come after
// source.
static int kind_of(const char *line, const char *at, bool source_is_over)
{
    static const struct {
        const char *key;
        enum kind kind;
    } keys[] = {{"\"ts_ns\":", COMMIT_NS},    {"\"ts_us\":", COMMIT_US},
                {"\"ts_ms\":", COMMIT_MS},    {"\"lsn\":", LSN},
                {"\"txId\":", TX_ID},         {"\"user_id\":", USER},
                {"\"holding_id\":", HOLDING}, {"\"sequence\":\"[\\\"", SEQUENCE}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        size_t size = strlen(keys[i].key);
        if ((size_t)(at - line) >= size && memcmp(at - size, keys[i].key, size) == 0)
            return (int)keys[i].kind + (source_is_over && keys[i].kind <= COMMIT_MS ? 3 : 0);
    }
    const char between[] = "\\\",\\\""; // the second of a sequence
    size_t size = sizeof between - 1;
    return (size_t)(at - line) > size && memcmp(at - size, between, size) == 0 ? SEQUENCE : -1;
}

static void split(struct event *event, const char *line, const char *end)
{
    const char *literal = line;
    bool source_is_over = false;
    for (const char *at = line; at < end; at++) {
        if (*at == 'o' && end - at > 5 && memcmp(at, "op\":\"", 5) == 0) source_is_over = true;
        if (*at < '0' || *at > '9' || (at[-1] != ':' && at[-1] != '"')) continue;
        int kind = kind_of(line, at, source_is_over);
        if (kind < 0) continue;
        if (event->count == MOST_FIELDS) die("too many fields in", line);
        struct field *field = &event->fields[event->count++];
        char *after;
        *field = (struct field){(enum kind)kind, literal, (size_t)(at - literal), strtoll(at, &after, 10)};
        if (kind == COMMIT_US) event->commit_us = field->value;
        if (kind == SENT_US) event->sent_us = field->value;
        literal = after;
        at = after - 1;
    }
    event->rest = literal;
    event->rest_size = (size_t)(end - literal);
}

static void widen(int64_t value, int64_t *least, int64_t *most)
{
    if (value < *least) *least = value;
    if (value > *most) *most = value;
}

static struct seed read_seed(const char *path)
{
    struct seed seed = {0};
    size_t size;
    char *text = read_file(path, &size);
    int64_t lines = 0, lsn[2] = {INT64_MAX, 0}, tx[2] = {INT64_MAX, 0}, time[2] = {INT64_MAX, 0};
    for (size_t i = 0; i < size; i++) lines += text[i] == '\n';
    seed.events = calloc((size_t)lines, sizeof *seed.events);
    if (!seed.events || !lines) die("no events in", path);
    for (char *line = text; seed.count < lines; seed.count++) {
        char *end = strchr(line, '\n');
        struct event *event = &seed.events[seed.count];
        *end = '\0'; // a number ends here at the latest
        split(event, line, end);
        widen(event->commit_us, &time[0], &time[1]);
        for (int i = 0; i < event->count; i++) {
            if (event->fields[i].kind == LSN) widen(event->fields[i].value, &lsn[0], &lsn[1]);
            if (event->fields[i].kind == TX_ID) widen(event->fields[i].value, &tx[0], &tx[1]);
        }
        line = end + 1;
    }
    seed.first_us = time[0];
    seed.span_us = time[1] - time[0] + 1;
    seed.lsn_span = lsn[1] - lsn[0] + 64;
    seed.tx_span = tx[1] - tx[0] + 1;
    return seed;
}

static char *put_number(char *out, int64_t value)
{
    char digits[20];
    int count = 0;
    do digits[count++] = (char)('0' + value % 10);
    while (value /= 10);
    while (count) *out++ = digits[--count];
    return out;
}

static int64_t moved(const struct seed *seed, const struct event *event, const struct field *field,
                     int64_t copy, int64_t commit_us)
{
    int64_t sent_us = commit_us + event->sent_us - event->commit_us;
    switch (field->kind) {
    case COMMIT_NS: return commit_us * 1000;
    case COMMIT_US: return commit_us;
    case COMMIT_MS: return commit_us / 1000;
    case SENT_NS: return sent_us * 1000 + field->value % 1000;
    case SENT_US: return sent_us;
    case SENT_MS: return sent_us / 1000;
    case LSN:
    case SEQUENCE: return field->value + copy * seed->lsn_span;
    case TX_ID: return field->value + copy * seed->tx_span;
    case HOLDING: return field->value - 3 + copy % CLASSES + copy / CLASSES * HOLDINGS; // the seed's end in 3
    case USER: return (field->value - 1 + copy % CLASSES * USERS_APART) % USERS + 1;
    }
    return field->value;
}

static char *put_event(char *out, const struct seed *seed, int64_t number, int64_t slot_us)
{
    const struct event *event = &seed->events[number % seed->count];
    int64_t copy = number / seed->count;
    double place = (double)(event->commit_us - seed->first_us) / (double)seed->span_us;
    int64_t commit_us = FIRST_COMMIT + copy * slot_us + (int64_t)(place * (double)slot_us);
    for (int i = 0; i < event->count; i++) {
        const struct field *field = &event->fields[i];
        memcpy(out, field->literal, field->literal_size);
        out = put_number(out + field->literal_size, moved(seed, event, field, copy, commit_us));
    }
    memcpy(out, event->rest, event->rest_size);
    return out + event->rest_size;
}

int main(int argc, char **argv)
{
    int64_t first = 0, total = 0;
    char *schema = NULL;
    size_t schema_size = 0;
    if (argc < 3 || argc % 2 == 0) die("usage:", "SEED COUNT [--first N] [--total N] [--schema FILE]");
    for (int i = 3; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--first") == 0)
            first = atoll(argv[i + 1]);
        else if (strcmp(argv[i], "--total") == 0)
            total = atoll(argv[i + 1]);
        else if (strcmp(argv[i], "--schema") == 0)
            schema = read_file(argv[i + 1], &schema_size);
        else
            die("no such option:", argv[i]);
    }
    struct seed seed = read_seed(argv[1]);
    int64_t count = atoll(argv[2]);
    if (!total) total = first + count;
    int64_t slot_us =
        (int64_t)((double)SPAN * (double)seed.count / (double)(total > seed.count ? total : seed.count));

    enum { BUFFER = 1 << 20, MOST = 8192 };
    char *buffer = malloc(BUFFER + MOST + schema_size), *out = buffer;
    if (!buffer) die("no memory for", "a buffer");
    for (int64_t number = first; number < first + count; number++) {
        if (schema) out += sprintf(out, "{\"schema\":"), memcpy(out, schema, schema_size), out += schema_size;
        if (schema) out += sprintf(out, ",\"payload\":");
        out = put_event(out, &seed, number, slot_us);
        if (schema) *out++ = '}';
        *out++ = '\n';
        if (out - buffer < BUFFER && number + 1 < first + count) continue;
        if (fwrite(buffer, 1, (size_t)(out - buffer), stdout) != (size_t)(out - buffer))
            die("cannot write to", "output");
        out = buffer;
    }
    if (fflush(stdout) != 0) die("cannot write to", "output");
    return 0;
}
