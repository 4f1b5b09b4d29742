#include "cdclite/intake.h"

#include <stdlib.h>
#include <string.h>

#include "thread.h"

enum {
    PACKETS = SOURCE_SLOTS,   /* one being filled, one being stored, some between, as neither goes evenly */
    PACKET_EVENTS = 192,      /* at most */
    PACKET_BYTES = 512 << 10, /* of messages; more would have left the cache by the time they are stored */
    LARGE_BYTES = 1 << 20,    /* a packet that holds more waits until the others are stored */
    /* Who waits is woken for half of them: each time it may be put onto the other one's core, and two that
     * wake each other for every packet take turns on one core while the other rests. */
    TOGETHER = PACKETS / 2,
};

/* Events that are handed over together, and the memory that they are in. */
struct packet {
    struct event events[PACKET_EVENTS];
    size_t count, bytes;
    struct arena arena;
    int outcome; /* what comes behind them: SOURCE_MESSAGE, SOURCE_END, or -1 with `error` */
    struct error error;
    struct source_progress progress;
};

/* The packets go round: the thread fills `packets[filled % PACKETS]`, and those from `stored` on are the
 * loader's. */
struct intake {
    struct source *source;
    size_t max_event_bytes;
    int poll_ms;
    struct envelope_guess *guess;
    bool started;
    pthread_t thread;
    struct packet *current; /* the loader's */
    size_t taken;           /* of its events */
    uint64_t idles_seen;

    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t changed, freed;
    uint64_t awaited; /* `stored` shall be, for a packet to be filled */
    uint64_t asked;   /* `filled` shall be, for the loader to go on */
    uint64_t filled, stored;
    uint64_t idles; /* how often the source had nothing to give */
    struct source_progress progress_at_idle;
    bool stopping;

    struct packet packets[PACKETS];
};

static int no_memory(const struct message *message, struct error *error)
{
    error_memory(error);
    return error_context(error, "%.*s, partition %d, offset %lld", (int)message->topic.size,
                         message->topic.at, message->partition, (long long)message->offset);
}

/* Reads what the message says. */
static int read_event(struct intake *intake, struct packet *packet, struct event *event)
{
    char problem[512];
    struct message *message = &event->message;
    if (message->value.size > intake->max_event_bytes && !message->refusal)
        message->refusal = "larger than --max-event-bytes";
    event->outcome = envelope_read(message, intake->guess, &packet->arena, &event->change, &event->boundary,
                                   problem, sizeof problem);
    event->problem = NULL;
    if (event->outcome == ENVELOPE_REFUSED) {
        size_t size = strlen(problem) + 1;
        char *copy = arena_alloc(&packet->arena, size);
        if (copy) event->problem = memcpy(copy, problem, size);
    }
    return packet->arena.failed ? no_memory(message, &packet->error) : 0;
}

/* Takes the source's next message into the packet. */
static int take(struct intake *intake, struct packet *packet, int timeout_ms)
{
    struct event *event = &packet->events[packet->count];
    int outcome = intake->source->next(intake->source, timeout_ms, &event->message, &packet->error);
    event->restart = outcome == SOURCE_RESTART;
    if (outcome != SOURCE_MESSAGE && !event->restart) return outcome;
    if (!event->restart && read_event(intake, packet, event)) return -1;
    packet->count++;
    packet->bytes += event->message.value.size;
    return SOURCE_MESSAGE;
}

static void clear(struct packet *packet)
{
    arena_reset(&packet->arena);
    packet->count = packet->bytes = 0;
    packet->outcome = SOURCE_MESSAGE;
}

/* Waits for a packet that can be filled, behind a `large` one until all are stored; NULL when there shall be
 * no more. */
static struct packet *next_free(struct intake *intake, bool large)
{
    pthread_mutex_lock(&intake->mutex);
    if (large || intake->filled - intake->stored == PACKETS) {
        pthread_cond_signal(&intake->changed);
        intake->awaited = intake->filled - (large ? 0 : PACKETS - TOGETHER);
        while (!intake->stopping && intake->stored < intake->awaited)
            pthread_cond_wait(&intake->freed, &intake->mutex);
    }
    bool stopping = intake->stopping;
    pthread_mutex_unlock(&intake->mutex);
    return stopping ? NULL : &intake->packets[intake->filled % PACKETS];
}

/* Nothing comes: the loader may have a batch that is due. False when there shall be no more. */
static bool tell_idle(struct intake *intake)
{
    struct source_progress progress = {0};
    intake->source->progress(intake->source, &progress);
    pthread_mutex_lock(&intake->mutex);
    intake->progress_at_idle = progress;
    intake->idles++;
    bool more = !intake->stopping;
    pthread_cond_broadcast(&intake->changed);
    pthread_mutex_unlock(&intake->mutex);
    return more;
}

/* The source takes back what it gave for this packet; behind a `large` one, for all of them. */
static void turn(struct intake *intake, const struct packet *packet, bool large)
{
    unsigned slot = (unsigned)(packet - intake->packets);
    for (unsigned i = large ? 1 : PACKETS; i <= PACKETS; i++)
        intake->source->turn(intake->source, (slot + i) % PACKETS);
}

