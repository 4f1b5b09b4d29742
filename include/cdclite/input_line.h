#ifndef CDCLITE_INPUT_LINE_H
#define CDCLITE_INPUT_LINE_H

#include "cdclite/arena.h"
#include "cdclite/message.h"

/* The forms of a line; INPUT_AUTO tells them apart line by line. */
enum input_format {
    INPUT_AUTO,
    INPUT_VALUE,     /* a bare Debezium value, as kafka-console-consumer prints it */
    INPUT_KEY_VALUE, /* key<TAB>value, as it prints with print.key=true */
    INPUT_KCAT, /* kcat -J: {"topic":…,"partition":…,"offset":…,"ts":…,"key":…,"payload":…,"headers":[…]} */
    INPUT_RECORDED, /* {"topic":…,"partition":…,"offset":…,"timestamp_ms":…,"key":…,"value":…,"headers":[[…]]}
                     */
};

/* -1 for a name that is none. */
int input_format_named(const char *name);

/*
 * Reads one line (without its line end) into `message`: key, value, and where the line says so topic (else
 * absent), partition, offset, next_offset, timestamp and runId header. Decoded text lives in `arena`. Returns
 * 0, or 1 for a line that is no JSON object and no null, such as the banner of a console consumer.
 */
int input_line_read(struct slice line, enum input_format format, struct arena *arena,
                    struct message *message);

#endif
