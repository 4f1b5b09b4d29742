#include "cdclite/json_object.h"

#include "json_scan.h"

/* Moves behind the name that is guessed, if it comes next just as it stood before. */
static bool take_guessed(struct json_reader *json, const struct json_guessed *guessed)
{
    const char *at = json->at;
    /* A comma stands before each member but the first, which follows the opening bracket. */
    bool first = at[-1] == '{';
    if (guessed->size == 0 || (size_t)(json->end - at) <= guessed->size || (*at == ',') == first)
        return false;
    at += !first;
    if (!same_text(at, guessed->text, guessed->size)) return false;
    json->at = at + guessed->size;
    return true;
}

/* Keeps a name as the guess for the next object, unless it is written in another way than usual. */
static void learn(const struct json_walk *walk, const struct json_token *token)
{
    struct json_guess *guess = walk->guess;
    size_t size = token->name.size + 3;
    bool usual = token->name.at + token->name.size + 2 == walk->json->at && size <= GUESSED_NAME;
    if (!guess || walk->index >= GUESSED_MEMBERS) return;
    struct json_guessed *guessed = &guess->members[walk->index];
    if (walk->index == guess->count) guess->count++;
    guess->changes++;
    guessed->size = (unsigned char)(usual ? size : 0);
    guessed->meaning = (short)token->meaning;
    if (usual) memcpy(guessed->text, token->name.at - 1, size);
}

int json_walk_name(struct json_walk *walk, struct json_token *token)
{
    const struct json_guess *guess = walk->guess;
    if (guess && walk->index < guess->count && take_guessed(walk->json, &guess->members[walk->index])) {
        const struct json_guessed *guessed = &guess->members[walk->index++];
        size_t size = guessed->size - 3u;
        token->name = (struct slice){walk->json->at - 2 - size, size};
        token->meaning = guessed->meaning;
        return 1;
    }
    int more = json_member(walk->json, walk->arena, &token->name);
    if (more != 1) return more;
    token->meaning = walk->meaning_of ? walk->meaning_of(token->name) : 0;
    learn(walk, token);
    walk->index++;
    return 1;
}

/* Whether the names read so far are all as the guess has them. */
static bool is_guess(const struct json_walk *walk)
{
    const struct json_guess *guess = walk->guess;
    if (!guess || walk->index > GUESSED_MEMBERS) return false;
    for (size_t i = 0; i < walk->index; i++)
        if (guess->members[i].size == 0) return false;
    return true;
}

static struct json_token *grow(struct arena *arena, const struct json_members *members, size_t capacity)
{
    struct json_token *all = arena_alloc(arena, capacity * sizeof *all);
    if (all && members->count) memcpy(all, members->all, members->count * sizeof *all);
    return all;
}

int json_walk_members(struct json_walk *walk, struct json_members *members)
{
    size_t capacity = walk->guess && walk->guess->count ? walk->guess->count + 1 : 16;
    int more;
    *members = (struct json_members){0};
    members->all = grow(walk->arena, members, capacity);
    if (members->all && json_open(walk->json, JSON_OBJECT)) return -1;
    while (members->all) {
        struct json_token *token = &members->all[members->count];
        if ((more = json_walk_name(walk, token)) != 1) {
            if (is_guess(walk)) members->layout = walk->guess->changes;
            return more;
        }
        if (json_value(walk->json, token)) return -1;
        if (token->meaning < 0) continue;
        if (members->count == MOST_MEMBERS) {
            members->cut = true;
        } else if (++members->count == capacity) {
            capacity *= 2;
            members->all = grow(walk->arena, members, capacity);
        }
    }
    walk->json->problem = "out of memory";
    return -1;
}
