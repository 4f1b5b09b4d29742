/*
 * SQLite's memory from lists of free pieces, without AddressSanitizer: it allocates a hundred times as much
 * as the program does, and took most of the time. Only where libFuzzer runs; the replayed inputs are checked
 * in full.
 */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST = 32, CLASSES = 12, HEAD = 16 };

struct piece {
    struct piece *next;
};

static struct piece *free_pieces[CLASSES];

static int class_of(int size)
{
    int class = 0;
    while (class < CLASSES && SMALLEST << class < size) class ++;
    return class;
}

static int round_up(int size)
{
    int class = class_of(size);
    return class < CLASSES ? SMALLEST << class : (size + 7) & ~7;
}

static int size_of(void *memory)
{
    return memory ? *(int *)(void *)((char *)memory - HEAD) : 0;
}

static void *take(int size)
{
    int class = class_of(size);
    if (class < CLASSES && free_pieces[class]) {
        struct piece *piece = free_pieces[class];
        free_pieces[class] = piece->next;
        return piece;
    }
    int rounded = round_up(size);
    char *memory = malloc((size_t)rounded + HEAD);
    if (!memory) return NULL;
    *(int *)(void *)memory = rounded;
    return memory + HEAD;
}

static void give_back(void *memory)
{
    if (!memory) return;
    int class = class_of(size_of(memory));
    if (class == CLASSES) {
        free((char *)memory - HEAD);
        return;
    }
    struct piece *piece = memory;
    piece->next = free_pieces[class];
    free_pieces[class] = piece;
}

static void *resize(void *memory, int size)
{
    if (size <= size_of(memory)) return memory;
    void *larger = take(size);
    if (!larger) return NULL;
    memcpy(larger, memory, (size_t)size_of(memory));
    give_back(memory);
    return larger;
}

static int start(void *context)
{
    (void)context;
    return SQLITE_OK;
}

static void stop(void *context)
{
    (void)context;
}

/* libFuzzer calls it first. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const sqlite3_mem_methods pool = {take, give_back, resize, size_of, round_up, start, stop, NULL};
    (void)argc, (void)argv;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &pool);
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    return 0;
}
