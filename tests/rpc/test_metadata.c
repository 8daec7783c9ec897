#include "rpc/metadata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static int setup(void **state)
{
    static struct base_arena arena;
    base_arena_init(&arena, (size_t)1024 * 1024);
    *state = &arena;
    return 0;
}

static int teardown(void **state)
{
    base_arena_dispose(*state);
    return 0;
}

static const struct {
    const char *name;
    struct base_str key;
    struct base_str value;
    const char *message; /* NULL: accepted */
} rows[] = {
    {"plain", {"x-a", 3}, {"v", 1}, NULL},
    {"every key character", {"az09_-.", 7}, {"v", 1}, NULL},
    {"empty value", {"x-a", 3}, {"", 0}, NULL},
    {"printable value", {"x-a", 3}, {" ~", 2}, NULL},
    {"binary value", {"x-bin", 5}, {"\0\xff\n", 3}, NULL},
    {"empty key", {"", 0}, {"v", 1}, "a metadata key is empty"},
    {"upper case",
     {"x-A", 3},
     {"v", 1},
     "a metadata key has byte 0x41 at offset 2; expected lower-case letters, digits, '_', '-' and "
     "'.'"},
    {"colon",
     {":path", 5},
     {"v", 1},
     "a metadata key has byte 0x3A at offset 0; expected lower-case letters, digits, '_', '-' and "
     "'.'"},
    {"line feed in value",
     {"x-a", 3},
     {"v\nw", 3},
     "metadata x-a: byte 0x0A at offset 1; expected printable ASCII, or a key that ends in -bin"},
    {"DEL in value",
     {"x-a", 3},
     {"\x7f", 1},
     "metadata x-a: byte 0x7F at offset 0; expected printable ASCII, or a key that ends in -bin"},
    {"UTF-8 in value",
     {"x-a", 3},
     {"\xc3\xa9", 2},
     "metadata x-a: byte 0xC3 at offset 0; expected printable ASCII, or a key that ends in -bin"},
};

static void test_rows(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("  %s\n", rows[i].name);
        struct rpc_metadata metadata = {0};
        struct base_err err = {0};
        bool ok = rpc_metadata_add(&metadata, *state, rows[i].key, rows[i].value, &err);
        assert_int_equal(ok, rows[i].message == NULL);
        if (ok) {
            assert_int_equal(metadata.count, 1);
            assert_true(base_str_eq(metadata.entries[0].value, rows[i].value));
        } else {
            assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
            assert_string_equal(err.message, rows[i].message);
            assert_int_equal(metadata.count, 0);
        }
    }
}

/* Each byte there is, at each place of texts around the length of a machine word. */
static void test_bytes_of_values(void **state)
{
    char value[20];
    char place[32];
    for (size_t len = 1; len <= sizeof value; len++) {
        for (size_t at = 0; at < len; at++) {
            for (int byte = 0; byte <= UINT8_MAX; byte++) {
                struct rpc_metadata metadata = {0};
                struct base_err err;
                memset(value, byte % 2 == 0 ? ' ' : '~', len);
                value[at] = (char)byte;
                bool ok = rpc_metadata_add_borrowed(&metadata, *state, BASE_STR("x-a"),
                                                    base_str_make(value, len), &err);
                assert_int_equal(ok, byte >= ' ' && byte <= '~');
                snprintf(place, sizeof place, "byte 0x%02X at offset %zu;", (unsigned)byte, at);
                assert_true(ok || strstr(err.message, place) != NULL);
                base_arena_reset(*state);
            }
        }
    }
}

static void test_add_copies_and_borrows(void **state)
{
    struct rpc_metadata metadata = {0};
    struct base_err err;
    char key[] = "x-a";
    char value[] = "one";
    assert_true(rpc_metadata_add(&metadata, *state, base_str_of(key), base_str_of(value), &err));
    assert_true(
        rpc_metadata_add_borrowed(&metadata, *state, base_str_of(key), base_str_of(value), &err));
    assert_ptr_not_equal(metadata.entries[0].value.data, value);
    assert_ptr_equal(metadata.entries[1].value.data, value);
    assert_int_equal(metadata.bytes, 12);
}

