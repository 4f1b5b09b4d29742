#ifndef FAULTS_DISK_H
#define FAULTS_DISK_H

#include <stddef.h>
#include <stdint.h>

/*
 * What a disk holds when the power goes. A file is its durable bytes and the writes and truncations since its
 * last sync; a name is durable from the next sync of its directory on, and gone only from there on. What
 * stood in the folder when the program started is durable.
 */
struct disk_file;

/* The file that was opened or just created under that path. */
struct disk_file *disk_open(const char *path, int created);

void disk_write(struct disk_file *file, int64_t offset, const void *bytes, size_t size);
void disk_truncate(struct disk_file *file, int64_t size);
void disk_sync(struct disk_file *file);
void disk_unlink(const char *path);
void disk_sync_directory(void);

/*
 * Leaves in the folder what survives: by the seed nothing of what was not synced (0), all of it but a part of
 * the last write (1), or any choice of its sectors or pages, in no order, and of the names (2 and above).
 * Then kills the program.
 */
_Noreturn void disk_cut(unsigned seed);

#endif
