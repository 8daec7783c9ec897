#include "server/usage.h"

#include "server/store_sqlite.h"
#include "sqlite_file.h"
#include "store_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* 2026-11-26T10:08:21Z, a Thursday, and the day it lies on. */
#define NOW_S INT64_C(1795687701)
#define TODAY (NOW_S / BASE_SECONDS_PER_DAY)

static const struct srv_quota_owner owner = {BASE_STR("plan1"), BASE_STR("key1")};

static struct srv_store *store;

static int open_store(void **state)
{
    struct base_err err;
    (void)state;
    sqlite_file_renew();
    store = srv_store_sqlite_open(sqlite_file_path(), &err);
    assert_non_null(store);
    return 0;
}

static int close_store(void **state)
{
    (void)state;
    srv_store_close(store);
    sqlite_file_remove();
    return 0;
}

static Tollgate__Quota quota_of(int limit, Tollgate__Quota__Period period, int offset)
{
    Tollgate__Quota quota = TOLLGATE__QUOTA__INIT;
    quota.limit = limit;
    quota.period = period;
    quota.offset = offset;
    return quota;
}

static struct srv_quota_term term_of(const Tollgate__Quota *quota, int64_t at_s)
{
    struct srv_quota_term term;
    struct base_err err;
    assert_true(srv_quota_term_at(quota, at_s, &term, &err));
    return term;
}

/* What is granted of `want`; `out_left` likewise. */
static int64_t reserve(const struct srv_quota_term *term, int64_t want, int64_t *out_left)
{
    struct rpc_context ctx;
    struct base_err err;
    int64_t granted = -1;
    rpc_context_init(&ctx);
    bool ok = srv_quota_reserve(store, &ctx, owner, term, want, &granted, out_left, &err);
    rpc_context_dispose(&ctx);
    assert_string_equal(store_outcome(ok, &err), "OK");
    return granted;
}

static void add(struct srv_quota_owner of, int64_t day, int64_t count)
{
    struct rpc_context ctx;
    struct base_err err;
    rpc_context_init(&ctx);
    bool ok = srv_usage_add(store, &ctx, of, day, count, &err);
    rpc_context_dispose(&ctx);
    assert_string_equal(store_outcome(ok, &err), "OK");
}

static void read_days(const Tollgate__Quota *quota, int64_t first, int64_t last,
                      struct srv_usage_day *out)
{
    struct rpc_context ctx;
    struct base_err err;
    rpc_context_init(&ctx);
    bool ok = srv_usage_read(store, &ctx, owner, quota, NOW_S, first, last, out, &err);
    rpc_context_dispose(&ctx);
    assert_string_equal(store_outcome(ok, &err), "OK");
}

static void set_remaining_of(struct srv_quota_owner of, const struct srv_quota_term *term,
                             int64_t remaining)
{
    struct rpc_context ctx;
    struct base_err err;
    rpc_context_init(&ctx);
    bool ok = srv_quota_set_remaining(store, &ctx, of, term, remaining, &err);
    rpc_context_dispose(&ctx);
    assert_string_equal(store_outcome(ok, &err), "OK");
}

static void set_remaining(const struct srv_quota_term *term, int64_t remaining)
{
    set_remaining_of(owner, term, remaining);
}

static int64_t count_extensions(void)
{
    return sqlite_file_number("SELECT count(*) FROM doc_quota_extension");
}

static void remove_extensions(struct srv_quota_owner of)
{
    struct rpc_context ctx;
    struct base_err err;
    rpc_context_init(&ctx);
    bool ok = srv_quota_remove_extensions(store, &ctx, of, &err);
    rpc_context_dispose(&ctx);
    assert_string_equal(store_outcome(ok, &err), "OK");
}

static void each_period_has_its_own_counter(void **state)
{
    (void)state;
    Tollgate__Quota quota = quota_of(10, TOLLGATE__QUOTA__PERIOD__MINUTE, 0);
    struct srv_quota_term now = term_of(&quota, NOW_S);
    struct srv_quota_term next = term_of(&quota, NOW_S + 60);
    int64_t left;
    assert_int_equal(reserve(&now, 7, &left), 7);
    assert_int_equal(left, 3);
    assert_int_equal(reserve(&now, 7, &left), 3);
    assert_int_equal(reserve(&now, 7, &left), 0);
    assert_int_equal(reserve(&next, 7, &left), 7);
    /* Midnight begins a minute, a day and a month. */
    Tollgate__Quota daily = quota_of(10, TOLLGATE__QUOTA__PERIOD__DAY, 0);
    struct srv_quota_term midnight = term_of(&quota, TODAY * BASE_SECONDS_PER_DAY);
    struct srv_quota_term day = term_of(&daily, NOW_S);
    assert_int_equal(reserve(&midnight, 10, &left), 10);
    assert_int_equal(reserve(&day, 10, &left), 10);
}

