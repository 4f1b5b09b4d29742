#include "cdclite/type_name.h"

#include <stdlib.h>

#include "cdclite/decimal.h"

const char type_names[] =
    "integer, boolean, float, text, bytes, json, decimal(SCALE), variable_decimal, date, timestamp_ms, "
    "timestamp_us, timestamp_ns, time_ms, time_us or time_ns";

/* The number in "decimal(2)"; -1 for another text. */
static int32_t decimal_scale(const char *name)
{
    static const char prefix[] = "decimal(";
    char *end;
    if (strncmp(name, prefix, sizeof prefix - 1) != 0) return -1;
    const char *digits = name + sizeof prefix - 1;
    if (*digits < '0' || *digits > '9') return -1;
    long scale = strtol(digits, &end, 10);
    return strcmp(end, ")") == 0 && scale <= DECIMAL_SCALE ? (int32_t)scale : -1;
}

int type_named(const char *name, struct column_type *type)
{
    static const struct {
        const char *name;
        enum column_kind kind;
    } kinds[] = {
        {"integer", KIND_INTEGER},
        {"boolean", KIND_BOOLEAN},
        {"float", KIND_FLOAT},
        {"text", KIND_TEXT},
        {"bytes", KIND_BYTES},
        {"json", KIND_JSON},
        {"variable_decimal", KIND_VARIABLE_DECIMAL},
    };
    int32_t scale = decimal_scale(name);
    *type = (struct column_type){.kind = KIND_INTEGER};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, name) != 0) continue;
        type->kind = kinds[i].kind;
        return 0;
    }
    if (scale >= 0) {
        *type = (struct column_type){.kind = KIND_DECIMAL, .scale = scale};
        return 0;
    }
    /* The unit of dates has a name of its own in the database. */
    type->unit = strcmp(name, "date") == 0 ? UNIT_DAYS : time_unit_named(name);
    if (strcmp(name, time_unit_name(UNIT_DAYS)) == 0) return -1;
    return type->unit == UNIT_NONE ? -1 : 0;
}
