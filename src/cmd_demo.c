#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cdclite/embedded.h"
#include "cdclite/mock_kafka.h"
#include "commands.h"

#define DEMO_TOPIC "bankserver2.bank_data.holding"

/* Runs one command of the program as a user would type it. */
static int run(char **argv, struct error *error)
{
    struct options options;
    int argc = 0;
    while (argv[argc]) argc++;
    int result = options_parse(&options, argc, argv, error);
    if (result == 0) result = options.command->run(&options, error);
    options_free(&options);
    return result;
}

static int show_and_run(char **argv, struct error *error)
{
    fputs("\n$", stdout);
    for (char **word = argv; *word; word++) printf(" %s", *word);
    putchar('\n');
    fflush(stdout);
    return run(argv, error);
}

static int load(char *program, const struct mock_kafka *mock, char *db, char *text, struct error *error)
{
    char brokers[128];
    snprintf(brokers, sizeof brokers, "%s", mock_kafka_brokers(mock));
    return show_and_run((char *[]){program, "load", "--brokers", brokers, "--topic", DEMO_TOPIC,
                                   "--until-end", "--db", db, "--text", text, NULL},
                        error);
}

static int answer(char *program, char *db, struct error *error)
{
    puts("\nHow many times did a user change their stock type or quantity?");
    if (show_and_run(
            (char *[]){program, "query", "stock_change_counts", "--db", db, "--format", "table", NULL},
            error))
        return -1;
    puts("\nWhat is the most common stock sold within a period? Here a month of the application's own clock, "
         "as the\n"
         "recording squeezed a year into seconds (without time=row it is the commit time):");
    return show_and_run((char *[]){program, "query", "most_sold_stock_per_period", "period=month", "time=row",
                                   "--db", db, "--format", "table", NULL},
                        error);
}

/* What is set for the user's own Kafka and database is not for the demo's. */
static void forget_settings(void)
{
    static const char prefix[] = "CDCLITE_";
    char name[256];
    for (char **at = environ; at && *at;) {
        size_t size = strcspn(*at, "=");
        bool ours = strncmp(*at, prefix, sizeof prefix - 1) == 0 && size < sizeof name;
        if (ours) snprintf(name, sizeof name, "%.*s", (int)size, *at);
        /* The list moves up when one goes. */
        if (!ours || unsetenv(name)) at++;
    }
}

int command_demo(const struct options *options, struct error *error)
{
    struct mock_kafka *mock = NULL;
    const struct embedded_file *recording = embedded_find("tests/data/demo.jsonl");
    char db[512], text[512], *program = (char *)options->program;
    int64_t count;
    int result = -1;
    if (strlen(options->directory) > 400)
        return error_set(error, ERROR_USAGE, "--dir %.40s…: the path is too long", options->directory);
    snprintf(db, sizeof db, "%s/history.db", options->directory);
    snprintf(text, sizeof text, "%s/output_data.txt", options->directory);
    if (mkdir(options->directory, 0777) && errno != EEXIST)
        return error_set(error, ERROR_STORAGE, "%s: %s", options->directory, strerror(errno));

    forget_settings();
    if (mock_kafka_start(&mock, error) || mock_kafka_topic(mock, DEMO_TOPIC, 1, error) ||
        mock_kafka_fill(mock, (struct slice){recording->text, recording->size}, &count, error))
        goto done;
    printf(
        "Nine customers of a bank buy, switch and sell stocks in PostgreSQL; Debezium captured each change. "
        "These\n"
        "%lld recorded messages now stand in a Kafka topic (librdkafka's mock cluster, in this process).\n",
        (long long)count);
    if (load(program, mock, db, text, error) || answer(program, db, error)) goto done;
    printf("\nThe history is in %s, the text log in %s. Loading again adds nothing twice. Go on with:\n\n"
           "  %s query --db %s\n"
           "  %s status --db %s\n"
           "  sqlite3 -readonly %s 'SELECT * FROM holding_changes LIMIT 5'\n"
           "  %s load --help\n",
           db, text, program, db, program, db, db, program);
    result = check_output(stdout, error);
done:
    mock_kafka_stop(mock);
    return result;
}
