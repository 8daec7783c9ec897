#include "server/quota_past.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* "10-20 30-40": the spans after each of `added` was added to those before it. */
static const char *after(const struct base_span *added, size_t count)
{
    static char text[400];
    struct base_span spans[SRV_QUOTA_PAST_SPANS_MAX + 1];
    size_t have = 0;
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        have = srv_quota_past_add(spans, have, added[i]);
        assert_in_range(have, 1, SRV_QUOTA_PAST_SPANS_MAX);
    }
    for (size_t i = 0; i < have; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%d-%d", i == 0 ? "" : " ",
                                (int)spans[i].start_s, (int)spans[i].end_s);
    }
    return text;
}

static void spans_that_touch_are_one(void **state)
{
    (void)state;
    static const struct {
        struct base_span added[4];
        size_t count;
        const char *spans;
    } rows[] = {
        {{{10, 20}}, 1, "10-20"},
        {{{10, 20}, {20, 30}}, 2, "10-30"},
        {{{20, 30}, {10, 20}}, 2, "10-30"},
        {{{10, 20}, {10, 20}}, 2, "10-20"},
        {{{10, 20}, {30, 40}}, 2, "10-20 30-40"},
        {{{30, 40}, {10, 20}}, 2, "10-20 30-40"},
        {{{30, 40}, {10, 20}, {20, 30}}, 3, "10-40"},
        {{{10, 20}, {30, 40}, {50, 60}, {15, 45}}, 4, "10-45 50-60"},
        {{{10, 60}, {20, 30}}, 2, "10-60"},
        {{{20, 30}, {10, 60}}, 2, "10-60"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_string_equal(after(rows[i].added, rows[i].count), rows[i].spans);
    }
}

/* The one that a clock ahead left stays apart, however many come before it. */
static void the_oldest_make_room(void **state)
{
    (void)state;
    struct base_span added[12] = {{10000, 10060}};
    for (int i = 1; i < 12; i++) {
        added[i] = (struct base_span){i * 100, i * 100 + 60};
    }
    assert_string_equal(after(added, SRV_QUOTA_PAST_SPANS_MAX),
                        "100-160 200-260 300-360 400-460 500-560 600-660 700-760 10000-10060");
    assert_string_equal(after(added, SRV_QUOTA_PAST_SPANS_MAX + 1),
                        "100-260 300-360 400-460 500-560 600-660 700-760 800-860 10000-10060");
    assert_string_equal(after(added, 12),
                        "100-560 600-660 700-760 800-860 900-960 1000-1060 1100-1160 10000-10060");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_that_touch_are_one),
        cmocka_unit_test(the_oldest_make_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
