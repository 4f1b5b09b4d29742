#include "cdclite/change_shape.h"

#include <stdlib.h>

#include "json_scan.h"

/* An event that is being read. */
struct shape_reading {
    struct change_shape *shape;
    struct slice text;
    struct arena *arena;
    struct json_token *tokens; /* a value each */
};

/* Passes over the value at `at`, as json_value does. NULL when it is broken. */
static inline const char *pass_value(struct json_reader *json, const char *at, unsigned char depth,
                                     struct json_token *token)
{
    const char *behind = NULL;
    token->escaped = token->whole = false;
    if (*at == '"') {
        behind = scan_plain_string(at, json->end, &token->escaped);
        token->kind = JSON_STRING;
    } else if (*at == '-' || (*at >= '0' && *at <= '9')) {
        behind = scan_whole_number(at, json->end, &token->integer);
        token->kind = JSON_NUMBER;
        token->whole = behind != NULL;
    }
    if (behind) {
        token->raw = (struct slice){at, (size_t)(behind - at)};
        return behind;
    }
    json->at = at;
    json->depth = depth;
    return json_value(json, token) ? NULL : json->at;
}

/* Compares the texts and passes over the values between them. */
static bool pass_all(const struct shape_reading *reading)
{
    const struct change_shape *shape = reading->shape;
    const char *at = reading->text.at, *end = at + reading->text.size, *text = shape->text;
    struct json_reader json;
    json_start(&json, reading->text);
    for (size_t i = 0; i < shape->count; i++) {
        const struct shape_value *value = &shape->values[i];
        struct json_token *token = &reading->tokens[i];
        if ((size_t)(end - at) <= value->text_size || !same_text(at, text, value->text_size)) return false;
        at += value->text_size;
        text += value->text_size;
        if (value->unread) {
            const char *behind = scan_digits_only(at, end);
            if (behind) {
                token->raw = (struct slice){at, (size_t)(behind - at)};
                at = behind;
                continue;
            }
        }
        token->name = (struct slice){at - value->name_back, value->name_size};
        token->meaning = 0;
        at = pass_value(&json, at, value->depth, token);
        if (!at) return false;
    }
    return (size_t)(end - at) == shape->last_size && memcmp(at, text, shape->last_size) == 0;
}

static const char *place(const struct shape_reading *reading, const struct shape_place *where)
{
    const char *text = reading->text.at;
    if (where->value > 0) {
        const struct json_token *before = &reading->tokens[where->value - 1];
        text = before->raw.at + before->raw.size;
    }
    return text + where->offset;
}

static void set_row(const struct shape_reading *reading, const struct shape_row *row, struct slice *image,
                    struct json_members *members)
{
    if (!row->there) return;
    const char *begin = place(reading, &row->begin);
    *image = (struct slice){begin, (size_t)(place(reading, &row->end) - begin)};
    *members = (struct json_members){
        .all = reading->tokens + row->first, .count = row->count, .layout = row->layout};
}

/* -1 for what is no time of a clock, as envelope.c has it. */
static int64_t made_at(const struct json_token *token)
{
    enum { MOST_DIGITS = 18 };
    bool clock = token->kind == JSON_NUMBER && token->whole && token->integer >= 0;
    return clock && token->raw.size <= MOST_DIGITS ? token->integer : -1;
}

/* Sets what the values beside the rows say. */
static bool set_facts(const struct shape_reading *reading, struct change *change)
{
    struct change_shape *shape = reading->shape;
    for (size_t i = 0; i < shape->constant_count; i++)
        source_fact_text(&shape->facts, shape->constants[i].fact)->at =
            place(reading, &shape->constants[i].place);
    for (size_t i = 0; i < shape->fact_count; i++) {
        const struct shape_fact *fact = &shape->value_facts[i];
        if (source_facts_take(&shape->facts, fact->fact, &reading->tokens[fact->value], reading->arena))
            return false;
    }
    return source_facts_apply(&shape->facts, reading->arena, change);
}

bool change_shape_read(struct change_shape *shape, struct slice text, struct arena *arena,
                       struct shape_tokens *tokens, struct change *change)
{
    struct shape_reading reading = {.shape = shape, .text = text, .arena = arena};
    /* Most of other shapes differ here already. */
    size_t first = shape->count ? shape->values[0].text_size : shape->last_size;
    if (text.size < first || !same_text(text.at, shape->text, first)) return false;
    if (tokens->room <= shape->count) {
        struct json_token *all = arena_alloc(arena, (shape->count + 1) * sizeof *all);
        if (!all) return false;
        *tokens = (struct shape_tokens){all, shape->count + 1};
    }
    reading.tokens = tokens->all;
    if (!pass_all(&reading)) return false;
    *change = (struct change){.op = shape->op, .names_number = shape->names_number};
    set_row(&reading, &shape->before, &change->before, &change->before_members);
    set_row(&reading, &shape->after, &change->after, &change->after_members);
    change->made_ms = shape->made < shape->count ? made_at(&reading.tokens[shape->made]) : -1;
    change->made = change->made_ms >= 0;
    if (!set_facts(&reading, change)) return false;
    change->document = false; /* no shape is learnt of one */
    return true;
}

void change_shape_free(struct change_shape *shape)
{
    if (!shape) return;
    free(shape->text);
    free(shape->values);
    free(shape);
}