static void gives_back_and_forgets(void **state)
{
    (void)state;
    Tollgate__Quota quota = quota_of(10, TOLLGATE__QUOTA__PERIOD__HOUR, 0);
    struct srv_quota_term term = term_of(&quota, NOW_S);
    struct rpc_context ctx;
    struct base_err err;
    int64_t left;
    rpc_context_init(&ctx);
    assert_int_equal(reserve(&term, 10, &left), 10);
    assert_true(srv_quota_release(store, &ctx, owner, &term, 4, &err));
    assert_int_equal(reserve(&term, 10, &left), 4);
    assert_int_equal(sqlite_file_number("SELECT count(*) FROM counters"), 1);
    assert_true(srv_quota_forget(store, &ctx, owner, &term, &err));
    assert_int_equal(sqlite_file_number("SELECT count(*) FROM counters"), 0);
    rpc_context_dispose(&ctx);
}

static void forget(const struct srv_quota_term *term)
{
    struct rpc_context ctx;
    struct base_err err;
    rpc_context_init(&ctx);
    bool ok = srv_quota_forget(store, &ctx, owner, term, &err);
    rpc_context_dispose(&ctx);
    assert_string_equal(store_outcome(ok, &err), "OK");
}

/* A clock steps back into an hour that has been forgotten; it was a year ahead for a while, too. */
static void what_is_forgotten_does_not_begin_anew(void **state)
{
    (void)state;
    Tollgate__Quota quota = quota_of(10, TOLLGATE__QUOTA__PERIOD__HOUR, 0);
    struct srv_quota_term term = term_of(&quota, NOW_S);
    struct srv_quota_term next = term_of(&quota, NOW_S + 3600);
    struct srv_quota_term ahead = term_of(&quota, NOW_S + INT64_C(365) * BASE_SECONDS_PER_DAY);
    int64_t left;
    assert_int_equal(reserve(&term, 10, &left), 10);
    assert_int_equal(reserve(&ahead, 10, &left), 10);
    forget(&term);
    forget(&ahead);
    assert_int_equal(reserve(&term, 1, &left), 0);
    assert_int_equal(left, 0);
    assert_int_equal(sqlite_file_number("SELECT count(*) FROM counters"), 0);
    assert_int_equal(reserve(&ahead, 1, &left), 0);
    assert_int_equal(reserve(&next, 10, &left), 10);
    forget(&next);
    assert_int_equal(reserve(&next, 1, &left), 0);
    assert_int_equal(sqlite_file_number("SELECT count(*) FROM doc_quota_past"), 1);
}

/* Whoever changes the day that weeks begin on begins a week that lies half in the last one. */
static void another_first_day_is_not_past(void **state)
{
    (void)state;
    Tollgate__Quota sunday = quota_of(10, TOLLGATE__QUOTA__PERIOD__WEEK, 0);
    Tollgate__Quota wednesday = quota_of(10, TOLLGATE__QUOTA__PERIOD__WEEK, 3);
    struct srv_quota_term last = term_of(&sunday, NOW_S - 7 * BASE_SECONDS_PER_DAY);
    struct srv_quota_term half = term_of(&wednesday, NOW_S - 2 * BASE_SECONDS_PER_DAY);
    int64_t left;
    assert_in_range(half.start_s, last.start_s, last.start_s + 7 * BASE_SECONDS_PER_DAY - 1);
    forget(&last);
    assert_int_equal(reserve(&last, 1, &left), 0);
    assert_int_equal(reserve(&half, 10, &left), 10);
}

