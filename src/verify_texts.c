#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cdclite/text_log.h"
#include "cdclite/time_text.h"
#include "verify_parts.h"

enum { PIECE = 1 << 16, SETTLE_MS = 3000, LOOK_MS = 50 };

/* A row of text_log, and its file. */
struct log_file {
    char *name, *path;
    int64_t committed, through;
    int fd;     /* -1: cannot be read */
    bool wrong; /* and that was told */
};

/* The file beside the text that is rebuilt. */
struct comparing {
    struct verification *verification;
    const struct log_file *log;
    int64_t offset, line; /* compared; lines from 1 */
    bool ended;           /* found to differ, or the file cannot be read on */
    char bytes[PIECE];
};

static const char ADVICE[] = "move the file away and load again: it is written anew from the history";

static void log_free(struct log_file *log)
{
    if (log->fd >= 0) close(log->fd);
    free(log->name);
    free(log->path);
}

/* Reads `size` bytes at `offset`; fewer at the file's end. -1: failure. */
static ssize_t read_at(int fd, char *bytes, size_t size, int64_t offset)
{
    size_t got = 0;
    while (got < size) {
        ssize_t count = pread(fd, bytes + got, size - got, offset + (int64_t)got);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return -1;
        if (count == 0) break;
        got += (size_t)count;
    }
    return (ssize_t)got;
}

/* The rest of a line, cut where it is long. */
static int rest_of_line(const char *at, size_t size)
{
    enum { MOST = 40 };
    const char *feed = memchr(at, '\n', size);
    size_t rest = feed ? (size_t)(feed - at) : size;
    return (int)(rest < MOST ? rest : MOST);
}

static void tell_difference(struct comparing *comparing, struct slice want, const char *got, size_t at)
{
    verify_found(
        comparing->verification, comparing->log->path,
        "differs from the history at byte %lld, line %lld: it has '%.*s', the history gives '%.*s'; %s",
        (long long)comparing->offset + (long long)at, (long long)comparing->line,
        rest_of_line(got + at, want.size - at), got + at, rest_of_line(want.at + at, want.size - at),
        want.at + at, ADVICE);
    comparing->ended = true;
}

/* Compares at most PIECE bytes that both should have. */
static void compare_piece(struct comparing *comparing, struct slice want)
{
    ssize_t count = read_at(comparing->log->fd, comparing->bytes, want.size, comparing->offset);
    if (count != (ssize_t)want.size) { /* it is shorter, and that is told; or: */
        if (count < 0)
            verify_found(comparing->verification, comparing->log->path, "cannot be read: %s",
                         strerror(errno));
        comparing->ended = true;
        return;
    }
    bool same = memcmp(comparing->bytes, want.at, want.size) == 0;
    for (size_t i = 0; i < want.size; i++) {
        if (!same && comparing->bytes[i] != want.at[i]) {
            tell_difference(comparing, want, comparing->bytes, i);
            return;
        }
        comparing->line += want.at[i] == '\n';
    }
    comparing->offset += (int64_t)want.size;
}

static int compare_text(void *context, struct slice text, struct error *error)
{
    struct comparing *comparing = context;
    const struct log_file *log = comparing->log;
    (void)error;
    while (text.size > 0 && !comparing->ended) {
        int64_t left = log->committed - comparing->offset;
        struct slice piece = {text.at, text.size < PIECE ? text.size : PIECE};
        if (left == 0) {
            verify_found(comparing->verification, log->path,
                         "the history gives more than the %lld bytes that text_log says were written; %s",
                         (long long)log->committed, ADVICE);
            comparing->ended = true;
            break;
        }
        if ((int64_t)piece.size > left) piece.size = (size_t)left;
        compare_piece(comparing, piece);
        text.at += piece.size;
        text.size -= piece.size;
    }
    verify_progress(comparing->verification, log->path, comparing->offset, log->committed);
    return comparing->ended;
}

static int compare_log(struct verification *verification, const struct log_file *log, struct error *error)
{
    struct captured_table *table = catalog_named(verification->catalog, log->name);
    if (!table) {
        verify_found(verification, log->path, "is the text of table %s, which is not in captured_table",
                     log->name);
        return 0;
    }
    struct comparing *comparing = calloc(1, sizeof *comparing);
    if (!comparing) return error_memory(error);
    comparing->verification = verification;
    comparing->log = log;
    comparing->line = 1;
    int result = text_rebuild(verification->db, table, 0, log->through, 0, compare_text, comparing, error);
    if (result == 0 && comparing->offset < log->committed)
        verify_found(verification, log->path,
                     "the history gives only %lld of the %lld bytes that text_log says were written",
                     (long long)comparing->offset, (long long)log->committed);
    verification->totals->text_bytes += comparing->offset;
    free(comparing);
    return result < 0 ? -1 : 0;
}

