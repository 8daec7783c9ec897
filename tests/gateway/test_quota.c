/* The quota with a source that the test answers by hand, and many threads against one that answers
 * from a counter. */
#include "gateway/quota.h"

#include "base/clock.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NS_PER_MS BASE_NS_PER_MS

struct fake_source {
    struct gw_quota_source source;
    struct gw_quota_reservation *pending;
};

static void fake_reserve(struct gw_quota_source *self, struct gw_quota_reservation *reservation)
{
    struct fake_source *fake = (struct fake_source *)self;
    assert_null(fake->pending);
    fake->pending = reservation;
}

static struct fake_source fake;
static struct gw_quota quota;
static struct base_mailbox home;

static void wake_nobody(struct base_mailbox *box)
{
    (void)box;
}

static int setup(void **state)
{
    (void)state;
    fake = (struct fake_source){.source = {fake_reserve}};
    gw_quota_init(&quota, (struct gw_quota_owner){"plan", "key"}, &fake.source);
    base_mailbox_init(&home, wake_nobody);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    base_mailbox_dispose(&home);
    gw_quota_dispose(&quota);
    return 0;
}

static const struct gw_quota_term now_term = {
    .limit = 1000, .period = {BASE_PERIOD_MINUTE, 0}, .start_s = 1795687680};
static const struct gw_quota_term next_term = {
    .limit = 1000, .period = {BASE_PERIOD_MINUTE, 0}, .start_s = 1795687740};

struct request {
    struct gw_quota_waiter waiter;
    enum gw_quota_outcome outcome;
};

static void on_mail(struct base_mail *mail)
{
    struct request *request = (struct request *)mail;
    request->outcome = request->waiter.outcome;
}

static enum gw_quota_outcome take_in(struct request *request, const struct gw_quota_term *term,
                                     int64_t now_ns)
{
    request->waiter.mail.on_mail = on_mail;
    request->waiter.home = &home;
    request->outcome = gw_quota_take(&quota, term, now_ns, &request->waiter);
    return request->outcome;
}

/* The moment of the last block, however long the machine has taken since: how long a block lasted
 * decides on the next. */
static int64_t now_ns(void)
{
    return quota.reserved_ns == 0 ? base_clock_monotonic_ns() : quota.reserved_ns;
}

static enum gw_quota_outcome take(struct request *request)
{
    return take_in(request, &now_term, now_ns());
}

/* Answers the reservation that is on its way, which must want `want`. */
static void answer(int64_t want, bool is_answered, int64_t granted, int64_t left)
{
    struct gw_quota_reservation *reservation = fake.pending;
    assert_non_null(reservation);
    assert_int_equal(reservation->want, want);
    fake.pending = NULL;
    gw_quota_reserved(reservation, is_answered, granted, left);
    base_mailbox_drain(&home);
}

static void lets_a_block_through_without_asking(void **state)
{
    (void)state;
    struct request requests[20];
    assert_int_equal(take(&requests[0]), GW_QUOTA_WAITING);
    assert_int_equal(take(&requests[1]), GW_QUOTA_WAITING);
    assert_string_equal(fake.pending->owner.plan_id, "plan");
    assert_string_equal(fake.pending->owner.key_id, "key");
    answer(GW_QUOTA_BLOCK_MIN, true, 8, 992);
    assert_int_equal(requests[0].outcome, GW_QUOTA_GRANTED);
    assert_int_equal(requests[1].outcome, GW_QUOTA_GRANTED);
    assert_int_equal(gw_quota_left(&quota, &now_term), 998);
    for (int i = 2; i < 8; i++) {
        assert_int_equal(take(&requests[i]), GW_QUOTA_GRANTED);
    }
    assert_int_equal(gw_quota_left(&quota, &now_term), 992);
    /* That block lasted less than GW_QUOTA_BLOCK_NS, so the next is twice as large. */
    assert_int_equal(take(&requests[8]), GW_QUOTA_WAITING);
    answer(2 * GW_QUOTA_BLOCK_MIN, true, 16, 976);
    assert_int_equal(requests[8].outcome, GW_QUOTA_GRANTED);
}

