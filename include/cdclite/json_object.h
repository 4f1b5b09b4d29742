#ifndef CDCLITE_JSON_OBJECT_H
#define CDCLITE_JSON_OBJECT_H

#include "cdclite/json_reader.h"

/*
 * Reading an object member by member, guided by the last object of its kind: messages of a topic have the
 * same members in the same order, so that the next name need only be compared with the one that stood there
 * before. One that differs is read, and is the guess for the next object.
 */
enum { GUESSED_MEMBERS = 128, GUESSED_NAME = 44 };

/* What members the last objects had. All zero is no guess. */
struct json_guess {
    size_t count;
    uint64_t changes; /* of the names */
    struct json_guessed {
        char text[GUESSED_NAME]; /* its source text, with quotes and colon */
        short meaning;           /* of the name */
        unsigned char size;      /* of the text; 0: no guess */
    } members[GUESSED_MEMBERS];
};

/* A walk through one object. */
struct json_walk {
    struct json_reader *json;
    struct json_guess *guess; /* NULL to go without */
    /* A number from 0 to 32,767 for a name, -1 for one that means nothing; NULL: all are 0. */
    int (*meaning_of)(struct slice name);
    struct arena *arena; /* for escaped names */
    size_t index;        /* of the next member */
};

/* 1 with the next member's name and its meaning in `token` (its value comes next), 0 behind the last one, -1
 * as in json_reader.h. The object has been entered by json_open. */
int json_walk_name(struct json_walk *walk, struct json_token *token);

/* The members of an object that mean something, in the arena; no more than MOST_MEMBERS, which is more than
 * any table has columns. */
enum { MOST_MEMBERS = 4096 };
struct json_members {
    struct json_token *all; /* NULL: not read */
    size_t count;
    bool cut;        /* there were more */
    uint64_t layout; /* two objects of one guess with the same layout and count have the same names in the
                        same order; 0: nothing is said */
};

/* Reads a whole object, checking all of it. */
int json_walk_members(struct json_walk *walk, struct json_members *members);

#endif