/* What is known to be good is borrowed as it is; the limits hold for it, too. */
static void test_add_known(void **state)
{
    static char value[RPC_METADATA_BYTES_MAX];
    struct rpc_metadata metadata = {0};
    struct base_err err;
    const struct rpc_metadata_entry entry = {BASE_STR("x-a"), BASE_STR("one")};
    const struct rpc_metadata_entry large = {BASE_STR("x-b"),
                                             base_str_make(value, sizeof value - 8)};
    for (int i = 1; i < RPC_METADATA_ENTRIES_MAX; i++) {
        assert_true(rpc_metadata_add_known(&metadata, *state, &entry, &err));
        assert_ptr_equal(metadata.entries[i - 1].value.data, entry.value.data);
        assert_int_equal(metadata.bytes, 6 * i);
    }
    assert_false(rpc_metadata_add_known(&metadata, *state, &large, &err));
    assert_string_equal(err.message, "metadata has more than 65536 bytes");
    assert_true(rpc_metadata_add_known(&metadata, *state, &entry, &err));
    assert_false(rpc_metadata_add_known(&metadata, *state, &entry, &err));
    assert_string_equal(err.message, "metadata has more than 128 pairs");
}

static void test_find(void **state)
{
    struct rpc_metadata metadata = {0};
    struct base_err err;
    assert_null(rpc_metadata_find(&metadata, BASE_STR("x-a")));
    for (int i = 0; i < 20; i++) {
        char key[8];
        char value[8];
        snprintf(key, sizeof key, "k%d", i / 2);
        snprintf(value, sizeof value, "v%d", i);
        assert_true(
            rpc_metadata_add(&metadata, *state, base_str_of(key), base_str_of(value), &err));
    }
    const struct base_str *found = rpc_metadata_find(&metadata, BASE_STR("k9"));
    assert_non_null(found);
    assert_true(base_str_eq(*found, BASE_STR("v18"))); /* the first of two */
    assert_null(rpc_metadata_find(&metadata, BASE_STR("k")));
}

static void test_pairs_limit(void **state)
{
    struct rpc_metadata metadata = {0};
    struct base_err err;
    char key[8];
    for (int i = 0; i < RPC_METADATA_ENTRIES_MAX; i++) {
        snprintf(key, sizeof key, "k%d", i);
        assert_true(rpc_metadata_add(&metadata, *state, base_str_of(key), BASE_STR("v"), &err));
    }
    assert_false(rpc_metadata_add(&metadata, *state, BASE_STR("k"), BASE_STR("v"), &err));
    assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
    assert_string_equal(err.message, "metadata has more than 128 pairs");
    assert_int_equal(metadata.count, RPC_METADATA_ENTRIES_MAX);
    for (int i = 0; i < RPC_METADATA_ENTRIES_MAX; i++) {
        snprintf(key, sizeof key, "k%d", i);
        assert_true(base_str_eq(metadata.entries[i].key, base_str_of(key)));
        assert_true(base_str_eq(metadata.entries[i].value, BASE_STR("v")));
    }
}

static void test_bytes_limit(void **state)
{
    static char value[RPC_METADATA_BYTES_MAX];
    memset(value, 'v', sizeof value);
    struct rpc_metadata metadata = {0};
    struct base_err err;
    assert_false(rpc_metadata_add(&metadata, *state, BASE_STR("k"),
                                  base_str_make(value, sizeof value), &err));
    assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
    assert_string_equal(err.message, "metadata has more than 65536 bytes");
    assert_true(rpc_metadata_add(&metadata, *state, BASE_STR("k"),
                                 base_str_make(value, sizeof value - 2), &err));
    assert_false(rpc_metadata_add(&metadata, *state, BASE_STR("kk"), BASE_STR(""), &err));
    assert_true(rpc_metadata_add(&metadata, *state, BASE_STR("k"), BASE_STR(""), &err));
    assert_false(rpc_metadata_add(&metadata, *state, BASE_STR("k"), BASE_STR(""), &err));
}

static void test_is_text(void **state)
{
    (void)state;
    assert_true(rpc_metadata_is_text(BASE_STR("")));
    assert_true(rpc_metadata_is_text(BASE_STR(" longer than eight bytes ~")));
    assert_false(rpc_metadata_is_text(BASE_STR("a tab\tin the first word")));
    assert_false(rpc_metadata_is_text(BASE_STR("behind a word\x7f")));
    assert_false(rpc_metadata_is_text(BASE_STR("caf\xC3\xA9")));
}

static void test_out_of_arena(void **state)
{
    (void)state;
    struct base_arena tiny;
    base_arena_init(&tiny, 8);
    struct rpc_metadata metadata = {0};
    struct base_err err;
    assert_false(rpc_metadata_add(&metadata, &tiny, BASE_STR("k"), BASE_STR("v"), &err));
    assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
    assert_string_equal(err.message, "metadata: the call's memory is used up");
    assert_int_equal(metadata.count, 0);
    base_arena_dispose(&tiny);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_bytes_of_values),
        cmocka_unit_test(test_add_copies_and_borrows),
        cmocka_unit_test(test_add_known),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_pairs_limit),
        cmocka_unit_test(test_bytes_limit),
        cmocka_unit_test(test_is_text),
        cmocka_unit_test(test_out_of_arena),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
