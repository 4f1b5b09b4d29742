#include <stdlib.h>

#include "cdclite/change_shape.h"

/* An event that is being learnt from; it has been read, so that it is whole. */
struct learning {
    struct json_reader json;
    struct arena *arena;
    const struct change *change;
    struct change_shape *shape;
    const char *from; /* where the text in front of the next value begins */
    size_t text_size, room;
};

static struct shape_place place_at(const struct learning *learning, const char *at)
{
    return (struct shape_place){learning->shape->count, (size_t)(at - learning->from)};
}

/* The text from `from` up to there is part of the shape. -1: it is too long. */
static int add_text(struct learning *learning, const char *to)
{
    size_t size = (size_t)(to - learning->from);
    if (size > SHAPE_TEXT - learning->text_size) return -1;
    memcpy(learning->shape->text + learning->text_size, learning->from, size);
    learning->text_size += size;
    return 0;
}

/* A value that differs from event to event. */
static int add_value(struct learning *learning, const struct json_token *token, bool named, bool unread)
{
    struct change_shape *shape = learning->shape;
    size_t name_back = (size_t)(token->raw.at - token->name.at);
    if (shape->count == learning->room || add_text(learning, token->raw.at)) return -1;
    if (named && (token->name.size > UINT16_MAX || name_back > UINT16_MAX)) return -1;
    shape->values[shape->count++] = (struct shape_value){
        .text_size = (uint32_t)(token->raw.at - learning->from),
        .name_size = (uint16_t)(named ? token->name.size : 0),
        .name_back = (uint16_t)(named ? name_back : 0),
        .depth = (unsigned char)learning->json.depth,
        .unread = unread,
    };
    learning->from = token->raw.at + token->raw.size;
    return 0;
}

/* 1 with the name of the next member, 0 behind the last one. -1 for an escaped name: such are compared by
 * what they mean, not as they are written. */
static int next_name(struct learning *learning, struct json_token *token)
{
    const struct json_reader *json = &learning->json;
    int more = json_member(&learning->json, learning->arena, &token->name);
    if (more == 1 && (token->name.at < json->start || token->name.at >= json->end)) return -1;
    return more;
}

/* A value that means nothing: only checked, if it may differ. */
static int pass(struct learning *learning, struct json_token *token)
{
    if (json_value(&learning->json, token)) return -1;
    bool constant = token->kind == JSON_NULL || token->kind == JSON_TRUE || token->kind == JSON_FALSE ||
                    slice_is(token->name, "connector");
    return constant ? 0 : add_value(learning, token, false, true);
}

static int learn_row(struct learning *learning, struct slice image, const struct json_members *members,
                     struct shape_row *row)
{
    struct json_token token;
    int more;
    if (!image.at) return json_skip(&learning->json, NULL);
    json_peek(&learning->json);
    if (learning->json.at != image.at || members->cut) return -1;
    *row = (struct shape_row){.there = true,
                              .begin = place_at(learning, image.at),
                              .first = learning->shape->count,
                              .layout = members->layout};
    if (json_open(&learning->json, JSON_OBJECT)) return -1;
    while ((more = next_name(learning, &token)) == 1)
        if (json_value(&learning->json, &token) || add_value(learning, &token, true, false)) return -1;
    row->count = learning->shape->count - row->first;
    row->end = place_at(learning, learning->json.at);
    return more < 0 || row->count != members->count ? -1 : 0;
}

/* A fact that is part of the shape. Where it is a string it is found again by its place. */
static int add_constant(struct learning *learning, int fact, const struct json_token *token)
{
    struct change_shape *shape = learning->shape;
    struct source_facts *facts = &shape->facts;
    const struct slice *text = source_fact_text(facts, fact);
    if (text && text->at) return -1; /* said before, as of a member that is there twice */
    if (token->escaped || source_facts_take(facts, fact, token, learning->arena)) return -1;
    text = source_fact_text(facts, fact);
    if (!text || !text->at) return 0;
    if (shape->constant_count == SHAPE_FACTS) return -1;
    shape->constants[shape->constant_count++] = (struct shape_constant){fact, place_at(learning, text->at)};
    return 0;
}

