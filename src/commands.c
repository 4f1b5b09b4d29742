#include "commands.h"

#include <errno.h>
#include <string.h>

const struct command commands[] = {
    {
        "load",
        "",
        "load events from Kafka, a file or standard input",
        "From Kafka it follows the topic until it is stopped (SIGINT or SIGTERM: it finishes the batch, "
        "commits and says\n"
        "where it stopped), with --until-end until it has caught up. What was loaded is never loaded twice: "
        "the database\n"
        "holds the positions. A line of a file may be a Debezium value, key<TAB>value, kcat -J, or a "
        "recorded message;\n"
        "the last two carry their Kafka positions and share them with the live topic.\n"
        "A --topic that begins with ^ is a regular expression (POSIX extended). Topics that match later and "
        "new "
        "partitions\n"
        "are looked for every 10 s (-X topic.metadata.refresh.interval.ms=10000; -1: never).\n"
        "librdkafka's properties come from the command line (-X), else from files (-F), else from the "
        "environment:\n"
        "CDCLITE_KAFKA_SASL_PASSWORD is sasl.password. Passwords and keys are taken from the last two only.\n"
        "A line cdclite.topic=bankserver1.bank_data.holding in such a file is --topic; so other options.\n"
        "Inserts, updates and deletes go to T_history of the database and, a line a changed field, to the "
        "text log.\n",
        "  cdclite load --brokers localhost:9092 --topic bankserver1.bank_data.holding\n"
        "  cdclite load --brokers localhost:9092 --topic '^bankserver1\\.'\n"
        "  cdclite load -b kafka:9093 -t bankserver1.bank_data.holding -F client.properties --until-end\n"
        "  cdclite load --input events.jsonl\n"
        "  kafka-console-consumer --bootstrap-server localhost:9092 --from-beginning \\\n"
        "    --topic bankserver1.bank_data.holding | cdclite load --input -\n"
        "  CDCLITE_PROPERTY_FILE=cdclite.properties cdclite load --until-end\n"
        "  kcat -C -J -e -b localhost:9092 -t bankserver1.bank_data.holding | cdclite load --input -\n",
        command_load,
        COMMAND_LOAD,
    },
    {
        "query",
        "[NAME [PARAMETER=VALUE]…]",
        "answer a question; without a name, list the questions",
        "Queries are SQL files, the built-in ones and yours (--queries DIR). They run read-only, also while "
        "events are\n"
        "being loaded. Times are UTC: 2025-01-31, 2025-01-31T10:00:00Z or 2025-01-31 10:00:00.123456; from "
        "is inclusive,\n"
        "to exclusive. cdclite query NAME --help says what a query takes and gives, --sql prints it,\n"
        "with table= filled in for that table. --chart draws the first column of numbers, or --column.\n",
        "  cdclite query\n"
        "  cdclite query stock_change_counts user=7\n"
        "  cdclite query most_sold_stocks from=2025-01-01 to=2025-02-01\n"
        "  cdclite query most_sold_stock_per_period period=week --format csv\n"
        "  cdclite query most_sold_stocks --chart\n"
        "  cdclite query row_history table=holding key=1001\n",
        command_query,
        COMMAND_QUERY,
    },
    {
        "status",
        "[SECONDS]",
        "show positions, lag, rows, rejected and re-delivered events, sizes",
        "Lag is the one seen with the last batch.\n",
        "  cdclite status\n"
        "  cdclite status --watch 5\n"
        "  cdclite status --format json | jq '.positions[] | .lag'\n",
        command_status,
        COMMAND_STATUS,
    },
    {
        "rejected",
        "list | show ID | retry [ID...]",
        "list the events that could not be loaded, print one, or try again to store them",
        "list: a row each, oldest first, in the formats of query. show: the event's bytes as they came, to "
        "standard output\n"
        "(of one beyond --max-event-bytes the first KiB); where it stood and why it was rejected, to "
        "standard "
        "error.\n"
        "retry: stores what can be stored by now (of a newer version, with --type or --key, with memory), "
        "each "
        "event once, while\n"
        "no load runs, with the options of load that say how. An event behind which changes of its partition "
        "are stored\n"
        "stays rejected, as the last change to come is a row's state: load its topic or file into another "
        "--db "
        "instead.\n",
        "  cdclite rejected list\n"
        "  cdclite rejected list --format jsonl | jq -r .reason | sort | uniq -c\n"
        "  cdclite rejected show 7 > event.json\n"
        "  cdclite rejected retry --type orders.paid_at=timestamp_us\n",
        command_rejected,
        COMMAND_REJECTED,
    },
    {
        "backup",
        "FILE",
        "copy the history into a new file, also while events are being loaded",
        "FILE must not exist; it is there when the copy is whole and on the disk, and is the history of one "
        "moment.\n"
        "Meanwhile the write-ahead log cannot shrink. Text logs are not copied, cdclite export text rebuilds "
        "them; the copy\n"
        "names those of the history, so that it can take its place: a load into it goes on with them.\n",
        "  cdclite backup /backup/history.db\n"
        "  cdclite verify --no-text --db /backup/history.db\n",
        command_backup,
        COMMAND_BACKUP,
    },
    {
        "verify",
        "",
        "check that history, positions and text logs are whole and agree",
        "Checks the SQLite file, the triggers and views, that no change is missing or stands twice, that "
        "counts, batches\n"
        "and positions are true, and that each text log is byte for byte what the history gives. A line a "
        "finding: which\n"
        "check, where, what. It reads only, and may run while events are being loaded. It is against "
        "accidents: "
        "who may\n"
        "write the file can also make it agree with itself.\n",
        "  cdclite verify\n"
        "  cdclite verify --quiet > findings || mail -s 'cdclite verify' root < findings\n"
        "  cdclite verify --format json | jq -r '.findings[] | .where + \": \" + .what'\n",
        command_verify,
        COMMAND_VERIFY,
    },
    {
        "export",
        "text [TABLE]",
        "rebuild the text log of a table from the history",
        "Byte for byte what the loader wrote, to standard output or --output. The table is holding when none "
        "is named.\n",
        "  cdclite export text > output_data.txt\n"
        "  cdclite export text holding --output copy.txt\n",
        command_export,
        COMMAND_EXPORT,
    },
    {
        "schema",
        "",
        "print the tables and views of the history as SQL",
        "Of the database if there is one, else those that a first load of bank_data.holding makes.\n",
        "  cdclite schema\n"
        "  cdclite schema --db history.db\n",
        command_schema,
        COMMAND_SCHEMA,
    },
    {
        "shell",
        "[PARAMETER=VALUE]…",
        "explore the history in the sqlite3 shell, read-only",
        "The shell begins with headers, box mode and the canned queries' parameters, with the values given; "
        "on a\n"
        "terminal with a short list of what is there. It may stay open while events are being loaded.\n"
        "sqlite3 must be installed.\n",
        "  cdclite shell\n"
        "  cdclite shell from=2025-01-01 to=2025-02-01\n"
        "  echo 'SELECT * FROM holding_sales LIMIT 3' | cdclite shell\n",
        command_shell,
        COMMAND_SHELL,
    },
    {
        "datasette",
        "",
        "write metadata for Datasette, with every canned query as a form",
        "Queries for any table are there once for each captured table, named QUERY-TABLE. A field left empty "
        "is a "
        "parameter\n"
        "that is not set. What a database cannot answer, such as sales without the holding table, is left "
        "out. "
        "Write it anew\n"
        "when tables came or changed.\n",
        "  cdclite datasette --output metadata.json\n"
        "  datasette history.db --metadata metadata.json --setting sql_time_limit_ms 10000\n",
        command_datasette,
        COMMAND_DATASETTE,
    },
    {
        "report",
        "[PARAMETER=VALUE]…",
        "write the story of the history as a page to look at: changes, sales, users, columns, load health",
        "One HTML file that needs no network, in dark and light, for screens of any size. Each picture has "
        "its "
        "table and the\n"
        "query to copy. The parameters are those of the queries that know them: from=, to=, "
        "period=day|week|month|year "
        "and\n"
        "time=commit|row. Without period= it is the shortest one that gives no more than about sixty. Sales "
        "come "
        "from sums;\n"
        "changes over time, busiest users and columns are counted by reading all changes: some seconds a "
        "million.\n",
        "  cdclite report --html report.html\n"
        "  cdclite report --html january.html from=2025-01-01 to=2025-02-01\n"
        "  cdclite report --html - period=week | gzip > report.html.gz\n",
        command_report,
        COMMAND_REPORT,
    },
    {
        "demo",
        "",
        "load recorded events through a Kafka of its own and answer both questions",
        "Needs nothing but this program: librdkafka's mock cluster runs inside it, filled with events that "
        "were recorded\n"
        "from PostgreSQL by Debezium.\n",
        "  cdclite demo\n"
        "  cdclite demo --dir /tmp/cdclite-demo\n",
        command_demo,
        COMMAND_DEMO,
    },
    {
        "help",
        "[COMMAND [NAME]]",
        "say more about a command, or about one query",
        "cdclite help COMMAND and cdclite COMMAND --help are the same.\n",
        "  cdclite help load\n"
        "  cdclite help query\n"
        "  cdclite help query most_sold_stocks\n",
        command_help,
        COMMAND_HELP,
    },
    {
        "completion",
        "bash|zsh|fish",
        "print what lets a shell complete commands, options, queries, tables and topics",
        "The shells ask the program itself: cdclite completion -- WORD… prints, a line each, what the last "
        "word "
        "may become,\n"
        "and behind a tab what it is. Tables and topics are those of the database (--db).\n",
        "  source <(cdclite completion bash)                                         # or in ~/.bashrc\n"
        "  cdclite completion zsh > ~/.zfunc/_cdclite                                # a folder of $fpath\n"
        "  cdclite completion fish > ~/.config/fish/completions/cdclite.fish\n",
        command_completion,
        COMMAND_COMPLETION,
    },
    {
        "man",
        "",
        "print the manual page",
        "It is made from what --help prints.\n",
        "  cdclite man | man -l -\n"
        "  cdclite man > /usr/local/share/man/man1/cdclite.1\n",
        command_man,
        COMMAND_MAN,
    },
    {0},
};

volatile sig_atomic_t stop_requested;

static void request_stop(int signal)
{
    (void)signal;
    stop_requested = 1;
}

void catch_stop_signals(void)
{
    /* Without SA_RESTART, so that a blocked read returns. */
    struct sigaction action = {.sa_handler = request_stop};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN); /* whoever reads our diagnostics may go, the load goes on */
}

int check_output(FILE *out, struct error *error)
{
    if (fflush(out) == 0 && !ferror(out)) return 0;
    return error_set(error, ERROR_FAILURE, "cannot write the output: %s", strerror(errno));
}
