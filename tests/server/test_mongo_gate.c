#include "server/mongo_gate.h"

#include "base/str.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#define BUSY "all connections to the database are busy"
#define GONE "the database cannot be reached"

static int64_t after_ms(int64_t ms)
{
    return base_clock_monotonic_ns() + ms * BASE_NS_PER_MS;
}

/* The outcome of one entry: "" with the slot, or the error, which is always UNAVAILABLE. */
static const char *enter(struct srv_mongo_gate *gate, enum srv_mongo_kind kind, int64_t deadline_ns,
                         size_t *out_slot)
{
    static _Thread_local struct base_err err;
    if (srv_mongo_gate_enter(gate, kind, deadline_ns, out_slot, &err)) {
        return "";
    }
    return err.code == BASE_UNAVAILABLE ? err.message : "another code";
}

static struct srv_mongo_gate *open_gate(size_t slots, size_t waiting_max, int64_t patience_ms)
{
    struct srv_mongo_gate *gate = srv_mongo_gate_create(slots, waiting_max, patience_ms);
    srv_mongo_gate_set_reachable(gate, SRV_MONGO_READ, true);
    srv_mongo_gate_set_reachable(gate, SRV_MONGO_WRITE, true);
    return gate;
}

static void gives_each_slot_to_one(void **state)
{
    (void)state;
    struct srv_mongo_gate *gate = open_gate(2, 8, 20);
    size_t first;
    size_t second;
    size_t third;
    assert_string_equal(enter(gate, SRV_MONGO_READ, BASE_NEVER_NS, &first), "");
    assert_int_equal(first, 0);
    assert_string_equal(enter(gate, SRV_MONGO_WRITE, BASE_NEVER_NS, &second), "");
    assert_int_equal(second, 1);
    assert_string_equal(enter(gate, SRV_MONGO_READ, BASE_NEVER_NS, &third), BUSY);
    srv_mongo_gate_leave(gate, second);
    assert_string_equal(enter(gate, SRV_MONGO_READ, BASE_NEVER_NS, &third), "");
    assert_int_equal(third, 1);
    srv_mongo_gate_leave(gate, third);
    srv_mongo_gate_leave(gate, first);
    srv_mongo_gate_destroy(gate);
}

static void waits_no_longer_than_the_deadline_allows(void **state)
{
    (void)state;
    struct srv_mongo_gate *gate = open_gate(1, 8, 60000);
    size_t slot;
    size_t other;
    assert_string_equal(enter(gate, SRV_MONGO_READ, BASE_NEVER_NS, &slot), "");
    int64_t deadline_ns = after_ms(400);
    assert_string_equal(enter(gate, SRV_MONGO_READ, deadline_ns, &other), BUSY);
    assert_true(base_clock_monotonic_ns() >= deadline_ns - 150 * BASE_NS_PER_MS);
    assert_string_equal(enter(gate, SRV_MONGO_READ, after_ms(-5), &other), BUSY);
    srv_mongo_gate_leave(gate, slot);
    srv_mongo_gate_destroy(gate);
}

static void refuses_at_once_when_too_many_wait(void **state)
{
    (void)state;
    struct srv_mongo_gate *gate = open_gate(1, 0, 60000);
    size_t slot;
    size_t other;
    assert_string_equal(enter(gate, SRV_MONGO_READ, BASE_NEVER_NS, &slot), "");
    int64_t start_ns = base_clock_monotonic_ns();
    assert_string_equal(enter(gate, SRV_MONGO_READ, BASE_NEVER_NS, &other), BUSY);
    assert_true(base_clock_monotonic_ns() - start_ns < 10 * BASE_NS_PER_S);
    srv_mongo_gate_leave(gate, slot);
    srv_mongo_gate_destroy(gate);
}

/* Patience counts from when the database was lost, for those who come later too. */
static void gives_up_on_what_is_gone(void **state)
{
    (void)state;
    struct srv_mongo_gate *gate = srv_mongo_gate_create(1, 8, 300);
    size_t slot;
    int64_t start_ns = base_clock_monotonic_ns();
    assert_string_equal(enter(gate, SRV_MONGO_READ, BASE_NEVER_NS, &slot), GONE);
    assert_true(base_clock_monotonic_ns() - start_ns >= 250 * BASE_NS_PER_MS);
    for (int i = 0; i < 1000; i++) { /* each of which would take 300 ms */
        srv_mongo_gate_set_reachable(gate, SRV_MONGO_WRITE, false); /* heard again: nothing new */
        assert_string_equal(enter(gate, SRV_MONGO_WRITE, BASE_NEVER_NS, &slot), GONE);
    }
    assert_true(base_clock_monotonic_ns() - start_ns < 60 * BASE_NS_PER_S);
    srv_mongo_gate_set_reachable(gate, SRV_MONGO_READ, true);
    assert_string_equal(enter(gate, SRV_MONGO_WRITE, BASE_NEVER_NS, &slot), GONE);
    assert_string_equal(enter(gate, SRV_MONGO_READ, BASE_NEVER_NS, &slot), "");
    srv_mongo_gate_leave(gate, slot);
    srv_mongo_gate_set_reachable(gate, SRV_MONGO_READ, false);
    start_ns = base_clock_monotonic_ns();
    assert_string_equal(enter(gate, SRV_MONGO_READ, BASE_NEVER_NS, &slot), GONE);
    assert_true(base_clock_monotonic_ns() - start_ns >= 250 * BASE_NS_PER_MS);
    srv_mongo_gate_destroy(gate);
}

struct waiter {
    struct srv_mongo_gate *gate;
    enum srv_mongo_kind kind;
    const char *outcome;
};

static void *wait_and_leave(void *user)
{
    struct waiter *waiter = user;
    size_t slot;
    waiter->outcome = enter(waiter->gate, waiter->kind, BASE_NEVER_NS, &slot);
    if (waiter->outcome[0] == '\0') {
        srv_mongo_gate_leave(waiter->gate, slot);
    }
    return NULL;
}

#define WAITERS 20

static void wakes_those_who_wait(void **state)
{
    (void)state;
    struct srv_mongo_gate *gate = srv_mongo_gate_create(2, WAITERS, 60000);
    struct waiter waiters[WAITERS];
    pthread_t threads[WAITERS];
    for (int i = 0; i < WAITERS; i++) {
        waiters[i] = (struct waiter){gate, i % 2 == 0 ? SRV_MONGO_READ : SRV_MONGO_WRITE, NULL};
        assert_int_equal(pthread_create(&threads[i], NULL, wait_and_leave, &waiters[i]), 0);
    }
    usleep(50000);
    srv_mongo_gate_set_reachable(gate, SRV_MONGO_READ, true);
    usleep(20000);
    srv_mongo_gate_set_reachable(gate, SRV_MONGO_WRITE, true);
    for (int i = 0; i < WAITERS; i++) {
        pthread_join(threads[i], NULL);
        assert_string_equal(waiters[i].outcome, "");
    }
    srv_mongo_gate_destroy(gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_each_slot_to_one),
        cmocka_unit_test(waits_no_longer_than_the_deadline_allows),
        cmocka_unit_test(refuses_at_once_when_too_many_wait),
        cmocka_unit_test(gives_up_on_what_is_gone),
        cmocka_unit_test(wakes_those_who_wait),
    };
    return cmocka_run_group_tests_name("mongo_gate", tests, NULL, NULL);
}
