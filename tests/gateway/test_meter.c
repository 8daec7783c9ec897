/* Meters with a sink that keeps what it is told as lines of text. */
#include "gateway/meter.h"

#include "base/clock.h"

#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* 2026-11-26T10:08:21Z */
#define NOW_S INT64_C(1795687701)
#define TODAY (NOW_S / BASE_SECONDS_PER_DAY)

struct fake_sink {
    struct gw_usage_sink sink;
    char lines[1024]; /* "add plan/key day count", "release ... count", "forget ..." */
    bool fails;
    int64_t total;
};

static struct fake_sink fake;
static struct gw_meters *meters;

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void note(const char *format, ...)
{
    size_t len = strlen(fake.lines);
    va_list args;
    va_start(args, format);
    vsnprintf(fake.lines + len, sizeof fake.lines - len, format, args);
    va_end(args);
}

static bool add(struct gw_usage_sink *self, struct gw_quota_owner owner, int64_t day, int64_t count)
{
    (void)self;
    if (fake.fails) {
        return false;
    }
    fake.total += count;
    note("add %s/%s %+d %d\n", owner.plan_id, owner.key_id, (int)(day - TODAY), (int)count);
    return true;
}

static void release(struct gw_usage_sink *self, struct gw_quota_owner owner,
                    const struct gw_quota_term *term, int64_t count)
{
    (void)self;
    note("release %s/%s %+d %d\n", owner.plan_id, owner.key_id, (int)(term->start_s - NOW_S),
         (int)count);
}

static void forget(struct gw_usage_sink *self, struct gw_quota_owner owner,
                   const struct gw_quota_term *term)
{
    (void)self;
    note("forget %s/%s %+d\n", owner.plan_id, owner.key_id, (int)(term->start_s - NOW_S));
}

static bool keeps_reservations;
static struct gw_quota_reservation *kept;

/* Grants what is wanted, of 1600 for all; or keeps the reservation for later. */
static void reserve(struct gw_quota_source *self, struct gw_quota_reservation *reservation)
{
    (void)self;
    if (keeps_reservations) {
        assert_null(kept);
        kept = reservation;
        return;
    }
    gw_quota_reserved(reservation, true, reservation->want, 1600);
}

static struct gw_quota_source source = {reserve};

static int set_up(void **state)
{
    (void)state;
    fake = (struct fake_sink){.sink = {add, release, forget}};
    keeps_reservations = false;
    kept = NULL;
    meters = gw_meters_create(&source);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    gw_meters_destroy(meters);
    return 0;
}

/* What the sink was told by one flush. */
static const char *flush_at(int64_t now_s, bool is_last)
{
    fake.lines[0] = '\0';
    gw_meters_flush(meters, &fake.sink, now_s, is_last);
    return fake.lines;
}

static void writes_down_what_was_used(void **state)
{
    (void)state;
    struct gw_meter *one = gw_meters_get(meters, "p", "one");
    struct gw_meter *two = gw_meters_get(meters, "p", "two");
    assert_ptr_equal(gw_meters_get(meters, "p", "one"), one);
    gw_meter_unref(one);
    assert_string_equal(flush_at(NOW_S, false), "");
    for (int i = 0; i < 3; i++) {
        gw_meter_count(one, NOW_S);
    }
    assert_string_equal(flush_at(NOW_S, false), "add p/one +0 3\n");
    assert_string_equal(flush_at(NOW_S, false), "");
    gw_meter_count(two, NOW_S);
    gw_meter_count(one, NOW_S);
    const char *lines = flush_at(NOW_S, false);
    assert_non_null(strstr(lines, "add p/one +0 1\n"));
    assert_non_null(strstr(lines, "add p/two +0 1\n"));
    gw_meter_unref(one);
    gw_meter_unref(two);
}

static void tells_the_days_apart(void **state)
{
    (void)state;
    struct gw_meter *meter = gw_meters_get(meters, "p", "k");
    int64_t midnight_s = (TODAY + 1) * BASE_SECONDS_PER_DAY;
    gw_meter_count(meter, midnight_s - 1);
    gw_meter_count(meter, midnight_s);
    gw_meter_count(meter, midnight_s);
    /* A flush whose clock was read just before midnight leaves tomorrow's alone. */
    assert_string_equal(flush_at(midnight_s - 1, false), "add p/k +0 1\n");
    gw_meter_count(meter, midnight_s - 1);
    assert_string_equal(flush_at(midnight_s + 1, false), "add p/k +0 1\nadd p/k +1 2\n");
    gw_meter_unref(meter);
}