static void what_remains_can_be_set(void **state)
{
    (void)state;
    Tollgate__Quota quota = quota_of(10, TOLLGATE__QUOTA__PERIOD__DAY, 0);
    struct srv_quota_term today = term_of(&quota, NOW_S);
    struct srv_quota_term tomorrow = term_of(&quota, NOW_S + BASE_SECONDS_PER_DAY);
    int64_t left;
    assert_int_equal(reserve(&today, 10, &left), 10);
    set_remaining(&today, 5);
    assert_int_equal(reserve(&today, 3, &left), 3);
    assert_int_equal(left, 2);
    set_remaining(&today, 0);
    assert_int_equal(reserve(&today, 3, &left), 0);
    set_remaining(&today, INT64_MAX);
    assert_int_equal(reserve(&today, 3, &left), 3);
    /* The next period has the plan's limit again. */
    assert_int_equal(reserve(&tomorrow, 100, &left), 10);
}

/* What was taken away stays away when the plan's limit becomes less than that. */
static void nothing_is_left_below_nothing(void **state)
{
    (void)state;
    Tollgate__Quota quota = quota_of(100, TOLLGATE__QUOTA__PERIOD__DAY, 0);
    struct srv_quota_term before = term_of(&quota, NOW_S);
    int64_t left;
    assert_int_equal(reserve(&before, 10, &left), 10);
    set_remaining(&before, 0);
    quota.limit = 50;
    struct srv_quota_term after = term_of(&quota, NOW_S);
    assert_int_equal(reserve(&after, 1, &left), 0);
    assert_int_equal(left, 0);
}

/* An extension goes with its period, with the next one, with the key and with the plan, and takes
 * none of another key or plan along. */
static void extensions_do_not_pile_up(void **state)
{
    (void)state;
    static const struct srv_quota_owner others[] = {
        {BASE_STR("plan"), BASE_STR("key1")},   {BASE_STR("plan1"), BASE_STR("key")},
        {BASE_STR("plan1"), BASE_STR("key10")}, {BASE_STR("plan1"), BASE_STR("z")},
        {BASE_STR("plan10"), BASE_STR("key1")},
    };
    Tollgate__Quota quota = quota_of(10, TOLLGATE__QUOTA__PERIOD__DAY, 0);
    struct srv_quota_term today = term_of(&quota, NOW_S);
    struct srv_quota_term tomorrow = term_of(&quota, NOW_S + BASE_SECONDS_PER_DAY);
    struct rpc_context ctx;
    struct base_err err;
    int64_t left;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        set_remaining_of(others[i], &today, 5);
    }
    set_remaining(&today, 7);
    set_remaining(&tomorrow, 20);
    assert_int_equal(count_extensions(), 6);
    assert_int_equal(reserve(&tomorrow, 0, &left), 0);
    assert_int_equal(left, 20);
    rpc_context_init(&ctx);
    assert_true(srv_quota_forget(store, &ctx, owner, &tomorrow, &err));
    rpc_context_dispose(&ctx);
    assert_int_equal(count_extensions(), 5);
    set_remaining(&today, 3);
    remove_extensions(owner);
    assert_int_equal(count_extensions(), 5);
    remove_extensions((struct srv_quota_owner){.plan_id = BASE_STR("plan1")});
    assert_int_equal(count_extensions(), 2);
}

static void refuses_what_is_no_quota(void **state)
{
    (void)state;
    struct srv_quota_term term;
    struct base_err err;
    Tollgate__Quota none = quota_of(10, TOLLGATE__QUOTA__PERIOD__PERIOD_UNSPECIFIED, 0);
    Tollgate__Quota offset = quota_of(10, TOLLGATE__QUOTA__PERIOD__WEEK, 7);
    assert_string_equal(store_outcome(srv_quota_term_at(&none, NOW_S, &term, &err), &err),
                        "INVALID_ARGUMENT: the plan's quota is none");
    assert_string_equal(store_outcome(srv_quota_term_at(&offset, NOW_S, &term, &err), &err),
                        "INVALID_ARGUMENT: the plan's quota is none");
    char id[SRV_QUOTA_ID_BYTES_MAX + 1];
    memset(id, 'x', sizeof id);
    struct srv_quota_owner longest = {base_str_make(id, sizeof id - 1),
                                      base_str_make(id, sizeof id - 1)};
    struct srv_quota_owner longer = {base_str_make(id, sizeof id), BASE_STR("key1")};
    add(longest, TODAY, 1);
    struct rpc_context ctx;
    rpc_context_init(&ctx);
    assert_string_equal(store_outcome(srv_usage_add(store, &ctx, longer, TODAY, 1, &err), &err),
                        "INVALID_ARGUMENT: the id of a plan or key is longer than 100 bytes");
    rpc_context_dispose(&ctx);
}

