#include "cli/flags.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct options {
    const char *listen;
    const char *store;
    int threads;
    int level;
    bool demo;
};

static const char *const levels[] = {"debug", "info", "warn", NULL};

static const struct cli_flag flags[] = {
    {.name = "listen",
     .kind = CLI_TEXT,
     .offset = offsetof(struct options, listen),
     .value_name = "HOST:PORT",
     .initial = "127.0.0.1:8080",
     .help = "Where to listen."},
    {.name = "store-at",
     .kind = CLI_TEXT,
     .offset = offsetof(struct options, store),
     .value_name = "FILE",
     .help = "Where to store."},
    {.name = "threads",
     .kind = CLI_NUMBER,
     .offset = offsetof(struct options, threads),
     .value_name = "N",
     .initial = "4",
     .number_min = 1,
     .number_max = 64,
     .help = "How many."},
    {.name = "level",
     .kind = CLI_CHOICE,
     .offset = offsetof(struct options, level),
     .value_name = "LEVEL",
     .initial = "info",
     .choices = levels,
     .help = "How much."},
    {.name = "demo",
     .kind = CLI_SWITCH,
     .offset = offsetof(struct options, demo),
     .help = "Whether."},
};
static const struct cli_flags table = {flags, sizeof flags / sizeof *flags};

#define ARGS_MAX 8

/* An environment of NAME, value, NAME, value, NULL. */
struct fake_environment {
    struct cli_environment environment;
    const char *const *pairs;
};

static const char *fake_get(const struct cli_environment *self, const char *name)
{
    const struct fake_environment *fake = (const struct fake_environment *)self;
    for (const char *const *pair = fake->pairs; *pair != NULL; pair += 2) {
        if (strcmp(*pair, name) == 0) {
            return pair[1];
        }
    }
    return NULL;
}

static size_t count_of(const char *const *texts)
{
    size_t count = 0;
    while (texts[count] != NULL) {
        count++;
    }
    return count;
}

static bool parse_with(const struct cli_flags *flags_of, const char *const *args,
                       const char *const *pairs, void *out, struct base_err *err)
{
    struct fake_environment fake = {{fake_get}, pairs};
    return cli_flags_parse(flags_of, (int)count_of(args), args, &fake.environment, out, err);
}

static bool parse(const char *const *args, const char *const *pairs, struct options *out,
                  struct base_err *err)
{
    *out = (struct options){0};
    return parse_with(&table, args, pairs, out, err);
}

static void describe(const struct options *options, char *out, size_t size)
{
    snprintf(out, size, "listen=%s store=%s threads=%d level=%d demo=%d", options->listen,
             options->store == NULL ? "NULL" : options->store, options->threads, options->level,
             options->demo);
}

