/* The bucket against a model that keeps a level, on a clock that the test moves; and many threads
 * on one bucket. */
#include "gateway/token_bucket.h"

#include "base/clock.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include <stdio.h>

static int64_t take_at(struct gw_token_bucket *bucket, const struct gw_token_limit *limit,
                       int64_t now_ns)
{
    int64_t wait_ns;
    return gw_token_bucket_take(bucket, limit, now_ns, &wait_ns) ? 0 : wait_ns;
}

static void gives_the_burst_then_the_rate(void **state)
{
    (void)state;
    struct gw_token_bucket bucket = {0};
    struct gw_token_limit limit = gw_token_limit_of(10, 3);
    static const struct {
        int64_t at_ms;
        int64_t wait_ms; /* 0: a token */
    } rows[] = {
        {5000, 0}, {5000, 0}, {5000, 0},  {5000, 100}, {5099, 1}, {5100, 0}, {5100, 100},
        {5350, 0}, {5350, 0}, {5350, 50}, {9000, 0},   {9000, 0}, {9000, 0}, {9000, 100},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t wait_ns = take_at(&bucket, &limit, rows[i].at_ms * BASE_NS_PER_MS);
        if (wait_ns != rows[i].wait_ms * BASE_NS_PER_MS) {
            fail_msg("row %zu: a wait of %ld ns", i, (long)wait_ns);
        }
    }
}

static void extreme_limits(void **state)
{
    (void)state;
    static const struct {
        double rate;
        int64_t burst;
        int64_t waits[3]; /* of three requests at one moment */
    } rows[] = {
        {0, 5, {INT64_MAX, INT64_MAX, INT64_MAX}},
        {5, 0, {INT64_MAX, INT64_MAX, INT64_MAX}},
        {-1, 5, {INT64_MAX, INT64_MAX, INT64_MAX}},
        {(double)NAN, 5, {INT64_MAX, INT64_MAX, INT64_MAX}},
        {0.1, 2, {0, 0, 10 * BASE_NS_PER_S}},
        {(double)INFINITY, 2, {0, 0, 1}},
        {1e-6, INT32_MAX, {0, 0, 0}},
        {1e9, INT32_MAX, {0, 0, 0}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gw_token_bucket bucket = {0};
        struct gw_token_limit limit = gw_token_limit_of(rows[i].rate, rows[i].burst);
        for (size_t k = 0; k < 3; k++) {
            assert_int_equal(take_at(&bucket, &limit, 1000), rows[i].waits[k]);
        }
    }
    struct gw_token_bucket bucket = {0};
    struct gw_token_limit none = {0};
    assert_int_equal(take_at(&bucket, &none, 1000), 0);
}

static void a_new_limit_does_not_wait_for_the_old(void **state)
{
    (void)state;
    struct gw_token_bucket bucket = {0};
    struct gw_token_limit slow = gw_token_limit_of(0.1, 100);
    struct gw_token_limit fast = gw_token_limit_of(10, 5);
    int64_t now_ns = 1000 * BASE_NS_PER_S;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(take_at(&bucket, &slow, now_ns), 0);
    }
    assert_int_equal(take_at(&bucket, &slow, now_ns), 10 * BASE_NS_PER_S);
    assert_int_equal(take_at(&bucket, &fast, now_ns), 100 * BASE_NS_PER_MS);
    assert_int_equal(take_at(&bucket, &fast, now_ns + 100 * BASE_NS_PER_MS), 0);
}

/* ---- Against a model ---- */

static uint64_t random_state;

/* xorshift64* */
static double random_unit(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (double)((random_state * UINT64_C(0x2545F4914F6CDD1D)) >> 11) / 0x1p53;
}

struct model {
    double rate;
    double burst;
    double level;
    int64_t at_ns;
};

static void model_move(struct model *model, int64_t now_ns)
{
    double gained = (double)(now_ns - model->at_ns) / 1e9 * model->rate;
    model->level = fmin(model->burst, model->level + gained);
    model->at_ns = now_ns;
}

/* Where rounding may decide, either answer is right and the model follows. */
#define DOUBT 1e-3

static void compare(struct model *model, struct gw_token_bucket *bucket,
                    const struct gw_token_limit *limit, int64_t now_ns)
{
    int64_t wait_ns = take_at(bucket, limit, now_ns);
    model_move(model, now_ns);
    if (fabs(model->level - 1) > DOUBT && (wait_ns == 0) != (model->level >= 1)) {
        fail_msg("rate %g, burst %g at %ld ns: level %g, but a wait of %ld ns", model->rate,
                 model->burst, (long)now_ns, model->level, (long)wait_ns);
    }
    double expected_ns = (1 - model->level) / model->rate * 1e9;
    if (wait_ns > 0 && fabs((double)wait_ns - expected_ns) > 2 + DOUBT / model->rate * 1e9) {
        fail_msg("rate %g: a wait of %ld ns, expected %g", model->rate, (long)wait_ns, expected_ns);
    }
    model->level -= wait_ns == 0 ? 1 : 0;
}

/* One bucket of a random limit, and a few hundred requests in bunches, lulls and a steady flow
 * around its rate. Returns how many got a token. */
static int64_t run_one(double *out_bound)
{
    double rate = pow(10, random_unit() * 6 - 1);
    int64_t burst = 1 + (int64_t)pow(10, random_unit() * 2.5);
    struct gw_token_limit limit = gw_token_limit_of(rate, burst);
    struct gw_token_bucket bucket = {0};
    int64_t start_ns = (int64_t)(random_unit() * 1e15);
    struct model model = {rate, (double)burst, (double)burst, start_ns};
    int64_t now_ns = start_ns;
    int64_t taken = 0;
    for (int i = 0; i < 500; i++) {
        double kind = random_unit();
        double gaps = kind < 0.5   ? 0
                      : kind < 0.9 ? 2 * random_unit()
                                   : (double)burst * random_unit();
        now_ns += (int64_t)(gaps / rate * 1e9);
        double before = model.level;
        compare(&model, &bucket, &limit, now_ns);
        taken += model.level < before ? 1 : 0;
    }
    *out_bound = (double)burst + (double)(now_ns - start_ns) / 1e9 * rate;
    return taken;
}

static void does_what_the_model_does(void **state)
{
    (void)state;
    random_state = (uint64_t)time(NULL) * 2654435761u + 1;
    print_message("seed %lu\n", (unsigned long)random_state);
    for (int i = 0; i < 2000; i++) {
        double bound;
        int64_t taken = run_one(&bound);
        if ((double)taken > bound + 1) {
            fail_msg("run %d: %ld tokens, expected at most %g", i, (long)taken, bound);
        }
    }
}

/* ---- Threads ---- */

#define THREADS 4
#define TAKES 50000
#define TOKENS 70000

struct shared {
    struct gw_token_bucket bucket;
    struct gw_token_limit limit;
    atomic_long taken;
};

static void *take_many(void *argument)
{
    struct shared *shared = argument;
    for (int i = 0; i < TAKES; i++) {
        if (take_at(&shared->bucket, &shared->limit, 1) == 0) {
            atomic_fetch_add(&shared->taken, 1);
        }
    }
    return NULL;
}

static void threads_share_one_bucket(void **state)
{
    (void)state;
    struct shared shared = {.limit = gw_token_limit_of(1, TOKENS)};
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, take_many, &shared), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&shared.taken), TOKENS);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_burst_then_the_rate),
        cmocka_unit_test(extreme_limits),
        cmocka_unit_test(a_new_limit_does_not_wait_for_the_old),
        cmocka_unit_test(does_what_the_model_does),
        cmocka_unit_test(threads_share_one_bucket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
