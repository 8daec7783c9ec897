#include "cli/help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const levels[] = {"debug", "info", "warn", NULL};

static const struct cli_flag flags[] = {
    {.name = "WHAT", .kind = CLI_OPERAND, .help = "The thing."},
    {.name = "listen",
     .kind = CLI_TEXT,
     .value_name = "HOST:PORT",
     .initial = "127.0.0.1:8080",
     .help = "Where to listen."},
    {.name = "store-at", .kind = CLI_TEXT, .value_name = "FILE", .help = "Where to store."},
    {.name = "threads", .kind = CLI_NUMBER, .value_name = "N", .initial = "4", .help = "How many."},
    {.name = "level",
     .kind = CLI_CHOICE,
     .value_name = "LEVEL",
     .initial = "info",
     .choices = levels,
     .help = "How much."},
    {.name = "name", .kind = CLI_LIST, .value_name = "NAME", .initial = "x", .help = "Who."},
    {.name = "room", .kind = CLI_LIST, .value_name = "ROOM", .separator = ';', .help = "Where."},
    {.name = "demo", .kind = CLI_SWITCH, .help = "Whether."},
    {.name = "WHERE", .kind = CLI_OPERAND, .help = "The place."},
};
static const struct cli_flags table = {flags, sizeof flags / sizeof *flags};

#define FLAGS_HELP                                                                                 \
    "  WHAT\n"                                                                                     \
    "      The thing.\n"                                                                           \
    "  --listen HOST:PORT\n"                                                                       \
    "      Where to listen.\n"                                                                     \
    "      Variable: TOLLGATE_LISTEN. Default: 127.0.0.1:8080.\n"                                  \
    "  --store-at FILE\n"                                                                          \
    "      Where to store.\n"                                                                      \
    "      Variable: TOLLGATE_STORE_AT.\n"                                                         \
    "  --threads N\n"                                                                              \
    "      How many.\n"                                                                            \
    "      Variable: TOLLGATE_THREADS. Default: 4.\n"                                              \
    "  --level LEVEL\n"                                                                            \
    "      How much.\n"                                                                            \
    "      Variable: TOLLGATE_LEVEL. Default: info.\n"                                             \
    "  --name NAME\n"                                                                              \
    "      Who.\n"                                                                                 \
    "      Variable: TOLLGATE_NAME, items apart by \",\". Default: x. May be given several "       \
    "times.\n"                                                                                     \
    "  --room ROOM\n"                                                                              \
    "      Where.\n"                                                                               \
    "      Variable: TOLLGATE_ROOM, items apart by \";\". May be given several times.\n"           \
    "  --demo\n"                                                                                   \
    "      Whether.\n"                                                                             \
    "      Variable: TOLLGATE_DEMO.\n"                                                             \
    "  WHERE\n"                                                                                    \
    "      The place.\n"

static void test_flags(void **state)
{
    (void)state;
    char text[2048] = "";
    FILE *out = fmemopen(text, sizeof text, "w");
    assert_non_null(out);
    cli_help_print_flags(&table, out);
    fclose(out);
    assert_string_equal(text, FLAGS_HELP);
}

static void test_usage(void **state)
{
    (void)state;
    char text[2048] = "";
    FILE *out = fmemopen(text, sizeof text, "w");
    assert_non_null(out);
    cli_help_print(&table, "send", "sends things", out);
    fclose(out);
    assert_string_equal(text, "tollgate send WHAT WHERE [FLAG...] sends things.\n\n"
                              "Each flag can be set by a variable of the environment, too; the "
                              "command line wins.\n\n" FLAGS_HELP);
}

static void test_asked(void **state)
{
    (void)state;
    static const char *const long_form[] = {"--demo", "--help"};
    static const char *const short_form[] = {"-h"};
    static const char *const other[] = {"help", "--helper"};
    assert_true(cli_help_is_asked(2, long_form));
    assert_false(cli_help_is_asked(1, long_form));
    assert_true(cli_help_is_asked(1, short_form));
    assert_false(cli_help_is_asked(2, other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_usage),
        cmocka_unit_test(test_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
