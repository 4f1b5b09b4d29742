#include "cdclite/schema_texts.h"

#include <stdlib.h>
#include <string.h>

/* Puts it first. */
static void prefer(struct schema_texts *texts, size_t index)
{
    struct schema_text chosen = texts->recent[index];
    memmove(texts->recent + 1, texts->recent, index * sizeof *texts->recent);
    texts->recent[0] = chosen;
}

/* Without memory for it, the next one is read again. */
static uint64_t note(struct schema_texts *texts, struct slice block)
{
    enum { OLDEST = SCHEMA_TEXTS - 1 };
    struct schema_text *oldest = &texts->recent[OLDEST];
    free(oldest->text);
    *oldest = (struct schema_text){.text = malloc(block.size), .number = ++texts->last_number};
    if (oldest->text) {
        memcpy(oldest->text, block.at, block.size);
        oldest->size = block.size;
    }
    prefer(texts, OLDEST);
    return texts->last_number;
}

bool schema_texts_take(struct schema_texts *texts, struct json_reader *json, struct slice *block,
                       uint64_t *number)
{
    size_t room = (size_t)(json->end - json->at);
    for (size_t i = 0; i < SCHEMA_TEXTS; i++) {
        const struct schema_text *known = &texts->recent[i];
        if (known->size == 0 || known->size > room || memcmp(json->at, known->text, known->size) != 0)
            continue;
        *block = (struct slice){json->at, known->size};
        *number = known->number;
        json->at += known->size;
        if (i > 0) prefer(texts, i);
        return true;
    }
    return false;
}

int schema_texts_pass(struct schema_texts *texts, struct json_reader *json, struct slice *block,
                      uint64_t *number)
{
    json_peek(json);
    if (schema_texts_take(texts, json, block, number)) return 0;
    if (json_skip(json, block)) return -1;
    *number = note(texts, *block);
    return 0;
}

void schema_texts_free(struct schema_texts *texts)
{
    for (size_t i = 0; i < SCHEMA_TEXTS; i++) free(texts->recent[i].text);
    *texts = (struct schema_texts){0};
}
