#ifndef COMMANDS_H
#define COMMANDS_H

#include <signal.h>

#include "cdclite/options.h"

/* What each command does: 0, or -1 with `error`. */
int command_load(const struct options *options, struct error *error);
int command_query(const struct options *options, struct error *error);
int command_status(const struct options *options, struct error *error);
int command_rejected(const struct options *options, struct error *error);
int command_backup(const struct options *options, struct error *error);
int command_verify(const struct options *options, struct error *error);
int command_export(const struct options *options, struct error *error);
int command_schema(const struct options *options, struct error *error);
int command_shell(const struct options *options, struct error *error);
int command_datasette(const struct options *options, struct error *error);
int command_report(const struct options *options, struct error *error);
int command_demo(const struct options *options, struct error *error);
int command_help(const struct options *options, struct error *error);
int command_completion(const struct options *options, struct error *error);
int command_man(const struct options *options, struct error *error);

/* `rejected retry`: tries the events of `ids`, a JSON list (NULL: all), again. -1 with `error`, also when
 * some still cannot be stored. */
int rejected_retry(const struct options *options, const char *ids, struct error *error);

/* Set by SIGINT and SIGTERM once they are caught: finish the batch and end. */
extern volatile sig_atomic_t stop_requested;

/* What stores events finishes its batch; the other commands, a long query for one, end at once. */
void catch_stop_signals(void);

/* Whether everything printed on `out` has arrived; ERROR_FAILURE otherwise. */
int check_output(FILE *out, struct error *error);

#endif