static void loses_nothing_while_the_sink_fails(void **state)
{
    (void)state;
    struct gw_meter *meter = gw_meters_get(meters, "p", "k");
    fake.fails = true;
    gw_meter_count(meter, NOW_S);
    assert_string_equal(flush_at(NOW_S, false), "");
    gw_meter_count(meter, NOW_S);
    gw_meter_unref(meter);
    assert_string_equal(flush_at(NOW_S, false), "");
    fake.fails = false;
    assert_string_equal(flush_at(NOW_S, false), "add p/k +0 2\n");
}

static void counts_by_the_day_though_the_sink_fails_over_midnight(void **state)
{
    (void)state;
    struct gw_meter *meter = gw_meters_get(meters, "p", "k");
    fake.fails = true;
    for (int day = 0; day < 2; day++) {
        int64_t now_s = NOW_S + day * BASE_SECONDS_PER_DAY;
        gw_meter_count(meter, now_s);
        assert_string_equal(flush_at(now_s, false), "");
    }
    fake.fails = false;
    assert_string_equal(flush_at((TODAY + 1) * BASE_SECONDS_PER_DAY, false),
                        "add p/k +0 1\nadd p/k +1 1\n");
    gw_meter_unref(meter);
}

static void wake_nobody(struct base_mailbox *box)
{
    (void)box;
}

static void ignore_mail(struct base_mail *mail)
{
    (void)mail;
}

static const struct gw_quota_term this_minute = {
    .limit = 1600, .period = {BASE_PERIOD_MINUTE, 0}, .start_s = NOW_S - 21};
static const struct gw_quota_term next_minute = {
    .limit = 1600, .period = {BASE_PERIOD_MINUTE, 0}, .start_s = NOW_S + 39};
static const struct gw_quota_term first_minute = {
    .limit = 1600, .period = {BASE_PERIOD_MINUTE, 0}, .start_s = TODAY * BASE_SECONDS_PER_DAY};
static const struct gw_quota_term whole_day = {
    .limit = 1600, .period = {BASE_PERIOD_DAY, 0}, .start_s = TODAY * BASE_SECONDS_PER_DAY};

/* One request, for which a block is reserved where there is none. */
static void use(struct gw_meter *meter, const struct gw_quota_term *term, int64_t now_s)
{
    struct base_mailbox box;
    struct gw_quota_waiter waiter = {.mail = {.on_mail = ignore_mail}, .home = &box};
    base_mailbox_init(&box, wake_nobody);
    enum gw_quota_outcome outcome =
        gw_quota_take(gw_meter_quota(meter), term, base_clock_monotonic_ns(), &waiter);
    base_mailbox_drain(&box);
    base_mailbox_dispose(&box);
    assert_int_equal(outcome == GW_QUOTA_WAITING ? waiter.outcome : outcome, GW_QUOTA_GRANTED);
    gw_meter_count(meter, now_s);
}

static void gives_back_a_block_that_is_not_used(void **state)
{
    (void)state;
    struct gw_meter *meter = gw_meters_get(meters, "p", "k");
    use(meter, &this_minute, NOW_S);
    assert_string_equal(flush_at(NOW_S, false), "add p/k +0 1\n");
    for (int i = 1; i < GW_METER_IDLE_FLUSHES; i++) {
        assert_string_equal(flush_at(NOW_S + i, false), "");
    }
    assert_string_equal(flush_at(NOW_S + 5, false), "release p/k -21 7\n");
    assert_string_equal(flush_at(NOW_S + 6, false), "");
    use(meter, &this_minute, NOW_S);
    assert_string_equal(flush_at(NOW_S + 7, true), "add p/k +0 1\nrelease p/k -21 15\n");
    gw_meter_unref(meter);
}

static void forgets_periods_that_are_long_over(void **state)
{
    (void)state;
    struct gw_meter *meter = gw_meters_get(meters, "p", "k");
    use(meter, &this_minute, NOW_S);
    assert_string_equal(flush_at(NOW_S, false), "add p/k +0 1\n");
    use(meter, &next_minute, NOW_S + 40);
    assert_string_equal(flush_at(NOW_S + 40, false), "add p/k +0 1\n");
    assert_string_equal(flush_at(NOW_S + 68, false), "");
    assert_string_equal(flush_at(NOW_S + 69, false), "forget p/k -21\n");
    /* Nothing is given back to a period that is over. */
    gw_meter_unref(meter);
    assert_string_equal(flush_at(NOW_S + 129, false), "forget p/k +39\n");
    assert_string_equal(flush_at(NOW_S + 130, false), "");
}

