#include <errno.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "cdclite/database.h"
#include "cdclite/shell_setup.h"
#include "cdclite/terminal.h"
#include "commands.h"

/* A file of its own that is gone with its last descriptor, which the shell inherits. */
static int write_setup(struct buffer *setup, int *fd, struct error *error)
{
    FILE *file = tmpfile();
    if (file) fwrite(buffer_view(setup).at, 1, setup->size, file);
    bool written = file && fflush(file) == 0 && !ferror(file) && fseek(file, 0, SEEK_SET) == 0;
    *fd = written ? dup(fileno(file)) : -1;
    if (*fd < 0) error_set(error, ERROR_FAILURE, "a temporary file cannot be written: %s", strerror(errno));
    if (file) fclose(file);
    return *fd < 0 ? -1 : 0;
}

/* Does not come back when all is well. */
static int become_shell(const char *path, int fd, struct error *error)
{
    char init[32];
    snprintf(init, sizeof init, "/dev/fd/%d", fd);
    execlp("sqlite3", "sqlite3", "-readonly", "-init", init, path, (char *)NULL);
    int result = errno == ENOENT
                     ? error_set(error, ERROR_FAILURE,
                                 "sqlite3 is not installed (on Debian: apt-get install sqlite3); cdclite "
                                 "query and any program that reads SQLite files work without it")
                     : error_set(error, ERROR_FAILURE, "sqlite3 cannot be run: %s", strerror(errno));
    close(fd);
    return result;
}

int command_shell(const struct options *options, struct error *error)
{
    struct database database = {.lock_fd = -1};
    struct query_set *set = NULL;
    struct buffer setup = {0}, list = {0}, path = {0};
    int fd = -1, result = database_open_reader(&database, options->db, error);
    bool shows = !options->quiet && isatty(STDIN_FILENO) == 1;
    if (result == 0) result = query_set_open(options->queries, &set, error);
    if (result == 0)
        result = shell_setup(set, options->arguments.all, options->arguments.count, &setup, error);
    if (result == 0 && shows)
        result = shell_list(database.handle, set, options->program, options->db, &list, error);
    if (result == 0) {
        buffer_text(&path, database.path);
        result = buffer_failed(&path) ? error_memory(error) : write_setup(&setup, &fd, error);
    }
    query_set_close(set);
    database_close(&database);
    if (result == 0) {
        terminal_copy(buffer_view(&list), stdout);
        result = check_output(stdout, error);
    }
    if (result == 0) result = become_shell(buffer_string(&path), fd, error);
    buffer_free(&setup);
    buffer_free(&list);
    buffer_free(&path);
    return result;
}