/* The change that the text ends with is one of its table. */
static int check_through(struct verification *verification, const struct log_file *log, struct error *error)
{
    int64_t newest;
    if (!catalog_named(verification->catalog, log->name)) return 0;
    char *sql = sqlite3_mprintf("SELECT max(change_id) FROM \"%w_history\"", log->name);
    int result = sql ? database_integer(verification->db, sql, 0, &newest, error) : error_memory(error);
    sqlite3_free(sql);
    if (result == 0 && newest < log->through)
        verify_found(verification, log->path,
                     "text_log says it has the lines of change %lld, but the history ends with %lld",
                     (long long)log->through, (long long)newest);
    return result;
}

static int check_log(struct verification *verification, struct log_file *log, struct error *error)
{
    struct stat status;
    if (check_through(verification, log, error)) return -1;
    log->fd = open(log->path, O_RDONLY | O_CLOEXEC);
    if (log->committed == 0) return 0; /* nothing was written yet */
    if (log->fd < 0 || fstat(log->fd, &status)) {
        verify_found(verification, log->path, "cannot be read: %s%s", strerror(errno),
                     errno == ENOENT ? "; the next load writes it anew from the history" : "");
        return 0;
    }
    if (status.st_size < log->committed)
        verify_found(
            verification, log->path,
            "has %lld bytes of the %lld that were written; the next load writes it anew from the history",
            (long long)status.st_size, (long long)log->committed);
    return compare_log(verification, log, error);
}

/* What the newest transaction says was written to it. */
static int committed_now(struct verification *verification, const struct log_file *log, int64_t *committed,
                         struct error *error)
{
    char *sql = sqlite3_mprintf("SELECT committed_length FROM text_log WHERE name = %Q", log->name);
    int result = sql ? database_integer(verification->db, sql, 0, committed, error) : error_memory(error);
    sqlite3_free(sql);
    return result;
}

/* A loader writes the text before it commits, so a longer file is given time to be committed. */
static int check_excess(struct verification *verification, const struct log_file *log, struct error *error)
{
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    struct stat status;
    int64_t committed = log->committed, size = -1;
    if (log->fd < 0 || log->wrong) return 0;
    for (int waited = 0; waited <= SETTLE_MS; waited += LOOK_MS) {
        if (fstat(log->fd, &status)) return 0;
        if (size < 0) size = status.st_size;
        if (status.st_size <= committed || size <= committed) return 0;
        nanosleep(&pause, NULL);
        if (committed_now(verification, log, &committed, error)) return -1;
    }
    verify_found(
        verification, log->path,
        "has %lld bytes behind the %lld that were committed (of a load that was killed, or written by "
        "something else); the next load cuts them off",
        (long long)(status.st_size - committed), (long long)committed);
    return 0;
}

static int read_logs(struct verification *verification, struct log_file **logs, size_t *count,
                     struct error *error)
{
    sqlite3_stmt *rows;
    int code = SQLITE_ROW;
    int result = database_prepare(
        verification->db,
        "SELECT name, path, committed_length, through_change_id FROM text_log ORDER BY name", &rows, error);
    while (result == 0 && (code = sqlite3_step(rows)) == SQLITE_ROW) {
        struct log_file *all = realloc(*logs, (*count + 1) * sizeof *all);
        if (all) *logs = all;
        struct log_file log = {.name = strdup(database_text(rows, 0)),
                               .path = strdup(database_text(rows, 1)),
                               .committed = sqlite3_column_int64(rows, 2),
                               .through = sqlite3_column_int64(rows, 3),
                               .fd = -1};
        if (!all || !log.name || !log.path) {
            log_free(&log);
            result = error_memory(error);
        } else {
            all[(*count)++] = log;
        }
    }
    if (result == 0 && code != SQLITE_DONE) result = database_fail(verification->db, error, "text_log");
    sqlite3_finalize(rows);
    return result;
}

int verify_texts(struct verification *verification, struct error *error)
{
    struct log_file *logs = NULL;
    size_t count = 0;
    int result = read_logs(verification, &logs, &count, error);
    for (size_t i = 0; i < count && result == 0; i++) {
        int64_t before = verification->totals->findings;
        result = check_log(verification, &logs[i], error);
        logs[i].wrong = verification->totals->findings > before;
    }
    /* From here on each question is of its own moment. */
    if (result == 0) result = database_run(verification->db, "ROLLBACK", error);
    for (size_t i = 0; i < count && result == 0; i++) result = check_excess(verification, &logs[i], error);
    for (size_t i = 0; i < count; i++) log_free(&logs[i]);
    free(logs);
    return result;
}
