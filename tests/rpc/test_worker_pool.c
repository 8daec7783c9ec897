#include "base/clock.h"
#include "rpc/worker_pool.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

struct gate {
    atomic_int entered;
    atomic_int left;
    atomic_bool open;
    atomic_int wrong_role;
};

struct gated_job {
    struct rpc_job job;
    struct gate *gate;
};

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = BASE_NS_PER_MS}, NULL);
}

static void pass_gate(struct rpc_job *job)
{
    struct gate *gate = ((struct gated_job *)job)->gate;
    if (base_role_current() != BASE_ROLE_WORKER) {
        atomic_fetch_add(&gate->wrong_role, 1);
    }
    atomic_fetch_add(&gate->entered, 1);
    while (!atomic_load(&gate->open)) {
        nap();
    }
    atomic_fetch_add(&gate->left, 1);
}

static bool await(atomic_int *value, int wanted)
{
    for (int i = 0; i < 10000 && atomic_load(value) < wanted; i++) {
        nap();
    }
    return atomic_load(value) == wanted;
}

static struct gated_job make(struct gate *gate)
{
    return (struct gated_job){.job.run = pass_gate, .gate = gate};
}

/* Exactly threads plus queue are taken, whatever the threads have got round to. */
static void test_full_queue_refuses(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        struct gate gate = {0};
        struct rpc_worker_pool *pool = rpc_worker_pool_create(2, 3);
        struct gated_job jobs[6];
        for (size_t i = 0; i < 6; i++) {
            jobs[i] = make(&gate);
            assert_int_equal(rpc_worker_pool_submit(pool, &jobs[i].job), i < 5);
        }
        assert_true(await(&gate.entered, 2));
        assert_false(rpc_worker_pool_submit(pool, &jobs[5].job));
        atomic_store(&gate.open, true);
        rpc_worker_pool_destroy(pool);
        assert_int_equal(atomic_load(&gate.left), 5);
        assert_int_equal(atomic_load(&gate.wrong_role), 0);
    }
}

static void test_takes_again_after_full(void **state)
{
    (void)state;
    struct gate gate = {0};
    struct rpc_worker_pool *pool = rpc_worker_pool_create(1, 0);
    struct gated_job first = make(&gate);
    struct gated_job second = make(&gate);
    assert_true(rpc_worker_pool_submit(pool, &first.job));
    assert_false(rpc_worker_pool_submit(pool, &second.job));
    atomic_store(&gate.open, true);
    assert_true(await(&gate.left, 1));
    int tries = 0;
    while (!rpc_worker_pool_submit(pool, &second.job)) { /* until the thread is back */
        assert_true(tries++ < 10000);
        nap();
    }
    rpc_worker_pool_destroy(pool);
    assert_int_equal(atomic_load(&gate.left), 2);
}

static void test_unused_pool(void **state)
{
    (void)state;
    rpc_worker_pool_destroy(rpc_worker_pool_create(4, RPC_WORKER_QUEUE));
    rpc_worker_pool_destroy(NULL);
}

struct ordered_job {
    struct rpc_job job;
    int *next;
    int number;
    bool in_order;
};

static void check_order(struct rpc_job *job)
{
    struct ordered_job *self = (struct ordered_job *)job;
    self->in_order = (*self->next)++ == self->number;
}

static void test_one_thread_keeps_the_order(void **state)
{
    (void)state;
    struct rpc_worker_pool *pool = rpc_worker_pool_create(1, 100);
    struct ordered_job jobs[100];
    int next = 0;
    for (int i = 0; i < 100; i++) {
        jobs[i] = (struct ordered_job){.job.run = check_order, .next = &next, .number = i};
        assert_true(rpc_worker_pool_submit(pool, &jobs[i].job));
    }
    rpc_worker_pool_destroy(pool);
    for (int i = 0; i < 100; i++) {
        assert_true(jobs[i].in_order);
    }
}

struct submitter {
    pthread_t thread;
    struct rpc_worker_pool *pool;
    struct gate *gate;
    struct gated_job jobs[500];
    int taken;
};

static void *submit_many(void *arg)
{
    struct submitter *self = arg;
    for (size_t i = 0; i < 500; i++) {
        self->jobs[i] = make(self->gate);
        self->taken += rpc_worker_pool_submit(self->pool, &self->jobs[i].job);
    }
    return NULL;
}

static void test_many_submitters(void **state)
{
    (void)state;
    static struct submitter submitters[4];
    struct gate gate = {.open = true};
    struct rpc_worker_pool *pool = rpc_worker_pool_create(4, 64);
    for (size_t i = 0; i < 4; i++) {
        submitters[i].pool = pool;
        submitters[i].gate = &gate;
        assert_int_equal(pthread_create(&submitters[i].thread, NULL, submit_many, &submitters[i]),
                         0);
    }
    int taken = 0;
    for (size_t i = 0; i < 4; i++) {
        pthread_join(submitters[i].thread, NULL);
        taken += submitters[i].taken;
    }
    rpc_worker_pool_destroy(pool);
    assert_int_equal(atomic_load(&gate.left), taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_queue_refuses),
        cmocka_unit_test(test_takes_again_after_full),
        cmocka_unit_test(test_unused_pool),
        cmocka_unit_test(test_one_thread_keeps_the_order),
        cmocka_unit_test(test_many_submitters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