static void reserves_ahead_before_the_block_is_empty(void **state)
{
    (void)state;
    struct request request;
    assert_int_equal(take(&request), GW_QUOTA_WAITING);
    answer(8, true, 8, 992);
    for (int i = 0; i < 7; i++) {
        assert_int_equal(take(&request), GW_QUOTA_GRANTED);
    }
    assert_int_equal(take(&request), GW_QUOTA_WAITING);
    answer(16, true, 16, 976);
    /* 15 are held now, so more are reserved at 3. */
    for (int held = 14; held >= 3; held--) {
        assert_null(fake.pending);
        assert_int_equal(take(&request), GW_QUOTA_GRANTED);
    }
    assert_int_equal(take(&request), GW_QUOTA_GRANTED);
    answer(32 - 3, true, 29, 947);
    assert_int_equal(gw_quota_left(&quota, &now_term), 2 + 29 + 947);
    assert_int_equal(take(&request), GW_QUOTA_GRANTED);
}

static void serves_waiters_in_turn_and_refuses_the_rest(void **state)
{
    (void)state;
    struct request requests[12];
    for (int i = 0; i < 12; i++) {
        assert_int_equal(take(&requests[i]), GW_QUOTA_WAITING);
    }
    answer(8, true, 8, 2);
    for (int i = 0; i < 12; i++) {
        assert_int_equal(requests[i].outcome, i < 8 ? GW_QUOTA_GRANTED : GW_QUOTA_WAITING);
    }
    /* Two are left for all: one at a time. */
    answer(1, true, 1, 1);
    answer(1, true, 1, 0);
    assert_null(fake.pending);
    for (int i = 8; i < 12; i++) {
        assert_int_equal(requests[i].outcome, i < 10 ? GW_QUOTA_GRANTED : GW_QUOTA_USED_UP);
    }
}

static void asks_again_after_a_while(void **state)
{
    (void)state;
    static const struct {
        bool is_answered;
        enum gw_quota_outcome outcome;
    } rows[] = {{true, GW_QUOTA_USED_UP}, {false, GW_QUOTA_UNKNOWN}};
    for (size_t i = 0; i < 2; i++) {
        struct request request;
        int64_t retry_ns = atomic_load(&quota.retry_at_ns);
        assert_int_equal(take_in(&request, &now_term, retry_ns), GW_QUOTA_WAITING);
        answer(fake.pending->want, rows[i].is_answered, 0, 0);
        assert_int_equal(request.outcome, rows[i].outcome);
        retry_ns = atomic_load(&quota.retry_at_ns);
        assert_true(retry_ns - base_clock_monotonic_ns() <= GW_QUOTA_RETRY_NS);
        assert_int_equal(take_in(&request, &now_term, retry_ns - 1), rows[i].outcome);
        assert_null(fake.pending);
        assert_int_equal(take_in(&request, &now_term, retry_ns), GW_QUOTA_WAITING);
        answer(fake.pending->want, false, 0, 0);
    }
}

static void a_new_period_begins_with_nothing(void **state)
{
    (void)state;
    struct request old;
    struct request early;
    struct request late;
    assert_int_equal(take(&old), GW_QUOTA_WAITING);
    answer(8, true, 8, 992);
    assert_int_equal(take_in(&early, &next_term, now_ns()), GW_QUOTA_WAITING);
    assert_int_equal(fake.pending->term.start_s, next_term.start_s);
    answer(16, true, 16, 984);
    assert_int_equal(early.outcome, GW_QUOTA_GRANTED);
    assert_int_equal(take_in(&late, &next_term, now_ns()), GW_QUOTA_GRANTED);
    /* Nobody is granted from a block of another period, nor put back into it. */
    gw_quota_put_back(&quota, &now_term);
    assert_int_equal(gw_quota_left(&quota, &next_term), 998);
    gw_quota_put_back(&quota, &next_term);
    assert_int_equal(gw_quota_left(&quota, &next_term), 999);
}

/* The old period is used up while requests of the new one wait behind it. */
static void who_waits_over_midnight_is_not_refused(void **state)
{
    (void)state;
    struct request old;
    struct request early;
    assert_int_equal(take(&old), GW_QUOTA_WAITING);
    assert_int_equal(take_in(&early, &next_term, now_ns()), GW_QUOTA_WAITING);
    answer(8, true, 0, 0);
    assert_int_equal(old.outcome, GW_QUOTA_USED_UP);
    assert_int_equal(early.outcome, GW_QUOTA_WAITING);
    assert_int_equal(fake.pending->term.start_s, next_term.start_s);
    answer(16, true, 16, 984);
    assert_int_equal(early.outcome, GW_QUOTA_GRANTED);
}

