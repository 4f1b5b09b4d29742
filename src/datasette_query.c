#include "datasette_query.h"

#include "query_parts.h"

static const struct query_parameter *parameter_named(const struct query *query, struct slice name)
{
    for (size_t i = 0; i < query->parameter_count; i++)
        if (slice_is(name, query->parameters[i].name)) return &query->parameters[i];
    return NULL;
}

/* Where a parameter stands, what its text says: nothing is NULL, and a number is one. CASE and nullif have no
 * affinity, as a bound value has none. */
static void append_parameter(struct buffer *out, const struct query_parameter *parameter)
{
    const char *name = parameter->name;
    if (parameter->type == PARAMETER_INTEGER || parameter->type == PARAMETER_ANY) {
        buffer_printf(out,
                      "(CASE WHEN CAST(CAST(:%s AS INTEGER) AS TEXT) = :%s THEN CAST(:%s AS INTEGER)"
                      " ELSE nullif(:%s, '') END)",
                      name, name, name, name);
    } else {
        buffer_printf(out, "nullif(:%s, '')", name);
    }
}

static void append_sql(const struct query *query, const char *sql, struct buffer *out)
{
    size_t size;
    for (const char *at = sql; *at; at += size) {
        size = query_token(at);
        bool is_parameter = (*at == ':' || *at == '@' || *at == '$') && size > 1;
        const struct query_parameter *parameter =
            is_parameter ? parameter_named(query, (struct slice){at + 1, size - 1}) : NULL;
        if (parameter) {
            append_parameter(out, parameter);
        } else {
            buffer_append(out, at, size);
        }
    }
}

static void append_html(struct buffer *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&': buffer_text(out, "&amp;"); break;
        case '<': buffer_text(out, "&lt;"); break;
        case '>': buffer_text(out, "&gt;"); break;
        case '"': buffer_text(out, "&quot;"); break;
        default: buffer_char(out, *text);
        }
    }
}

static const char *kind_of(const struct query_parameter *parameter)
{
    switch (parameter->type) {
    case PARAMETER_INTEGER: return "integer";
    case PARAMETER_TIME: return "time";
    case PARAMETER_CHOICE: return parameter->choices;
    case PARAMETER_KEY: return "key";
    default: return "";
    }
}

static void append_description(const struct query *query, struct buffer *out)
{
    buffer_text(out, "<p>");
    append_html(out, query->purpose);
    buffer_text(out, "</p>");
    if (*query->notes) {
        buffer_text(out, "<p>");
        append_html(out, query->notes);
        buffer_text(out, "</p>");
    }
    buffer_text(out, "<ul>");
    for (size_t i = 0; i < query->parameter_count; i++) {
        const struct query_parameter *parameter = &query->parameters[i];
        if (parameter->type == PARAMETER_TABLE) continue;
        buffer_text(out, "<li><code>");
        append_html(out, parameter->name);
        buffer_text(out, "</code> ");
        append_html(out, kind_of(parameter));
        buffer_text(out, *kind_of(parameter) && *parameter->description ? ": " : "");
        append_html(out, parameter->description);
        buffer_text(out, "</li>");
    }
    buffer_text(out, "</ul>");
}

/* "name": "what `append` appended" */
static void append_member(struct buffer *out, const char *name, struct buffer *text)
{
    buffer_printf(out, ",\n          \"%s\": ", name);
    buffer_json(out, buffer_view(text));
    out->failed |= buffer_failed(text);
    buffer_clear(text);
}

void datasette_query(const struct query *query, const char *table, const char *sql, struct buffer *out)
{
    struct buffer text = {0};
    const char *separator = "";
    buffer_printf(&text, "%s%s%s", query->name, table ? "-" : "", table ? table : "");
    buffer_text(out, "        ");
    buffer_json(out, buffer_view(&text));
    buffer_text(out, ": {\n          \"title\": ");
    buffer_json(out, buffer_view(&text));
    buffer_clear(&text);
    /* In this order the fields stand in the form; from the SQL it would be another. */
    buffer_text(out, ",\n          \"params\": [");
    for (size_t i = 0; i < query->parameter_count; i++) {
        if (query->parameters[i].type == PARAMETER_TABLE) continue;
        buffer_text(out, separator);
        buffer_json(out, slice_of(query->parameters[i].name));
        separator = ", ";
    }
    buffer_text(out, "],\n          \"hide_sql\": true");
    buffer_text(&text, query->purpose);
    append_member(out, "description", &text);
    append_description(query, &text);
    append_member(out, "description_html", &text);
    append_sql(query, sql, &text);
    append_member(out, "sql", &text);
    buffer_text(out, "\n        }");
    out->failed |= buffer_failed(&text);
    buffer_free(&text);
}
