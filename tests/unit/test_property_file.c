/* librdkafka properties from the command line and from files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cdclite/buffer.h"
#include "cdclite/property_file.h"

static struct property_list list;
static struct error error;
static char directory[] = "/tmp/cdclite-properties-XXXXXX", path[64];

static int begin(void **state)
{
    (void)state;
    if (!mkdtemp(directory)) return -1;
    snprintf(path, sizeof path, "%s/client.properties", directory);
    return 0;
}

static int end(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(directory);
}

static int forget(void **state)
{
    (void)state;
    property_list_free(&list);
    return 0;
}

static void write_file(const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

/* Reads the file; gives what it wrote to standard error, valid until the next call. */
static const char *read_file(const char *name, int expected)
{
    static char said[1024];
    FILE *catcher = tmpfile();
    assert_non_null(catcher);
    fflush(stderr);
    int saved = dup(STDERR_FILENO);
    dup2(fileno(catcher), STDERR_FILENO);
    int result = property_list_read(&list, name, &error);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(catcher);
    said[fread(said, 1, sizeof said - 1, catcher)] = '\0';
    fclose(catcher);
    assert_int_equal(result, expected);
    return said;
}

/* The properties, each followed by a vertical bar. */
static void assert_list(const char *expected)
{
    struct buffer all = {0};
    for (size_t i = 0; i < list.count; i++) buffer_printf(&all, "%s|", list.all[i]);
    assert_string_equal(buffer_string(&all), expected);
    if (list.all) assert_null(list.all[list.count]);
    buffer_free(&all);
}

static void properties_keep_their_order(void **state)
{
    char first[] = "b=1";
    (void)state;
    assert_int_equal(property_list_add(&list, first, &error), 0);
    first[0] = 'x'; /* it is copied */
    assert_int_equal(property_list_add(&list, "a=2", &error), 0);
    assert_int_equal(property_list_add(&list, "b=3", &error), 0);
    assert_list("b=1|a=2|b=3|");
    property_list_free(&list);
    assert_list("");
}

static void a_file_of_kcat(void **state)
{
    (void)state;
    property_list_add(&list, "first=1", &error);
    write_file("# the cluster\n"
               "bootstrap.servers=localhost:9092\n"
               "\n"
               "  \t # not this one\n"
               "\tsecurity.protocol = SASL_SSL \t\r\n"
               "ssl.ca.location=/etc/a path/ca.pem\n"
               "sasl.jaas.config=a=\"b\" c#d=e;\n"
               "empty=\n"
               "last.one=without line end",
               0600);
    assert_string_equal(read_file(path, 0), "");
    assert_list("first=1|bootstrap.servers=localhost:9092|security.protocol=SASL_SSL|"
                "ssl.ca.location=/etc/a path/ca.pem|sasl.jaas.config=a=\"b\" c#d=e;|empty=|last.one=without "
                "line end|");
}

static void a_file_with_nothing_in_it(void **state)
{
    (void)state;
    write_file("", 0644);
    read_file(path, 0);
    write_file("\n\n# nothing\n", 0644);
    read_file(path, 0);
    assert_list("");
}

static void a_line_that_is_no_property_is_named(void **state)
{
    static const char *const lines[] = {"bootstrap.servers", "key: value", "=value", " = "};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char text[64];
        snprintf(text, sizeof text, "a=b\n\n%s\n", lines[i]);
        write_file(text, 0600);
        if (property_list_read(&list, path, &error) != -1) fail_msg("taken: %s", lines[i]);
        assert_int_equal(error.kind, ERROR_USAGE);
        assert_non_null(strstr(error.text, path));
        assert_non_null(strstr(error.text, "line 3"));
        property_list_free(&list);
    }
}

static void a_refused_line_is_not_repeated(void **state)
{
    static const char *const lines[] = {"sasl.password hunter2\n", "sasl.password: hunter2=\n",
                                        "sasl.password hunter2=\n"};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        write_file(lines[i], 0600);
        assert_string_equal(read_file(path, -1), "");
        assert_non_null(strstr(error.text, path));
        assert_null(strstr(error.text, "hunter2"));
        if (property_list_add(&list, lines[i], &error) != -1) fail_msg("taken: %s", lines[i]);
        assert_null(strstr(error.text, "hunter2"));
    }
    assert_list("");
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
    static const char missing[] = "/nowhere/client.properties";
    (void)state;
    read_file(missing, -1);
    assert_int_equal(error.kind, ERROR_USAGE);
    assert_non_null(strstr(error.text, missing));
    assert_non_null(strstr(error.text, "No such file"));
    read_file(directory, -1);
    assert_int_equal(error.kind, ERROR_USAGE);
    assert_non_null(strstr(error.text, directory));
}