/* That the old period is used up is still known when the new one begins. */
static void used_up_ends_with_its_period(void **state)
{
    (void)state;
    struct request old;
    struct request early;
    assert_int_equal(take(&old), GW_QUOTA_WAITING);
    answer(8, true, 0, 0);
    assert_int_equal(take(&old), GW_QUOTA_USED_UP);
    assert_int_equal(take_in(&early, &next_term, now_ns()), GW_QUOTA_WAITING);
    answer(16, true, 16, 984);
    assert_int_equal(early.outcome, GW_QUOTA_GRANTED);
}

static void only_so_many_wait(void **state)
{
    (void)state;
    static struct request requests[GW_QUOTA_WAITERS_MAX];
    struct request beyond;
    for (size_t i = 0; i < GW_QUOTA_WAITERS_MAX; i++) {
        assert_int_equal(take(&requests[i]), GW_QUOTA_WAITING);
    }
    assert_int_equal(take(&beyond), GW_QUOTA_UNKNOWN);
    answer(8, false, 0, 0);
    for (size_t i = 0; i < GW_QUOTA_WAITERS_MAX; i++) {
        assert_int_equal(requests[i].outcome, GW_QUOTA_UNKNOWN);
    }
}

static void gives_up_its_block_once(void **state)
{
    (void)state;
    struct request request;
    struct gw_quota_term term;
    assert_int_equal(gw_quota_empty(&quota, &term), 0);
    assert_int_equal(take(&request), GW_QUOTA_WAITING);
    answer(8, true, 8, 992);
    assert_int_equal(gw_quota_empty(&quota, &term), 7);
    assert_int_equal(term.start_s, now_term.start_s);
    assert_int_equal(gw_quota_empty(&quota, &term), 0);
    assert_int_equal(take(&request), GW_QUOTA_WAITING);
    answer(16, true, 16, 984);
}

/* The next period's block is on its way: what is left of the old one is not given back to it. */
static void an_old_block_is_not_given_up_to_a_new_period(void **state)
{
    (void)state;
    struct request old;
    struct request early;
    struct gw_quota_term term;
    assert_int_equal(take(&old), GW_QUOTA_WAITING);
    answer(8, true, 8, 992);
    assert_int_equal(take_in(&early, &next_term, now_ns()), GW_QUOTA_WAITING);
    assert_int_equal(gw_quota_empty(&quota, &term), 0);
    answer(16, true, 16, 984);
    assert_int_equal(gw_quota_empty(&quota, &term), 15);
    assert_int_equal(term.start_s, next_term.start_s);
}

static void nothing_is_reserved_ahead_of_an_end(void **state)
{
    (void)state;
    struct request request;
    assert_int_equal(take(&request), GW_QUOTA_WAITING);
    answer(8, true, 16, 0);
    for (int held = 14; held >= 0; held--) {
        assert_int_equal(take(&request), GW_QUOTA_GRANTED);
        assert_null(fake.pending);
    }
    assert_int_equal(take(&request), GW_QUOTA_USED_UP);
}

static void blocks_grow_with_the_rate_and_shrink_with_what_is_left(void **state)
{
    (void)state;
    static const struct gw_quota_term term = {
        .limit = 1000000, .period = {BASE_PERIOD_DAY, 0}, .start_s = 1795651200};
    static const struct {
        int64_t want;
        int64_t left;
        int64_t wait_ms; /* before the next */
    } rows[] = {
        {8, 900000, 0},
        {16, 900000, 0},
        {32, 900000, 0},
        {64, 900000, 3000},
        {32, 900000, 3000},
        {16, 900000, 500},
        {16, 900000, 0},
        {32, 160, 0},
        {10, 31, 0},
        {1, 15, 0},
        {1, 900000, 0},
        {512, 900000, 0},
        {1024, 900000, 0},
        {2048, 900000, 0},
        {4096, 900000, 0},
        {8192, 900000, 0},
        {16384, 900000, 0},
        {32768, 900000, 0},
        {56250, 2000000, 0},
        {GW_QUOTA_BLOCK_MAX, 2000000, 0},
        {GW_QUOTA_BLOCK_MAX, 2000000, 0},
    };
    int64_t ahead_ns = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct request request;
        assert_int_equal(take_in(&request, &term, now_ns() + ahead_ns), GW_QUOTA_WAITING);
        /* One is granted, so the block is empty at once. */
        answer(rows[i].want, true, 1, rows[i].left);
        ahead_ns = rows[i].wait_ms * NS_PER_MS;
    }
}

