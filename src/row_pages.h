#ifndef CDCLITE_ROW_PAGES_H
#define CDCLITE_ROW_PAGES_H

#include "cdclite/value.h"

/*
 * Rows in the leaf pages of an SQLite table, made here as SQLite would make them: for rows that SQLite then
 * takes over as they are (row_transfer.h). Source: "Database File Format" (sqlite.org/fileformat2.html), 1.6
 * B-tree Pages and 2.1 Record Format.
 */
enum {
    ROW_PAGE = 16384,              /* bytes of a page */
    ROW_PAGES = 256,               /* at most */
    ROW_PAGE_MOST = ROW_PAGE - 35, /* bytes of a row: a larger one needs pages of its own */
};

/* All zero is empty. The memory is SQLite's, so that it can be handed over. */
struct row_pages {
    unsigned char *memory;
    size_t front;                  /* bytes left free in front of the pages; set while there are none */
    size_t capacity, count;        /* pages; those before the last are full */
    size_t expected;               /* how many there will be, 0 when that is not known */
    size_t rows, content;          /* of the last page; where its cells begin */
    int64_t last_rowid[ROW_PAGES]; /* of each page's rows */
};

/* Some of a row's columns, side by side. */
struct row_part {
    const struct value *values;
    size_t count;
};

enum row_pages_outcome { ROW_ADDED, ROW_PAGES_FULL, ROW_TOO_LARGE, ROW_NO_MEMORY };

/* Adds a row behind the others: its rowid, greater than theirs, and its columns in `count` parts, the one
 * that is the rowid NULL. A value must be of a type that its column holds unchanged. */
enum row_pages_outcome row_pages_add(struct row_pages *pages, int64_t rowid, const struct row_part *parts,
                                     size_t count);

/* Forgets the rows, and the memory, which is another's now. */
void row_pages_hand_over(struct row_pages *pages);
void row_pages_free(struct row_pages *pages);

/* Writes a big-endian number of `size` bytes. */
void row_pages_number(unsigned char *to, uint32_t number, size_t size);
/* Writes SQLite's variable-length integer, and returns where it ends: at most 9 bytes behind `to`. */
unsigned char *row_pages_varint(unsigned char *to, uint64_t number);

#endif
