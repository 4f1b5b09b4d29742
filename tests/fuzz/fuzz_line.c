/*
 * A file as an input, in each of the forms that a line may have, and as a file of properties. What a file
 * gives in one run it gives in two as well, the second going on where the first stopped, anywhere.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "cdclite/file_source.h"
#include "cdclite/hash.h"
#include "cdclite/log.h"
#include "cdclite/property_file.h"
#include "fuzz.h"

enum { MOST_MESSAGES = 512 };

static const char *path;

static void write_file(struct slice bytes)
{
    if (!path) path = scratch_path("input");
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    MUST_HOLD(fd >= 0 && write(fd, bytes.at, bytes.size) == (ssize_t)bytes.size && close(fd) == 0);
}

static uint64_t fold(uint64_t hash, struct slice bytes)
{
    bool there = bytes.at;
    hash = hash_bytes(hash, &there, sizeof there);
    hash = hash_bytes(hash, &bytes.size, sizeof bytes.size);
    return bytes.size ? hash_bytes(hash, bytes.at, bytes.size) : hash;
}

/* All of a message that is loaded. */
static uint64_t message_digest(const struct message *message)
{
    uint64_t hash = HASH_START;
    hash = fold(hash, message->topic);
    hash = fold(hash, message->key);
    hash = fold(hash, message->value);
    hash = fold(hash, message->run_id);
    hash = fold(hash, message->old_key);
    hash = fold(hash, message->new_key);
    hash = fold(hash, slice_of(message->refusal));
    hash = hash_bytes(hash, &message->partition, sizeof message->partition);
    hash = hash_bytes(hash, &message->offset, sizeof message->offset);
    hash = hash_bytes(hash, &message->next_offset, sizeof message->next_offset);
    return hash_bytes(hash, &message->timestamp_ms, sizeof message->timestamp_ms);
}

/* Whether it stands at its place in the file, and not at one in a topic. */
static bool is_of_file(const struct message *message)
{
    return slice_starts(message->topic, "file:");
}

/* The messages of a turn must read the same at its end. */
static void check_kept(const struct message *kept, const uint64_t *digests, size_t count)
{
    for (size_t i = 0; i < count; i++) MUST_HOLD(message_digest(&kept[i]) == digests[i]);
}

/* Takes up to `most` messages from where `positions` says; gives how many. */
static size_t read_messages(const struct file_settings *settings, struct positions *positions, size_t most,
                            uint64_t *digests)
{
    struct source *source;
    struct error error = {0};
    struct message message;
    static struct message kept[MOST_MESSAGES];
    size_t count = 0, turned = 0; /* messages at the last turn */
    unsigned turns = 0;
    int outcome = SOURCE_MESSAGE;
    if (file_source_open(settings, positions, &source, &error)) {
        /* A file that begins as gzip does, is one. */
        MUST_HOLD(error.kind == ERROR_SOURCE && strstr(error.text, "gzip"));
        return 0;
    }
    while (count < most && outcome != SOURCE_END) {
        outcome = source->next(source, 0, &message, &error);
        MUST_HOLD(outcome >= 0);
        /* At the latest when it has to read more, which it says only of what it has given. */
        if (outcome == SOURCE_IDLE || count - turned > 5) {
            check_kept(kept + turned, digests + turned, count - turned);
            source->turn(source, ++turns % SOURCE_SLOTS);
            turned = count;
        }
        if (outcome != SOURCE_MESSAGE) continue;
        MUST_HOLD(message.topic.size && message.partition >= 0 && message.offset >= 0);
        MUST_HOLD(message.next_offset > message.offset);
        MUST_HOLD(is_utf8(message.topic) && !memchr(message.topic.at, '\0', message.topic.size));
        if (message.refused_size == 0) {
            kept[count] = message;
            digests[count++] = message_digest(&message);
        }
        if (!is_of_file(&message)) continue;
        struct position *position = positions_make(positions, message.topic, message.partition);
        MUST_HOLD(position && message.offset >= position->next_offset);
        positions_advance(positions, position, &message);
        positions_settle(positions);
        position->stored = true;
    }
    check_kept(kept + turned, digests + turned, count - turned);
    source->close(source);
    return count;
}

static void check_input(struct slice bytes, enum input_format format, size_t split)
{
    static uint64_t whole[MOST_MESSAGES], parts[MOST_MESSAGES];
    write_file(bytes);
    struct positions positions = {0};
    const struct file_settings settings = {
        .path = path, .format = format, .max_event_bytes = 1 << 16, .until_end = split & 1};
    size_t count = read_messages(&settings, &positions, MOST_MESSAGES, whole);
    positions_free(&positions);
    if (count == MOST_MESSAGES) return;
    size_t first = count ? split % count : 0;
    size_t got = read_messages(&settings, &positions, first, parts);
    MUST_HOLD(got == first && memcmp(whole, parts, first * sizeof *whole) == 0);
    /* Behind messages that carry their own place the file is read again from its beginning, or from the last
     * line that did not: their topics' positions tell the loader what it has. */
    size_t again = read_messages(&settings, &positions, MOST_MESSAGES, parts);
    MUST_HOLD(again <= count && again >= count - first);
    MUST_HOLD(memcmp(whole + count - again, parts, again * sizeof *whole) == 0);
    positions_free(&positions);
}

static void check_properties(struct slice bytes)
{
    struct property_list list = {0};
    struct error error = {0};
    write_file(bytes);
    if (property_list_read(&list, path, &error)) MUST_HOLD(error.kind == ERROR_USAGE && *error.text);
    for (size_t i = 0; i < list.count; i++) MUST_HOLD(strchr(list.all[i], '=') && list.all[i][0] != '=');
    MUST_HOLD(!list.all || !list.all[list.count]);
    property_list_free(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    log_set_level(LOG_ERROR);
    if (size < 2) return 0;
    struct slice bytes = copy_of((struct slice){(const char *)data + 2, size - 2});
    unsigned form = data[0] % 8;
    if (form <= INPUT_RECORDED) {
        check_input(bytes, (enum input_format)form, data[1]);
    } else {
        check_properties(bytes);
    }
    free((char *)bytes.at);
    return 0;
}
