/* The flags of JSON, as the transcoder gets them, of every subcommand that has them. */
#include "cli/api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *no_variable(const struct cli_environment *self, const char *name)
{
    (void)self;
    (void)name;
    return NULL;
}

static const struct cli_environment no_environment = {no_variable};

static const struct {
    const char *flag; /* NULL: none */
    struct gw_transcode_options want;
} rows[] = {
    {NULL, {.print_defaults = true}},
    {"--ignore-unknown-fields", {.print_defaults = true, .ignore_unknown_fields = true}},
    {"--json-omit-defaults", {.print_defaults = false}},
    {"--json-proto-names", {.print_defaults = true, .print_proto_names = true}},
    {"--json-enum-numbers", {.print_defaults = true, .print_enum_numbers = true}},
    {"--json-int64-numbers", {.print_defaults = true, .print_int64_numbers = true}},
    {"--json-indent=2", {.print_defaults = true, .indent = 2}},
    {"--json-indent=8", {.print_defaults = true, .indent = 8}},
};

static void check(const struct gw_transcode_options *got, const struct gw_transcode_options *want)
{
    assert_null(got->schema);
    assert_int_equal(got->ignore_unknown_fields, want->ignore_unknown_fields);
    assert_int_equal(got->print_defaults, want->print_defaults);
    assert_int_equal(got->print_proto_names, want->print_proto_names);
    assert_int_equal(got->print_enum_numbers, want->print_enum_numbers);
    assert_int_equal(got->print_int64_numbers, want->print_int64_numbers);
    assert_int_equal(got->indent, want->indent);
}

static void flags_reach_the_transcoder(void **state)
{
    (void)state;
    const struct cli_flags *tables[] = {&cli_serve_flags, &cli_gateway_flags};
    for (size_t i = 0; i < sizeof rows / sizeof *rows * 2; i++) {
        struct cli_options options = {0};
        struct base_err err;
        const char *argv[] = {rows[i / 2].flag};
        assert_true(cli_flags_parse(tables[i % 2], rows[i / 2].flag == NULL ? 0 : 1, argv,
                                    &no_environment, &options, &err));
        struct gw_transcode_options json = cli_api_json(&options);
        check(&json, &rows[i / 2].want);
    }
}

static void indentation_has_a_limit(void **state)
{
    (void)state;
    struct cli_options options = {0};
    struct base_err err;
    const char *argv[] = {"--json-indent=9"};
    assert_false(cli_flags_parse(&cli_serve_flags, 1, argv, &no_environment, &options, &err));
    assert_string_equal(err.message,
                        "--json-indent: expected a whole number from 0 to 8, found \"9\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_reach_the_transcoder),
        cmocka_unit_test(indentation_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