static int learn_fact(struct learning *learning, int fact, struct json_token *token)
{
    struct change_shape *shape = learning->shape;
    if (json_value(&learning->json, token)) return -1;
    if (source_fact_is_shared(fact)) return add_constant(learning, fact, token);
    if (shape->fact_count == SHAPE_FACTS) return -1;
    shape->value_facts[shape->fact_count++] = (struct shape_fact){fact, shape->count};
    return add_value(learning, token, false, false);
}

static int learn_source(struct learning *learning)
{
    struct json_token token;
    int more;
    if (json_open(&learning->json, JSON_OBJECT)) return -1;
    while ((more = next_name(learning, &token)) == 1) {
        int fact = source_fact_named(token.name);
        if (fact < 0 ? pass(learning, &token) : learn_fact(learning, fact, &token)) return -1;
    }
    return more;
}

static int learn_member(struct learning *learning, struct json_token *token)
{
    struct change_shape *shape = learning->shape;
    const struct change *change = learning->change;
    if (slice_is(token->name, "before"))
        return learn_row(learning, change->before, &change->before_members, &shape->before);
    if (slice_is(token->name, "after"))
        return learn_row(learning, change->after, &change->after_members, &shape->after);
    if (slice_is(token->name, "source")) return learn_source(learning);
    if (slice_is(token->name, "op")) return json_skip(&learning->json, NULL);
    if (!slice_is(token->name, "ts_ms")) return pass(learning, token);
    if (shape->made != SIZE_MAX) return -1; /* a null came first */
    shape->made = shape->count;
    return json_value(&learning->json, token) || add_value(learning, token, false, false);
}

static int learn_payload(struct learning *learning)
{
    struct json_token token;
    int more;
    if (json_open(&learning->json, JSON_OBJECT)) return -1;
    while ((more = next_name(learning, &token)) == 1) {
        /* Of a wrapper, which is another one than what stands behind a schema block. */
        if (slice_is(token.name, "schema") || slice_is(token.name, "payload")) return -1;
        if (learn_member(learning, &token)) return -1;
    }
    return more;
}

/* The payload; behind a schema block `,"payload":` comes first. What is left is the wrapper's end. */
static int learn(struct learning *learning)
{
    static const char between[] = ",\"payload\":";
    struct json_reader *json = &learning->json;
    if (learning->change->schema_block.at) {
        size_t size = sizeof between - 1;
        if ((size_t)(json->end - json->at) < size || memcmp(json->at, between, size) != 0) return -1;
        json->at += size;
        json->depth = 1;
    }
    if (learn_payload(learning)) return -1;
    learning->shape->last_size = (size_t)(json->end - learning->from);
    return add_text(learning, json->end);
}

struct change_shape *change_shape_learn(struct slice text, const struct change *change, struct arena *arena)
{
    struct learning learning = {.arena = arena, .change = change, .from = text.at};
    size_t text_room = text.size < SHAPE_TEXT ? text.size : SHAPE_TEXT;
    if (change->document || change->flattened) return NULL;
    struct change_shape *shape = learning.shape = calloc(1, sizeof *shape);
    if (!shape) return NULL;
    /* A value stands behind its name, which is three bytes with its quotes and its colon. */
    learning.room = text.size / 4 < SHAPE_VALUES ? text.size / 4 : SHAPE_VALUES;
    shape->values = calloc(learning.room + 1, sizeof *shape->values);
    shape->text = malloc(text_room + 1);
    shape->op = change->op;
    shape->names_number = change->names_number;
    shape->made = SIZE_MAX;
    json_start(&learning.json, text);
    if (shape->values && shape->text && learn(&learning) == 0) return shape;
    change_shape_free(shape);
    return NULL;
}