/* Fills a packet with what the source has, at least one event; false when there shall be no more. */
static bool fill(struct intake *intake, struct packet *packet)
{
    int outcome = SOURCE_MESSAGE;
    int timeout_ms = 0;
    clear(packet);
    while (outcome == SOURCE_MESSAGE && packet->count < PACKET_EVENTS && packet->bytes < PACKET_BYTES) {
        outcome = take(intake, packet, timeout_ms);
        if (outcome != SOURCE_IDLE || packet->count > 0) continue;
        /* What was filled before does not wait for what may come. */
        if (timeout_ms == 0)
            pthread_cond_signal(&intake->changed);
        else if (!tell_idle(intake))
            return false;
        timeout_ms = intake->poll_ms;
        outcome = SOURCE_MESSAGE;
    }
    packet->outcome = outcome == SOURCE_IDLE ? SOURCE_MESSAGE : outcome;
    intake->source->progress(intake->source, &packet->progress);
    return true;
}

static void *read_ahead(void *context)
{
    struct intake *intake = context;
    struct packet *packet = NULL;
    do {
        bool large = packet && packet->bytes > LARGE_BYTES;
        packet = next_free(intake, large);
        if (!packet) break;
        turn(intake, packet, large);
        if (!fill(intake, packet)) break;
        pthread_mutex_lock(&intake->mutex);
        bool asked = ++intake->filled == intake->asked || packet->outcome != SOURCE_MESSAGE;
        pthread_mutex_unlock(&intake->mutex);
        if (asked) pthread_cond_signal(&intake->changed);
    } while (packet->outcome == SOURCE_MESSAGE);
    return NULL;
}

int intake_open(struct source *source, struct envelope_guess *guess, size_t max_event_bytes, int poll_ms,
                struct intake **opened, struct error *error)
{
    struct intake *intake = *opened = calloc(1, sizeof *intake);
    if (!intake) return error_memory(error);
    intake->source = source;
    intake->guess = guess;
    intake->max_event_bytes = max_event_bytes;
    intake->poll_ms = poll_ms;
    pthread_mutex_init(&intake->mutex, NULL);
    pthread_cond_init(&intake->changed, NULL);
    pthread_cond_init(&intake->freed, NULL);
    if (thread_start(&intake->thread, read_ahead, intake, error)) return -1;
    intake->started = true;
    return 0;
}

/* Waits for a packet; SOURCE_IDLE when the source has nothing to give. */
static int next_packet(struct intake *intake)
{
    pthread_mutex_lock(&intake->mutex);
    if (intake->current && ++intake->stored == intake->awaited) pthread_cond_signal(&intake->freed);
    intake->current = NULL;
    intake->taken = 0;
    intake->asked = intake->stored + TOGETHER;
    while (intake->filled == intake->stored && intake->idles == intake->idles_seen)
        pthread_cond_wait(&intake->changed, &intake->mutex);
    intake->idles_seen = intake->idles;
    if (intake->filled > intake->stored) intake->current = &intake->packets[intake->stored % PACKETS];
    pthread_mutex_unlock(&intake->mutex);
    return intake->current ? SOURCE_MESSAGE : SOURCE_IDLE;
}

bool intake_gives_back(const struct intake *intake)
{
    return intake->current && intake->taken == intake->current->count;
}

int intake_next(struct intake *intake, struct event **event, struct error *error)
{
    const struct packet *packet = intake->current;
    bool ended = packet && (packet->outcome < 0 || packet->outcome == SOURCE_END);
    if (!packet || (intake->taken == packet->count && !ended)) {
        if (next_packet(intake) == SOURCE_IDLE) return SOURCE_IDLE;
        packet = intake->current;
    }
    if (intake->taken < packet->count) {
        *event = &intake->current->events[intake->taken++];
        return (*event)->restart ? SOURCE_RESTART : SOURCE_MESSAGE;
    }
    if (packet->outcome < 0) *error = packet->error;
    return packet->outcome;
}

void intake_progress(struct intake *intake, struct source_progress *progress)
{
    if (intake->current) {
        *progress = intake->current->progress;
    } else {
        pthread_mutex_lock(&intake->mutex);
        *progress = intake->progress_at_idle;
        pthread_mutex_unlock(&intake->mutex);
    }
}

void intake_close(struct intake *intake)
{
    if (!intake) return;
    pthread_mutex_lock(&intake->mutex);
    intake->stopping = true;
    pthread_cond_signal(&intake->freed);
    pthread_mutex_unlock(&intake->mutex);
    if (intake->started) pthread_join(intake->thread, NULL);
    for (size_t i = 0; i < PACKETS; i++) arena_free(&intake->packets[i].arena);

    pthread_cond_destroy(&intake->changed);
    pthread_cond_destroy(&intake->freed);
    pthread_mutex_destroy(&intake->mutex);
    free(intake);
}
