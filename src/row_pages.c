#include "row_pages.h"

#include <sqlite3.h>
#include <string.h>

enum {
    LEAF = 0x0d, /* a leaf page of a table */
    LEAF_HEADER = 8,
    POINTER = 2, /* to a cell */
};

/* Serial types (2.1): what the header says of a value. */
enum { SERIAL_NULL = 0, SERIAL_REAL = 7, SERIAL_ZERO = 8, SERIAL_BLOB = 12, SERIAL_TEXT = 13 };

void row_pages_number(unsigned char *to, uint32_t number, size_t size)
{
    while (size-- > 0) {
        to[size] = (unsigned char)number;
        number >>= 8;
    }
}

static size_t varint_size(uint64_t number)
{
    size_t size = 1;
    while (size < 9 && number >> 7 * size) size++;
    return size;
}

unsigned char *row_pages_varint(unsigned char *to, uint64_t number)
{
    size_t size = varint_size(number);
    unsigned char *end = to + size, *at = end;
    /* The ninth byte has eight bits, all others seven and a sign that one more follows. */
    if (size == 9) {
        *--at = (unsigned char)number;
        number >>= 8;
    } else {
        *--at = (unsigned char)(number & 0x7f);
        number >>= 7;
    }
    while (at > to) {
        *--at = (unsigned char)(0x80 | (number & 0x7f));
        number >>= 7;
    }
    return end;
}

/* A row's record on its way into a page: the types in front, the values behind them. */
struct record {
    unsigned char types[ROW_PAGE], values[ROW_PAGE];
    size_t types_size, values_size;
};

/* Where the next type and the next value go. */
struct record_end {
    unsigned char *type, *value;
};

/* Writes eight bytes, of which the first `size` count. */
static inline void put_eight(unsigned char *to, uint64_t number, size_t size)
{
    number <<= 64 - 8 * size;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    number = __builtin_bswap64(number);
#endif
    memcpy(to, &number, sizeof number);
}

static inline struct record_end add_integer(struct record_end end, int64_t integer)
{
    /* By the bytes that it needs: there is no type of five or seven. */
    static const struct {
        unsigned char serial, size;
    } by_bytes[] = {{0, 0}, {1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 6}, {5, 6}, {6, 8}, {6, 8}};
    if (integer == 0 || integer == 1) {
        *end.type++ = (unsigned char)(SERIAL_ZERO + integer);
        return end;
    }
    uint64_t magnitude = integer < 0 ? ~(uint64_t)integer : (uint64_t)integer;
    unsigned bits = magnitude ? 65 - (unsigned)__builtin_clzll(magnitude) : 1; /* the sign's too */
    unsigned bytes = (bits + 7) / 8;
    *end.type++ = by_bytes[bytes].serial;
    put_eight(end.value, (uint64_t)integer, by_bytes[bytes].size);
    end.value += by_bytes[bytes].size;
    return end;
}

static struct record_end add_real(struct record_end end, double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    *end.type++ = SERIAL_REAL;
    put_eight(end.value, bits, sizeof bits);
    end.value += sizeof bits;
    return end;
}

/* There is room for the bytes. */
static inline struct record_end add_bytes(struct record_end end, unsigned serial, struct slice bytes)
{
    end.type = row_pages_varint(end.type, serial + 2 * (uint64_t)bytes.size);
    if (bytes.size) memcpy(end.value, bytes.at, bytes.size);
    end.value += bytes.size;
    return end;
}

/* Adds some columns to the record; false when it is larger than a page can hold. Not inlined: where the
 * compiler sees how large the record is, it has each of its short copies checked in a call. */
static __attribute__((noinline)) bool add_part(struct record *record, const struct row_part *part)
{
    struct record_end end = {record->types + record->types_size, record->values + record->values_size};
    for (size_t i = 0; i < part->count; i++) {
        const struct value *value = &part->values[i];
        size_t used = (size_t)(end.type - record->types) + (size_t)(end.value - record->values);
        /* Whichever comes next takes no more, but for bytes. */
        if (used > ROW_PAGE_MOST - sizeof(int64_t)) return false;
        switch (value->type) {
        case VALUE_NULL: *end.type++ = SERIAL_NULL; break;
        case VALUE_INTEGER: end = add_integer(end, value->integer); break;
        case VALUE_REAL: end = add_real(end, value->real); break;
        case VALUE_TEXT:
        case VALUE_BLOB:
            if (value->bytes.size > ROW_PAGE_MOST - used) return false;
            end = add_bytes(end, value->type == VALUE_TEXT ? SERIAL_TEXT : SERIAL_BLOB, value->bytes);
        }
    }
    record->types_size = (size_t)(end.type - record->types);
    record->values_size = (size_t)(end.value - record->values);
    return true;
}

static enum row_pages_outcome begin_page(struct row_pages *pages)
{
    if (pages->count == ROW_PAGES) return ROW_PAGES_FULL;
    if (pages->count == pages->capacity) {
        size_t capacity = pages->capacity ? 2 * pages->capacity : pages->expected ? pages->expected : 1;
        unsigned char *memory = sqlite3_realloc64(pages->memory, pages->front + capacity * ROW_PAGE);
        if (!memory) return ROW_NO_MEMORY;
        pages->memory = memory;
        pages->capacity = capacity;
    }
    unsigned char *page = pages->memory + pages->front + pages->count++ * ROW_PAGE;
    memset(page, 0, LEAF_HEADER);
    page[0] = LEAF;
    pages->rows = 0;
    pages->content = ROW_PAGE;
    return ROW_ADDED;
}

enum row_pages_outcome row_pages_add(struct row_pages *pages, int64_t rowid, const struct row_part *parts,
                                     size_t count)
{
    struct record record;
    record.types_size = record.values_size = 0;
    for (size_t i = 0; i < count; i++)
        if (!add_part(&record, &parts[i])) return ROW_TOO_LARGE;
    /* The header's own size counts. */
    size_t header = record.types_size + (record.types_size + 1 < 0x80 ? 1 : 2);
    size_t size = header + record.values_size;
    if (size > ROW_PAGE_MOST) return ROW_TOO_LARGE;
    size_t cell = varint_size(size) + varint_size((uint64_t)rowid) + size;
    if (pages->count == 0 || LEAF_HEADER + (pages->rows + 1) * POINTER + cell > pages->content) {
        enum row_pages_outcome outcome = begin_page(pages);
        if (outcome != ROW_ADDED) return outcome;
    }
    unsigned char *page = pages->memory + pages->front + (pages->count - 1) * ROW_PAGE;
    pages->content -= cell;
    unsigned char *to = row_pages_varint(page + pages->content, size);
    to = row_pages_varint(row_pages_varint(to, (uint64_t)rowid), header);
    memcpy(to, record.types, record.types_size);
    memcpy(to + record.types_size, record.values, record.values_size);
    row_pages_number(page + LEAF_HEADER + pages->rows * POINTER, (uint32_t)pages->content, POINTER);
    pages->rows++;
    row_pages_number(page + 3, (uint32_t)pages->rows, 2);
    row_pages_number(page + 5, (uint32_t)pages->content, 2);
    pages->last_rowid[pages->count - 1] = rowid;
    return ROW_ADDED;
}

void row_pages_hand_over(struct row_pages *pages)
{
    pages->memory = NULL;
    pages->capacity = pages->count = pages->rows = 0;
}

void row_pages_free(struct row_pages *pages)
{
    sqlite3_free(pages->memory);
    *pages = (struct row_pages){0};
}
