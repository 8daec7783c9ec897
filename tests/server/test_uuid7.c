#include "server/uuid7.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>

struct hand_clock {
    struct base_clock clock;
    int64_t now_ns;
};

static int64_t hand_clock_unix_ns(const struct base_clock *self)
{
    return ((const struct hand_clock *)self)->now_ns;
}

static void fill_ones(const struct base_random *self, void *out, size_t len)
{
    (void)self;
    memset(out, 0xff, len);
}

static const struct base_random ones = {fill_ones};

static void test_layout(void **state)
{
    (void)state;
    struct hand_clock clock = {{hand_clock_unix_ns}, INT64_C(1645557742000) * BASE_NS_PER_MS};
    struct srv_uuid7 generator;
    srv_uuid7_init(&generator, &clock.clock, &ones);
    char text[SRV_UUID_TEXT_SIZE];
    srv_uuid7_next(&generator, text);
    /* The timestamp is that of RFC 9562, appendix A.6. */
    assert_string_equal(text, "017f22e2-79b0-7000-bfff-ffffffffffff");
    srv_uuid7_next(&generator, text);
    assert_string_equal(text, "017f22e2-79b0-7001-bfff-ffffffffffff");
    clock.now_ns += BASE_NS_PER_MS;
    srv_uuid7_next(&generator, text);
    assert_string_equal(text, "017f22e2-79b1-7000-bfff-ffffffffffff");
    clock.now_ns -= 60 * BASE_NS_PER_S;
    srv_uuid7_next(&generator, text);
    assert_string_equal(text, "017f22e2-79b1-7001-bfff-ffffffffffff");
}

static void test_counter_runs_over_into_the_milliseconds(void **state)
{
    (void)state;
    struct hand_clock clock = {{hand_clock_unix_ns}, INT64_C(1645557742000) * BASE_NS_PER_MS};
    struct srv_uuid7 generator;
    srv_uuid7_init(&generator, &clock.clock, &ones);
    char text[SRV_UUID_TEXT_SIZE];
    for (int i = 0; i < 4096; i++) {
        srv_uuid7_next(&generator, text);
    }
    assert_string_equal(text, "017f22e2-79b0-7fff-bfff-ffffffffffff");
    srv_uuid7_next(&generator, text);
    assert_string_equal(text, "017f22e2-79b1-7000-bfff-ffffffffffff");
}

#define THREADS 4
#define IDS_EACH 5000

struct maker {
    struct srv_uuid7 *generator;
    char (*ids)[SRV_UUID_TEXT_SIZE];
};

static void *make_ids(void *arg)
{
    const struct maker *maker = arg;
    for (int i = 0; i < IDS_EACH; i++) {
        srv_uuid7_next(maker->generator, maker->ids[i]);
    }
    return NULL;
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void test_threads_get_different_growing_ids(void **state)
{
    (void)state;
    static char ids[THREADS * IDS_EACH][SRV_UUID_TEXT_SIZE];
    struct srv_uuid7 generator;
    srv_uuid7_init(&generator, &base_clock_system, &base_random_system);
    struct maker makers[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        makers[i] = (struct maker){&generator, ids + i * IDS_EACH};
        assert_int_equal(pthread_create(&threads[i], NULL, make_ids, &makers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 1; i < THREADS * IDS_EACH; i++) {
        assert_true(i % IDS_EACH == 0 || strcmp(ids[i - 1], ids[i]) < 0);
    }
    qsort(ids, THREADS * IDS_EACH, sizeof *ids, compare_ids);
    for (int i = 1; i < THREADS * IDS_EACH; i++) {
        /* Time and counter alone tell them apart. */
        assert_true(strncmp(ids[i - 1], ids[i], strlen("017f22e2-79b0-7000")) < 0);
    }
}

static void test_read(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        const char *expected; /* NULL: refused */
    } rows[] = {
        {"lower case", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
         "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"},
        {"upper case", "017F22E2-79B0-7CC3-98C4-DC0C0C07398A",
         "017f22e2-79b0-7cc3-98c4-dc0c0c07398a"},
        {"nil", "00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000"},
        {"empty", "", NULL},
        {"too short", "017f22e2-79b0-7cc3-98c4-dc0c0c07398", NULL},
        {"too long", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0", NULL},
        {"no dashes", "017f22e279b07cc398c4dc0c0c07398f0000", NULL},
        {"dash too many", "017f22e2-79b0-7cc3-98c4-dc0c0c0739-f", NULL},
        {"braces", "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}", NULL},
        {"not a digit", "017f22e2-79b0-7cc3-98c4-dc0c0c07398g", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("  %s\n", rows[i].name);
        char out[SRV_UUID_TEXT_SIZE] = "untouched";
        bool ok = srv_uuid_read(base_str_of(rows[i].text), out);
        assert_int_equal(ok, rows[i].expected != NULL);
        assert_string_equal(out, ok ? rows[i].expected : "untouched");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_counter_runs_over_into_the_milliseconds),
        cmocka_unit_test(test_threads_get_different_growing_ids),
        cmocka_unit_test(test_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
