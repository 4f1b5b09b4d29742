#include <ctype.h>
#include <strings.h>

#include "query_parts.h"

enum section {
    SECTION_PURPOSE,
    SECTION_NOTES,
    SECTION_PARAMETERS,
    SECTION_COLUMNS,
    SECTION_SHELL,
    SECTION_COUNT
};

/* What is being read: one text for each section but the parameters, which are made as they come. */
struct header {
    struct query *query;
    struct arena *arena;
    enum section section;
    struct buffer texts[SECTION_COUNT];
    struct query_parameter *parameters;
    size_t count, capacity;
};

const char *query_keep(struct arena *arena, struct slice text)
{
    char *kept = arena_alloc(arena, text.size + 1);
    if (!kept) return NULL;
    if (text.size) memcpy(kept, text.at, text.size);
    kept[text.size] = '\0';
    return kept;
}

struct slice query_trimmed(struct slice text)
{
    while (text.size && isspace((unsigned char)text.at[0])) text.at++, text.size--;
    while (text.size && isspace((unsigned char)text.at[text.size - 1])) text.size--;
    return text;
}

/* The first word; *rest is what follows it. */
static struct slice first_word(struct slice text, struct slice *rest)
{
    size_t size = 0;
    text = query_trimmed(text);
    while (size < text.size && !isspace((unsigned char)text.at[size])) size++;
    *rest = query_trimmed((struct slice){text.at + size, text.size - size});
    return (struct slice){text.at, size};
}

static const struct query_parameter *named(const struct header *header, struct slice name)
{
    for (size_t i = 0; i < header->count; i++)
        if (slice_is(name, header->parameters[i].name)) return &header->parameters[i];
    return NULL;
}

static struct query_parameter *add_parameter(struct header *header, struct slice name)
{
    if (header->count == header->capacity) {
        size_t capacity = header->capacity ? header->capacity * 2 : 8;
        struct query_parameter *grown = arena_alloc(header->arena, capacity * sizeof *grown);
        if (!grown) return NULL;
        if (header->count) memcpy(grown, header->parameters, header->count * sizeof *grown);
        header->parameters = grown;
        header->capacity = capacity;
    }
    struct query_parameter *parameter = &header->parameters[header->count];
    *parameter = (struct query_parameter){query_keep(header->arena, name), PARAMETER_ANY, "", false, ""};
    if (!parameter->name) return NULL;
    header->count++;
    return parameter;
}

/* A type that is none leaves the word to the description. */
static bool read_type(struct slice text, enum parameter_type *type)
{
    static const char *const names[] = {
        [PARAMETER_ANY] = "any",   [PARAMETER_INTEGER] = "integer", [PARAMETER_TIME] = "time",
        [PARAMETER_TEXT] = "text", [PARAMETER_TABLE] = "table",     [PARAMETER_KEY] = "key",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!names[i] || !slice_is(text, names[i])) continue;
        *type = (enum parameter_type)i;
        return true;
    }
    if (!memchr(text.at, '|', text.size)) return false;
    *type = PARAMETER_CHOICE;
    return true;
}

/* ":name type description" */
static int read_parameter(struct header *header, struct slice line)
{
    struct slice rest, description, name = first_word(line, &rest), type = first_word(rest, &description);
    name = (struct slice){name.at + 1, name.size - 1};
    if (name.size == 0 || named(header, name)) return 0;
    struct query_parameter *parameter = add_parameter(header, name);
    if (!parameter) return -1;
    if (!read_type(type, &parameter->type)) description = rest;
    if (parameter->type == PARAMETER_CHOICE) parameter->choices = query_keep(header->arena, type);
    parameter->description = query_keep(header->arena, description);
    if (!parameter->choices || !parameter->description) return -1;
    parameter->required = strstr(parameter->description, "(required)") != NULL;
    return 0;
}