/* A plan's period is changed to one that began at the same moment. */
static void forgets_each_of_two_periods_with_one_start(void **state)
{
    (void)state;
    int64_t start_s = first_minute.start_s;
    struct gw_meter *meter = gw_meters_get(meters, "p", "k");
    use(meter, &first_minute, start_s);
    flush_at(start_s, false);
    use(meter, &whole_day, start_s + 1);
    flush_at(start_s + 1, false);
    gw_meter_unref(meter);
    assert_non_null(strstr(flush_at(start_s + 60 + GW_METER_GRACE_S, false), "forget p/k"));
    assert_string_equal(flush_at(start_s + BASE_SECONDS_PER_DAY, false), "");
    assert_non_null(
        strstr(flush_at(start_s + BASE_SECONDS_PER_DAY + GW_METER_GRACE_S, false), "forget p/k"));
}

/* Nobody waits for a block that is reserved ahead, so nobody but the meters holds the meter. */
static void stays_until_its_reservation_is_answered(void **state)
{
    (void)state;
    struct gw_meter *meter = gw_meters_get(meters, "p", "k");
    for (int i = 0; i <= GW_QUOTA_BLOCK_MIN; i++) {
        use(meter, &this_minute, NOW_S);
    }
    keeps_reservations = true;
    while (kept == NULL) {
        use(meter, &this_minute, NOW_S);
    }
    gw_meter_unref(meter);
    flush_at(NOW_S, false);
    assert_string_equal(flush_at(NOW_S + 69, false), "forget p/k -21\n");
    assert_string_equal(flush_at(NOW_S + 70, false), "");
    assert_ptr_equal(gw_meters_get(meters, "p", "k"), meter);
    gw_meter_unref(meter);
    gw_quota_reserved(kept, true, kept->want, 1600);
    assert_string_equal(flush_at(NOW_S + 71, false), "");
}

/* ---- Threads ---- */

#define THREADS 3
#define COUNTS 20000

static void *count_many(void *argument)
{
    for (int i = 0; i < COUNTS; i++) {
        gw_meter_count(argument, NOW_S);
    }
    return NULL;
}

static void loses_no_count_of_any_thread(void **state)
{
    (void)state;
    struct gw_meter *meter = gw_meters_get(meters, "p", "k");
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, count_many, meter), 0);
    }
    for (int i = 0; i < 500; i++) {
        flush_at(NOW_S, false);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    flush_at(NOW_S, false);
    flush_at(NOW_S, false);
    assert_int_equal(fake.total, THREADS * COUNTS);
    gw_meter_unref(meter);
}

static void keeps_many_apart(void **state)
{
    (void)state;
    static struct gw_meter *many[1000];
    char id[16];
    for (size_t i = 0; i < 1000; i++) {
        snprintf(id, sizeof id, "%zu", i);
        many[i] = gw_meters_get(meters, i % 2 == 0 ? "a" : "b", id);
    }
    for (size_t i = 0; i < 1000; i++) {
        snprintf(id, sizeof id, "%zu", i);
        struct gw_meter *again = gw_meters_get(meters, i % 2 == 0 ? "a" : "b", id);
        assert_ptr_equal(again, many[i]);
        assert_ptr_equal(gw_meter_bucket(again, "x"), gw_meter_bucket(many[i], "x"));
        assert_ptr_not_equal(gw_meter_bucket(again, "x"), gw_meter_bucket(many[i], ""));
        gw_meter_unref(again);
    }
    for (size_t i = 0; i < 1000; i++) {
        gw_meter_unref(many[i]);
    }
}

#define WITH_METERS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_METERS(writes_down_what_was_used),
        WITH_METERS(tells_the_days_apart),
        WITH_METERS(loses_nothing_while_the_sink_fails),
        WITH_METERS(counts_by_the_day_though_the_sink_fails_over_midnight),
        WITH_METERS(gives_back_a_block_that_is_not_used),
        WITH_METERS(forgets_periods_that_are_long_over),
        WITH_METERS(forgets_each_of_two_periods_with_one_start),
        WITH_METERS(stays_until_its_reservation_is_answered),
        WITH_METERS(loses_no_count_of_any_thread),
        WITH_METERS(keeps_many_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