/* ---- Threads ---- */

#define THREADS 4
#define REQUESTS 3000
#define LIMIT 5000

struct counter_source {
    struct gw_quota_source source;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct gw_quota_reservation *pending;
    int64_t used;
    bool is_over;
};

static void counter_reserve(struct gw_quota_source *self, struct gw_quota_reservation *reservation)
{
    struct counter_source *counter = (struct counter_source *)self;
    pthread_mutex_lock(&counter->lock);
    counter->pending = reservation;
    pthread_cond_signal(&counter->changed);
    pthread_mutex_unlock(&counter->lock);
}

static void *count_reservations(void *argument)
{
    struct counter_source *counter = argument;
    pthread_mutex_lock(&counter->lock);
    while (!counter->is_over) {
        struct gw_quota_reservation *reservation = counter->pending;
        if (reservation == NULL) {
            pthread_cond_wait(&counter->changed, &counter->lock);
            continue;
        }
        counter->pending = NULL;
        int64_t room = LIMIT - counter->used;
        int64_t granted = reservation->want < room ? reservation->want : room;
        counter->used += granted;
        pthread_mutex_unlock(&counter->lock);
        gw_quota_reserved(reservation, true, granted, room - granted);
        pthread_mutex_lock(&counter->lock);
    }
    pthread_mutex_unlock(&counter->lock);
    return NULL;
}

static atomic_long granted_to_all;

/* Takes one request after another, waiting for each. */
static void *take_many(void *argument)
{
    struct base_mailbox box;
    (void)argument;
    base_mailbox_init(&box, wake_nobody);
    for (int i = 0; i < REQUESTS; i++) {
        struct request request = {.waiter = {.mail = {.on_mail = on_mail}, .home = &box}};
        request.outcome =
            gw_quota_take(&quota, &now_term, base_clock_monotonic_ns(), &request.waiter);
        while (request.outcome == GW_QUOTA_WAITING) {
            base_mailbox_drain(&box);
        }
        atomic_fetch_add(&granted_to_all, request.outcome == GW_QUOTA_GRANTED ? 1 : 0);
    }
    base_mailbox_dispose(&box);
    return NULL;
}

static void threads_share_one_quota_exactly(void **state)
{
    (void)state;
    struct counter_source counter = {.source = {counter_reserve}};
    pthread_t threads[THREADS];
    pthread_t source;
    pthread_mutex_init(&counter.lock, NULL);
    pthread_cond_init(&counter.changed, NULL);
    quota.source = &counter.source;
    atomic_store(&granted_to_all, 0);
    assert_int_equal(pthread_create(&source, NULL, count_reservations, &counter), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, take_many, NULL), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_mutex_lock(&counter.lock);
    counter.is_over = true;
    pthread_cond_signal(&counter.changed);
    pthread_mutex_unlock(&counter.lock);
    pthread_join(source, NULL);
    assert_int_equal(atomic_load(&granted_to_all), LIMIT);
    assert_int_equal(counter.used, LIMIT);
    pthread_cond_destroy(&counter.changed);
    pthread_mutex_destroy(&counter.lock);
}

#define WITH_QUOTA(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_QUOTA(lets_a_block_through_without_asking),
        WITH_QUOTA(reserves_ahead_before_the_block_is_empty),
        WITH_QUOTA(serves_waiters_in_turn_and_refuses_the_rest),
        WITH_QUOTA(asks_again_after_a_while),
        WITH_QUOTA(a_new_period_begins_with_nothing),
        WITH_QUOTA(who_waits_over_midnight_is_not_refused),
        WITH_QUOTA(used_up_ends_with_its_period),
        WITH_QUOTA(only_so_many_wait),
        WITH_QUOTA(gives_up_its_block_once),
        WITH_QUOTA(an_old_block_is_not_given_up_to_a_new_period),
        WITH_QUOTA(nothing_is_reserved_ahead_of_an_end),
        WITH_QUOTA(blocks_grow_with_the_rate_and_shrink_with_what_is_left),
        WITH_QUOTA(threads_share_one_quota_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
