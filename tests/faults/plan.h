#ifndef FAULTS_PLAN_H
#define FAULTS_PLAN_H

#include <stdbool.h>

/*
 * What shall go wrong, and when. Told by environment variables, so that the program's own command line stays
 * as users write it:
 *
 *   FAULT=SERIES:N:WHAT[:ever]  at the N-th passing of a series (io, point, memory), once or from there on.
 *                 WHAT is kill, power (cuts it), short (half is read or written), or an errno: ENOSPC, EIO,
 *                 EINTR, ENOMEM
 *   FAULT_FROM    counts only from the first passing of this point on
 *   FAULT_ONLY    counts only passings of that name, as a trace has them: "write history.db-wal"
 *   FAULT_SEED    says what survives a power cut of what was not synced
 *   FAULT_NOSYNC  syncs of files that end so do nothing: a layer that does not notice is broken itself
 *   FAULT_DIR     the folder whose files count
 *   FAULT_TRACE   a file that gets a line a passing: "io 17 write history.db-wal"
 *   FAULT_SITES   traces the first allocation of each way that leads to one: "memory 17 site"
 *   FAULT_BATCH   messages a batch, and FAULT_CHECKPOINT pages a checkpoint: small loads have all steps
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
    const char *from;      /* of FAULT_FROM, until it was passed */
    const char *only;      /* of FAULT_ONLY, or NULL */
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

/* Traces the allocation that plan_memory was asked about last, and who asked for it. */
void plan_site(const char *library);

/* Ends the program as SIGKILL does. */
_Noreturn void plan_kill(void);

#endif
