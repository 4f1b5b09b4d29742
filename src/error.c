#include "cdclite/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *error, enum error_kind kind, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    error->kind = kind;
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return -1;
}

int error_context(struct error *error, const char *format, ...)
{
    char before[sizeof error->text];
    char context[512];
    va_list arguments;
    memcpy(before, error->text, sizeof before);
    va_start(arguments, format);
    vsnprintf(context, sizeof context, format, arguments);
    va_end(arguments);
    /* A text cut at the end still says where it happened, which is why context goes in front. */
    int written = snprintf(error->text, sizeof error->text, "%s: ", context);
    size_t used = (size_t)written < sizeof error->text ? (size_t)written : sizeof error->text - 1;
    size_t room = sizeof error->text - used - 1;
    size_t size = strlen(before) < room ? strlen(before) : room;
    memcpy(error->text + used, before, size);
    error->text[used + size] = '\0';
    return -1;
}
