#ifndef RENDER_PARTS_H
#define RENDER_PARTS_H

#include "cdclite/buffer.h"
#include "cdclite/render.h"
#include "cdclite/value.h"

/* What the ways to render share. */

/* 1: a row; 0: the end; -1: a failure. */
int render_step(struct sqlite3_stmt *statement, struct error *error);

/* Reads a column of the row; `text` gets it as people read it, NULL as nothing. */
int render_value(struct sqlite3_stmt *statement, int column, struct value *value, struct buffer *text,
                 struct error *error);

/* Writes the line and empties it. */
int render_write(FILE *out, struct buffer *line, struct error *error);

/* A line or an object for each row: csv, csv-safe, tsv, json, jsonl. */
int render_lines(struct sqlite3_stmt *statement, enum render_format format, FILE *out, bool terminal,
                 struct error *error);

/* Aligned columns: table, markdown. */
int render_grid(struct sqlite3_stmt *statement, bool markdown, FILE *out, struct error *error);

#endif