static void reports_days_in_order(void **state)
{
    (void)state;
    static const struct srv_quota_owner others[] = {
        {BASE_STR("plan"), BASE_STR("key1")},
        {BASE_STR("plan1"), BASE_STR("key")},
        {BASE_STR("plan1"), BASE_STR("key10")},
        {BASE_STR("plan2"), BASE_STR("key1")},
    };
    struct srv_usage_day days[40];
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        add(others[i], TODAY, 1000);
    }
    add(owner, TODAY - 30, 1);
    add(owner, TODAY - 3, 2);
    add(owner, TODAY - 3, 3);
    add(owner, TODAY, 7);
    read_days(NULL, TODAY - 30, TODAY + 1, days);
    for (size_t i = 0; i < 32; i++) {
        assert_int_equal(days[i].used, i == 0 ? 1 : i == 27 ? 5 : i == 30 ? 7 : 0);
        assert_int_equal(days[i].remaining, 0);
    }
    read_days(NULL, TODAY - 3, TODAY - 3, days);
    assert_int_equal(days[0].used, 5);
}

/* What the admin API may ask for: from 1970-01-01 to 9999-12-31, far past what int64_t holds in
 * nanoseconds. */
static void reports_any_day_of_the_calendar(void **state)
{
    static const int64_t ends[] = {0, 2932896};
    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct srv_usage_day day;
        add(owner, ends[i], 5 + (int64_t)i);
        read_days(NULL, ends[i], ends[i], &day);
        assert_int_equal(day.used, 5 + i);
    }
}

/* A week that begins on Sunday, 2026-11-22, and 40 of 100 reserved in this one. */
static void reports_what_remained(void **state)
{
    (void)state;
    Tollgate__Quota weekly = quota_of(100, TOLLGATE__QUOTA__PERIOD__WEEK, 0);
    Tollgate__Quota daily = quota_of(10, TOLLGATE__QUOTA__PERIOD__DAY, 0);
    Tollgate__Quota minutes = quota_of(10, TOLLGATE__QUOTA__PERIOD__MINUTE, 0);
    struct srv_quota_term week = term_of(&weekly, NOW_S);
    struct srv_usage_day days[7];
    int64_t left;
    static const int used[] = {30, 9, 5, 12, 3, 8}; /* Saturday to today */
    for (size_t i = 0; i < 6; i++) {
        add(owner, TODAY - 5 + (int64_t)i, used[i]);
    }
    assert_int_equal(reserve(&week, 40, &left), 40);
    static const struct {
        int weekly;
        int daily;
        int minutes;
    } remaining[] = {{70, 0, 10}, {91, 1, 10}, {86, 5, 10}, {74, 0, 10}, {71, 7, 10}, {60, 10, 10}};
    read_days(&weekly, TODAY - 5, TODAY, days);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(days[i].used, used[i]);
        assert_int_equal(days[i].remaining, remaining[i].weekly);
    }
    read_days(&daily, TODAY - 5, TODAY, days);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(days[i].remaining, remaining[i].daily);
    }
    read_days(&minutes, TODAY - 5, TODAY, days);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(days[i].remaining, remaining[i].minutes);
    }
    /* The week's days before the first reported one count, too. */
    read_days(&weekly, TODAY - 1, TODAY + 1, days);
    assert_int_equal(days[0].remaining, 71);
    assert_int_equal(days[2].remaining, 100);
}

#define ON_FRESH_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        ON_FRESH_STORE(each_period_has_its_own_counter),
        ON_FRESH_STORE(gives_back_and_forgets),
        ON_FRESH_STORE(what_is_forgotten_does_not_begin_anew),
        ON_FRESH_STORE(another_first_day_is_not_past),
        ON_FRESH_STORE(what_remains_can_be_set),
        ON_FRESH_STORE(refuses_what_is_no_quota),
        ON_FRESH_STORE(nothing_is_left_below_nothing),
        ON_FRESH_STORE(extensions_do_not_pile_up),
        ON_FRESH_STORE(reports_days_in_order),
        ON_FRESH_STORE(reports_any_day_of_the_calendar),
        ON_FRESH_STORE(reports_what_remained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
