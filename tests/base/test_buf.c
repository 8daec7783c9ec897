#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_holds(const struct base_buf *buf, const char *expected)
{
    assert_int_equal(buf->len, strlen(expected));
    assert_memory_equal(buf->data, expected, buf->len);
}

static void grows_to_its_maximum_and_not_beyond(void **state)
{
    (void)state;
    static const struct {
        size_t max_bytes;
        size_t held;
        size_t more;
        bool fits;
    } rows[] = {
        {0, 0, 0, true},         {0, 0, 1, false},         {10, 0, 10, true},
        {10, 0, 11, false},      {10, 9, 1, true},         {10, 10, 1, false},
        {10, 10, 0, true},       {10, 5, SIZE_MAX, false}, {1000, 300, 700, true},
        {1000, 300, 701, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static char bytes[1000];
        struct base_buf buf;
        base_buf_init(&buf, rows[i].max_bytes);
        assert_true(base_buf_append(&buf, bytes, rows[i].held));
        bool fits = base_buf_reserve(&buf, rows[i].more);
        if (fits != rows[i].fits || buf.len != rows[i].held) {
            fail_msg("row %zu", i);
        }
        base_buf_dispose(&buf);
    }
}

static void appends_bytes_strings_and_characters(void **state)
{
    (void)state;
    struct base_buf buf;
    base_buf_init(&buf, 16);
    assert_true(base_buf_append_str(&buf, BASE_STR("{\"a\"")));
    assert_true(base_buf_append_char(&buf, ':'));
    assert_true(base_buf_append(&buf, "1}", 2));
    assert_true(base_buf_append(&buf, NULL, 0));
    assert_holds(&buf, "{\"a\":1}");
    assert_false(base_buf_append(&buf, "0123456789", 10));
    assert_holds(&buf, "{\"a\":1}");
    assert_true(base_str_eq(base_buf_str(&buf), BASE_STR("{\"a\":1}")));
    base_buf_dispose(&buf);
}

static void printf_fills_to_the_last_byte(void **state)
{
    (void)state;
    struct base_buf buf;
    base_buf_init(&buf, 8);
    assert_true(base_buf_printf(&buf, "%d-%s", 12, "abc"));
    assert_holds(&buf, "12-abc");
    assert_false(base_buf_printf(&buf, "%s", "xyz"));
    assert_true(base_buf_printf(&buf, "%s", ""));
    assert_true(base_buf_printf(&buf, "%s", "yz"));
    assert_holds(&buf, "12-abcyz");
    base_buf_dispose(&buf);
}

static void reset_gives_large_memory_back(void **state)
{
    (void)state;
    struct base_buf buf;
    base_buf_init(&buf, 1 << 20);
    assert_true(base_buf_append(&buf, "abc", 3));
    char *data = buf.data;
    base_buf_reset(&buf, 4096);
    assert_ptr_equal(buf.data, data);
    assert_int_equal(buf.len, 0);
    assert_true(base_buf_reserve(&buf, 5000));
    base_buf_reset(&buf, 4096);
    assert_null(buf.data);
    assert_true(base_buf_append(&buf, "again", 5));
    assert_holds(&buf, "again");
    base_buf_dispose(&buf);
    base_buf_dispose(&buf);
}

static void text_moves_with_the_buffer_it_stands_in(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t at; /* of the text in the buffer */
        bool is_inside;
    } rows[] = {
        {"the first byte", 0, true},
        {"among what was appended", 2, true},
        {"in the spare room", 40, true},
        {"elsewhere", 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("  %s\n", rows[i].name);
        struct base_buf buf;
        base_buf_init(&buf, 1 << 20);
        assert_true(base_buf_append(&buf, "0123456789", 10));
        assert_true(buf.capacity >= 44);
        memcpy(buf.data + rows[i].at, "text", 4);
        struct base_str text =
            rows[i].is_inside ? base_str_make(buf.data + rows[i].at, 4) : BASE_STR("text");
        assert_false(base_buf_reserve_around(&buf, 2 << 20, &text));
        assert_true(base_buf_reserve_around(&buf, 1 << 19, &text));
        assert_memory_equal(text.data, "text", 4);
        assert_int_equal(text.data == buf.data + rows[i].at, rows[i].is_inside);
        base_buf_dispose(&buf);
    }
}

static void text_outside_an_empty_buffer(void **state)
{
    (void)state;
    struct base_buf buf;
    struct base_str nothing = base_str_make(NULL, 0);
    base_buf_init(&buf, 64);
    assert_true(base_buf_reserve_around(&buf, 8, &nothing));
    assert_null(nothing.data);
    base_buf_dispose(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_to_its_maximum_and_not_beyond),
        cmocka_unit_test(appends_bytes_strings_and_characters),
        cmocka_unit_test(printf_fills_to_the_last_byte),
        cmocka_unit_test(reset_gives_large_memory_back),
        cmocka_unit_test(text_moves_with_the_buffer_it_stands_in),
        cmocka_unit_test(text_outside_an_empty_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