static void what_is_secret(void **state)
{
    /* Those that librdkafka 2.0 to 2.8 marks as sensitive, and what people write instead. */
    static const char *const secret[] = {"sasl.password=x",
                                         "ssl.key.password=x",
                                         "ssl.keystore.password=x",
                                         "ssl.key.pem=x",
                                         "ssl_key=x",
                                         "sasl.oauthbearer.client.secret=x",
                                         "sasl.oauthbearer.config=x",
                                         "ssl.truststore.password=x",
                                         "sasl.jaas.config=x",
                                         "sasl.passwd=x"};
    static const char *const open[] = {"sasl.username=password", "ssl.ca.location=/etc/secret",
                                       "ssl.key.location=ssl.key.pem", "sasl.mechanism=PLAIN", "debug=all"};
    (void)state;
    for (size_t i = 0; i < sizeof secret / sizeof *secret; i++)
        if (!property_is_secret(secret[i])) fail_msg("no secret: %s", secret[i]);
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        if (property_is_secret(open[i])) fail_msg("a secret: %s", open[i]);
}

static void a_secret_that_others_may_read_is_warned_of(void **state)
{
    static const mode_t open[] = {0644, 0640, 0604};
    static const char password[] = "sasl.username=u\nsasl.password=hunter2\n";
    (void)state;
    for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
        write_file(password, open[i]);
        const char *said = read_file(path, 0);
        assert_non_null(strstr(said, "warning"));
        assert_non_null(strstr(said, "chmod 600 "));
        assert_non_null(strstr(said, path));
        assert_null(strstr(said, "hunter2"));
    }
    write_file("sasl.oauthbearer.config=principal=hunter2\n", 0640);
    assert_non_null(strstr(read_file(path, 0), "warning"));
    write_file(password, 0600);
    assert_string_equal(read_file(path, 0), "");
    write_file("# no password here\nsasl.username=password\n", 0644);
    assert_string_equal(read_file(path, 0), "");
}

/* An access list for the service's user shows as the group's bits. */
static void a_credential_of_systemd_is_not_warned_of(void **state)
{
    (void)state;
    write_file("sasl.password=hunter2\n", 0440);
    setenv("CREDENTIALS_DIRECTORY", directory, 1);
    assert_string_equal(read_file(path, 0), "");
    setenv("CREDENTIALS_DIRECTORY", "/tmp/cdclite-prop", 1);
    assert_non_null(strstr(read_file(path, 0), "warning"));
    unsetenv("CREDENTIALS_DIRECTORY");
    assert_non_null(strstr(read_file(path, 0), "warning"));
}

static void the_environment_gives_properties(void **state)
{
    (void)state;
    setenv("CDCLITE_KAFKA_SASL_PASSWORD", "a_B=c", 1);
    assert_int_equal(property_list_environment(&list, &error), 0);
    assert_list("sasl.password=a_B=c|");
    property_list_free(&list);
    setenv("CDCLITE_KAFKA_SASL_PASSWORD", "", 1);
    assert_int_equal(property_list_environment(&list, &error), 0);
    assert_list("sasl.password=|");
    unsetenv("CDCLITE_KAFKA_SASL_PASSWORD");
    property_list_free(&list);
    assert_int_equal(property_list_environment(&list, &error), 0);
    assert_list("");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(properties_keep_their_order, forget),
        cmocka_unit_test_teardown(a_file_of_kcat, forget),
        cmocka_unit_test_teardown(a_file_with_nothing_in_it, forget),
        cmocka_unit_test_teardown(a_line_that_is_no_property_is_named, forget),
        cmocka_unit_test_teardown(a_refused_line_is_not_repeated, forget),
        cmocka_unit_test_teardown(a_file_that_cannot_be_read_is_named, forget),
        cmocka_unit_test_teardown(what_is_secret, forget),
        cmocka_unit_test_teardown(a_secret_that_others_may_read_is_warned_of, forget),
        cmocka_unit_test_teardown(a_credential_of_systemd_is_not_warned_of, forget),
        cmocka_unit_test_teardown(the_environment_gives_properties, forget),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