static void test_accepted(void **state)
{
    (void)state;
    static const struct row {
        const char *name;
        const char *args[ARGS_MAX];
        const char *pairs[ARGS_MAX];
        struct options expected;
    } rows[] = {
        {"nothing", {NULL}, {NULL}, {"127.0.0.1:8080", NULL, 4, 1, false}},
        {"two words", {"--listen", "a:1"}, {NULL}, {"a:1", NULL, 4, 1, false}},
        {"one word", {"--listen=a:1"}, {NULL}, {"a:1", NULL, 4, 1, false}},
        {"an = in a value", {"--listen=a=b"}, {NULL}, {"a=b", NULL, 4, 1, false}},
        {"an empty value", {"--listen="}, {NULL}, {"", NULL, 4, 1, false}},
        {"a value like a flag", {"--listen", "--demo"}, {NULL}, {"--demo", NULL, 4, 1, false}},
        {"all",
         {"--demo", "--level", "warn", "--threads", "64", "--store-at=f"},
         {NULL},
         {"127.0.0.1:8080", "f", 64, 2, true}},
        {"a switch with a value",
         {"--demo=false"},
         {"TOLLGATE_DEMO", "true"},
         {"127.0.0.1:8080", NULL, 4, 1, false}},
        {"the environment",
         {NULL},
         {"TOLLGATE_STORE_AT", "f", "TOLLGATE_DEMO", "1"},
         {"127.0.0.1:8080", "f", 4, 1, true}},
        {"the command line wins",
         {"--threads=2"},
         {"TOLLGATE_THREADS", "3"},
         {"127.0.0.1:8080", NULL, 2, 1, false}},
        {"an empty variable",
         {NULL},
         {"TOLLGATE_THREADS", ""},
         {"127.0.0.1:8080", NULL, 4, 1, false}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct options got;
        struct base_err err = {0};
        if (!parse(rows[i].args, rows[i].pairs, &got, &err)) {
            fail_msg("%s: %s", rows[i].name, err.message);
        }
        char got_text[256];
        char expected_text[256];
        describe(&got, got_text, sizeof got_text);
        describe(&rows[i].expected, expected_text, sizeof expected_text);
        if (strcmp(got_text, expected_text) != 0) {
            fail_msg("%s: expected %s, got %s", rows[i].name, expected_text, got_text);
        }
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct row {
        const char *args[ARGS_MAX];
        const char *pairs[ARGS_MAX];
        const char *expected;
    } rows[] = {
        {{"--lisen", "a"}, {NULL}, "there is no flag --lisen here; did you mean --listen?"},
        {{"--lisen=a"}, {NULL}, "there is no flag --lisen here; did you mean --listen?"},
        {{"--verbose"}, {NULL}, "there is no flag --verbose here"},
        {{"--"}, {NULL}, "there is no flag -- here"},
        {{"--x"}, {NULL}, "there is no flag --x here"},
        {{"--an-unlikely-flag-of-very-many-characters-indeed"},
         {NULL},
         "there is no flag --an-unlikely-flag-of-very-many-character here"},
        {{"-listen", "a"}, {NULL}, "expected a --flag, found \"-listen\""},
        {{"file"}, {NULL}, "expected a --flag, found \"file\""},
        {{"--listen"}, {NULL}, "--listen needs a value: --listen HOST:PORT"},
        {{"--listen=a", "--listen", "b"}, {NULL}, "--listen was given twice"},
        {{"--demo", "--demo"}, {NULL}, "--demo was given twice"},
        {{"--demo=maybe"}, {NULL}, "--demo: expected true or false, found \"maybe\""},
        {{"--threads=0"}, {NULL}, "--threads: expected a whole number from 1 to 64, found \"0\""},
        {{"--threads=65"}, {NULL}, "--threads: expected a whole number from 1 to 64, found \"65\""},
        {{"--threads=-1"}, {NULL}, "--threads: expected a whole number from 1 to 64, found \"-1\""},
        {{"--threads= 1"}, {NULL}, "--threads: expected a whole number from 1 to 64, found \" 1\""},
        {{"--threads=1x"}, {NULL}, "--threads: expected a whole number from 1 to 64, found \"1x\""},
        {{"--threads="}, {NULL}, "--threads: expected a whole number from 1 to 64, found \"\""},
        {{"--threads=99999999999999999999"},
         {NULL},
         "--threads: expected a whole number from 1 to 64, found \"99999999999999999999\""},
        {{"--level=loud"}, {NULL}, "--level: expected debug, info or warn, found \"loud\""},
        {{NULL},
         {"TOLLGATE_THREADS", "many"},
         "TOLLGATE_THREADS: expected a whole number from 1 to 64, found \"many\""},
        {{NULL}, {"TOLLGATE_DEMO", "on"}, "TOLLGATE_DEMO: expected true or false, found \"on\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct options got;
        struct base_err err = {0};
        assert_false(parse(rows[i].args, rows[i].pairs, &got, &err));
        assert_string_equal(err.message, rows[i].expected);
        assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
    }
}

struct guests {
    struct cli_list names;
    struct cli_list rooms;
    bool open;
};

static const struct cli_flag guest_flags[] = {
    {.name = "name",
     .kind = CLI_LIST,
     .offset = offsetof(struct guests, names),
     .value_name = "NAME",
     .initial = "x",
     .help = "Who."},
    {.name = "room",
     .kind = CLI_LIST,
     .offset = offsetof(struct guests, rooms),
     .value_name = "ROOM",
     .separator = ';',
     .help = "Where."},
    {.name = "open",
     .kind = CLI_SWITCH,
     .offset = offsetof(struct guests, open),
     .help = "Whether."},
};
static const struct cli_flags guest_table = {guest_flags, sizeof guest_flags / sizeof *guest_flags};

static bool parse_guests(const char *const *args, const char *const *pairs, struct guests *out,
                         struct base_err *err)
{
    *out = (struct guests){0};
    return parse_with(&guest_table, args, pairs, out, err);
}

static void test_lists_accepted(void **state)
{
    (void)state;
    static const struct row {
        const char *name;
        const char *args[ARGS_MAX];
        const char *pairs[ARGS_MAX];
        const char *expected[ARGS_MAX];
    } rows[] = {
        {"nothing", {NULL}, {NULL}, {"x"}},
        {"one", {"--name", "a"}, {NULL}, {"a"}},
        {"two, in order", {"--name=b", "--open", "--name", "a"}, {NULL}, {"b", "a"}},
        {"one twice", {"--name=a", "--name=a"}, {NULL}, {"a", "a"}},
        {"a typed value is one item", {"--name=a, b", "--name= c "}, {NULL}, {"a, b", " c "}},
        {"a variable of one", {NULL}, {"TOLLGATE_NAME", "a b"}, {"a b"}},
        {"a variable of three", {NULL}, {"TOLLGATE_NAME", "a, b  ,c"}, {"a", "b", "c"}},
        {"the command line wins", {"--name=d"}, {"TOLLGATE_NAME", "a,b"}, {"d"}},
        {"an empty variable", {NULL}, {"TOLLGATE_NAME", ""}, {"x"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct guests got;
        struct base_err err = {0};
        if (!parse_guests(rows[i].args, rows[i].pairs, &got, &err)) {
            fail_msg("%s: %s", rows[i].name, err.message);
        }
        size_t count = count_of(rows[i].expected);
        if (got.names.count != count) {
            fail_msg("%s: expected %zu items, got %zu", rows[i].name, count, got.names.count);
        }
        for (size_t k = 0; k < count; k++) {
            assert_string_equal(got.names.items[k], rows[i].expected[k]);
        }
    }
}

static void test_a_separator_of_its_own(void **state)
{
    (void)state;
    static const char *const nothing[] = {NULL};
    static const char *const pairs[] = {"TOLLGATE_ROOM", "a=1,2 ; b", NULL};
    struct guests got;
    struct base_err err = {0};
    assert_true(parse_guests(nothing, pairs, &got, &err));
    assert_int_equal(got.rooms.count, 2);
    assert_string_equal(got.rooms.items[0], "a=1,2");
    assert_string_equal(got.rooms.items[1], "b");
}

static void test_lists_refused(void **state)
{
    (void)state;
    static const struct row {
        const char *args[ARGS_MAX];
        const char *pairs[ARGS_MAX];
        const char *expected;
    } rows[] = {
        {{"--name"}, {NULL}, "--name needs a value: --name NAME"},
        {{"--name="}, {NULL}, "--name: expected a value, found none"},
        {{"--name=a", "--name", ""}, {NULL}, "--name: expected a value, found none"},
        {{"--open", "--open"}, {NULL}, "--open was given twice"},
        {{NULL}, {"TOLLGATE_NAME", "a, ,b"}, "TOLLGATE_NAME: expected a value, found none"},
        {{NULL}, {"TOLLGATE_NAME", "a,"}, "TOLLGATE_NAME: expected a value, found none"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct guests got;
        struct base_err err = {0};
        assert_false(parse_guests(rows[i].args, rows[i].pairs, &got, &err));
        assert_string_equal(err.message, rows[i].expected);
        assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
    }
}

static void test_list_limits(void **state)
{
    (void)state;
    const char *args[CLI_LIST_ITEMS_MAX + 2] = {NULL};
    for (size_t i = 0; i < CLI_LIST_ITEMS_MAX; i++) {
        args[i] = "--name=a";
    }
    static const char *const nothing[] = {NULL};
    struct guests got;
    struct base_err err = {0};
    assert_true(parse_guests(args, nothing, &got, &err));
    assert_int_equal(got.names.count, CLI_LIST_ITEMS_MAX);
    args[CLI_LIST_ITEMS_MAX] = "--name=a";
    assert_false(parse_guests(args, nothing, &got, &err));
    assert_string_equal(err.message, "--name: expected at most 32 values");

    char text[CLI_LIST_TEXT_MAX + 2] = "";
    const char *const pairs[] = {"TOLLGATE_NAME", text, NULL};
    memset(text, 'a', CLI_LIST_TEXT_MAX);
    assert_true(parse_guests(nothing, pairs, &got, &err));
    assert_string_equal(got.names.items[0], text);
    text[CLI_LIST_TEXT_MAX] = 'a';
    assert_false(parse_guests(nothing, pairs, &got, &err));
    assert_string_equal(err.message, "TOLLGATE_NAME: expected at most 4096 bytes, found 4097");
}

struct parcel {
    const char *what;
    const char *where;
    bool fast;
};

static const struct cli_flag parcel_flags[] = {
    {.name = "WHAT",
     .kind = CLI_OPERAND,
     .offset = offsetof(struct parcel, what),
     .help = "The thing."},
    {.name = "fast",
     .kind = CLI_SWITCH,
     .offset = offsetof(struct parcel, fast),
     .help = "Whether."},
    {.name = "WHERE",
     .kind = CLI_OPERAND,
     .offset = offsetof(struct parcel, where),
     .help = "The place."},
};
static const struct cli_flags parcel_table = {parcel_flags,
                                              sizeof parcel_flags / sizeof *parcel_flags};

static void test_operands(void **state)
{
    (void)state;
    static const struct row {
        const char *args[ARGS_MAX];
        const char *pairs[ARGS_MAX];
        const char *expected; /* what, where and fast, or the message */
    } rows[] = {
        {{"a", "b"}, {NULL}, "a b 0"},
        {{"a", "--fast", "b"}, {NULL}, "a b 1"},
        {{"--fast", "a", "b"}, {NULL}, "a b 1"},
        {{"-", ""}, {NULL}, "-  0"},
        {{"a"}, {"TOLLGATE_WHERE", "b"}, "WHERE is missing"},
        {{NULL}, {NULL}, "WHAT is missing"},
        {{"a", "b", "c"}, {NULL}, "expected a --flag, found \"c\""},
        {{"a", "--WHERE=b"}, {NULL}, "there is no flag --WHERE here"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct parcel got = {0};
        struct base_err err = {0};
        char text[BASE_ERR_MESSAGE_SIZE];
        if (parse_with(&parcel_table, rows[i].args, rows[i].pairs, &got, &err)) {
            snprintf(text, sizeof text, "%s %s %d", got.what, got.where, got.fast);
            assert_string_equal(text, rows[i].expected);
        } else {
            assert_string_equal(err.message, rows[i].expected);
            assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),       cmocka_unit_test(test_refused),
        cmocka_unit_test(test_lists_accepted), cmocka_unit_test(test_a_separator_of_its_own),
        cmocka_unit_test(test_lists_refused),  cmocka_unit_test(test_list_limits),
        cmocka_unit_test(test_operands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