/* A line under "Parameters": one of them, or more about the last one. */
static int read_parameter_line(struct header *header, struct slice line)
{
    if (strchr(":@$", line.at[0])) return read_parameter(header, line);
    if (header->count == 0) return 0;
    struct query_parameter *last = &header->parameters[header->count - 1];
    struct buffer longer = {0};
    buffer_printf(&longer, "%s ", last->description);
    buffer_slice(&longer, line);
    last->description = query_keep(header->arena, buffer_view(&longer));
    bool failed = buffer_failed(&longer) || !last->description;
    buffer_free(&longer);
    if (failed) return -1;
    last->required = strstr(last->description, "(required)") != NULL;
    return 0;
}

static void read_purpose(struct header *header, struct slice line)
{
    size_t size = strlen(header->query->name);
    if (slice_starts(line, header->query->name) && line.size > size && line.at[size] == ':')
        line = query_trimmed((struct slice){line.at + size + 1, line.size - size - 1});
    buffer_slice(&header->texts[SECTION_PURPOSE], line);
}

/* "Columns:" and its like, not indented; anything else that is not indented ends the section. */
static bool begins_section(struct slice line, enum section *section)
{
    static const struct {
        const char *title;
        enum section section;
    } titles[] = {
        {"Parameters", SECTION_PARAMETERS},
        {"Columns", SECTION_COLUMNS},
        {"In the sqlite3 shell", SECTION_SHELL},
    };
    if (line.at[line.size - 1] != ':') return false;
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        size_t size = strlen(titles[i].title);
        if (line.size <= size || strncasecmp(line.at, titles[i].title, size) != 0) continue;
        *section = titles[i].section;
        return true;
    }
    return false;
}

/* One comment line, without its dashes and the space behind them. */
static int read_line(struct header *header, struct slice line)
{
    bool indented = line.size && isspace((unsigned char)line.at[0]);
    line = query_trimmed(line);
    if (line.size == 0) return 0;
    if (!indented) {
        if (begins_section(line, &header->section)) return 0;
        if (header->section > SECTION_NOTES) header->section = SECTION_NOTES;
    }
    if (header->section == SECTION_PARAMETERS) return read_parameter_line(header, line);
    if (header->section == SECTION_PURPOSE) {
        read_purpose(header, line);
        header->section = SECTION_NOTES;
        return 0;
    }
    buffer_slice(&header->texts[header->section], line);
    buffer_char(&header->texts[header->section], '\n');
    return 0;
}

static int read_lines(struct header *header)
{
    const char *at = header->query->sql;
    for (;;) {
        while (isspace((unsigned char)*at)) at++;
        if (strncmp(at, "--", 2) != 0) return 0;
        at += 2;
        if (*at == ' ') at++;
        size_t size = strcspn(at, "\n");
        if (read_line(header, (struct slice){at, size})) return -1;
        at += size;
    }
}

static int add_undescribed(void *context, struct slice name)
{
    struct header *header = context;
    return named(header, name) || add_parameter(header, name) ? 0 : -1;
}

int query_read_header(struct query *query, struct arena *arena, struct error *error)
{
    struct header header = {.query = query, .arena = arena};
    const char *kept[SECTION_COUNT];
    bool failed = read_lines(&header) || query_scan_parameters(query->sql, add_undescribed, &header);
    for (int i = 0; i < SECTION_COUNT; i++) {
        kept[i] = query_keep(arena, buffer_view(&header.texts[i]));
        failed = failed || buffer_failed(&header.texts[i]) || !kept[i];
        buffer_free(&header.texts[i]);
    }
    if (failed) return error_memory(error);
    query->purpose = kept[SECTION_PURPOSE];
    query->notes = kept[SECTION_NOTES];
    query->columns = kept[SECTION_COLUMNS];
    query->shell = kept[SECTION_SHELL];
    query->parameters = header.parameters;
    query->parameter_count = header.count;
    return 0;
}
