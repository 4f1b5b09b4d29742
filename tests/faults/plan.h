#ifndef FAULTS_PLAN_H
#define FAULTS_PLAN_H

#include <stdbool.h>

/*
 * What shall go wrong, and when. Told by environment variables, so that the program's own command line stays
 * as users write it:
 *
 *   FAULT=SERIES:N:WHAT[:ever]  at the N-th passing of a series (io, point, memory), once or from there on
 *         WHAT is kill, power (cut the power; FAULT_SEED says what of the unsynced survives), short (half of
 * what is written or read), or an errno: ENOSPC, EIO, EINTR, ENOMEM FAULT_DIR=DIR       the folder whose
 * files count FAULT_TRACE=FILE    gets a line a passing: "io 17 write history.db-wal" FAULT_NOSYNC=SUFFIX
 * syncs of files that end so do nothing: a layer that does not notice is broken itself FAULT_BATCH=N messages
 * a batch, FAULT_CHECKPOINT=N pages of WAL a checkpoint: small loads have all steps
 */
enum series { SERIES_IO, SERIES_POINT, SERIES_MEMORY };

/* What calls do to files; a fault strikes only those that it can strike in the world. */
enum kind {
    KIND_OPEN,
    KIND_CREATE,
    KIND_READ,
    KIND_WRITE,
    KIND_SYNC,
    KIND_TRUNCATE,
    KIND_UNLINK,
    KIND_MAP,
    KIND_LOCK
};

/* Results of plan_io beside 0 (go on) and an errno. */
enum { FAULT_SHORT = -1, FAULT_POWER = -2 };

struct plan {
    const char *directory; /* NULL: no file counts */
    const char *unsynced;  /* of FAULT_NOSYNC, or NULL */
    unsigned seed;
    int batch, checkpoint; /* 0: as the program has them */
    bool cuts_power, sites;
};

/* Read before main. */
extern struct plan plan;

/* What becomes of this call on the file of that name. Does not return when the program is to be killed. */
int plan_io(enum kind kind, const char *name);

/* A step between two others has been reached. */
void plan_point(const char *when, const char *name);

/* Whether this allocation fails. */
bool plan_memory(void);

/* Traces the allocation that plan_memory was asked about last. */
void plan_site(void);

/* Ends the program as SIGKILL does. */
_Noreturn void plan_kill(void);

#endif
