#include "base/timer.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct probe {
    struct base_timer timer;
    struct base_timers *timers;
    struct probe *other; /* cancelled by on_cancel_other */
    int64_t again_ns;    /* set for by on_again */
    int ran;
};

static int64_t last_ran_ns;

static struct probe *probe_of(struct base_timer *timer)
{
    return (struct probe *)(void *)timer;
}

static void on_ran(struct base_timer *timer)
{
    assert_false(base_timer_is_set(timer));
    assert_true(timer->at_ns >= last_ran_ns);
    last_ran_ns = timer->at_ns;
    probe_of(timer)->ran++;
}

static void on_cancel_other(struct base_timer *timer)
{
    struct probe *probe = probe_of(timer);
    base_timers_cancel(probe->timers, &probe->other->timer);
}

static void on_again(struct base_timer *timer)
{
    struct probe *probe = probe_of(timer);
    probe->ran++;
    if (probe->ran < 3) {
        base_timers_set(probe->timers, timer, probe->again_ns);
    }
}

static void runs_what_is_due_in_order(void **state)
{
    (void)state;
    static const int64_t at_ns[] = {50, 10, 40, 10, 30, 20, 60};
    struct base_timers timers;
    struct probe probes[7] = {0};
    last_ran_ns = 0;
    base_timers_init(&timers);
    assert_int_equal(base_timers_next_ns(&timers), BASE_NEVER_NS);
    for (size_t i = 0; i < 7; i++) {
        probes[i].timer.on_timer = on_ran;
        base_timers_set(&timers, &probes[i].timer, at_ns[i]);
    }
    assert_int_equal(base_timers_next_ns(&timers), 10);
    base_timers_run(&timers, 9);
    base_timers_run(&timers, 40);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(probes[i].ran, at_ns[i] <= 40 ? 1 : 0);
    }
    assert_int_equal(base_timers_next_ns(&timers), 50);
    base_timers_dispose(&timers);
    for (size_t i = 0; i < 7; i++) {
        assert_false(base_timer_is_set(&probes[i].timer));
    }
}

static void callbacks_may_set_and_cancel(void **state)
{
    (void)state;
    struct base_timers timers;
    struct probe victim = {.timer.on_timer = on_ran};
    struct probe killer = {.timer.on_timer = on_cancel_other, .timers = &timers, .other = &victim};
    struct probe repeater = {.timer.on_timer = on_again, .timers = &timers, .again_ns = 5};
    base_timers_init(&timers);
    base_timers_set(&timers, &victim.timer, 2);
    base_timers_set(&timers, &killer.timer, 1);
    base_timers_set(&timers, &repeater.timer, 3);
    base_timers_run(&timers, 10);
    assert_int_equal(victim.ran, 0);
    assert_int_equal(repeater.ran, 3);
    assert_int_equal(base_timers_next_ns(&timers), BASE_NEVER_NS);
    base_timers_cancel(&timers, &victim.timer);
    base_timers_dispose(&timers);
}

/* Sets, moves and cancels at random; after each step the heap must know its soonest timer. */
static void stays_a_heap(void **state)
{
    (void)state;
    enum { COUNT = 300, STEPS = 20000 };
    static struct probe probes[COUNT];
    unsigned seed = 20260131;
    print_message("seed %u\n", seed);
    struct base_timers timers;
    base_timers_init(&timers);
    for (int step = 0; step < STEPS; step++) {
        struct base_timer *timer = &probes[rand_r(&seed) % COUNT].timer;
        timer->on_timer = on_ran;
        if (rand_r(&seed) % 3 == 0) {
            base_timers_cancel(&timers, timer);
            assert_false(base_timer_is_set(timer));
        } else {
            base_timers_set(&timers, timer, rand_r(&seed) % 1000);
            assert_true(base_timer_is_set(timer));
        }
        int64_t soonest_ns = BASE_NEVER_NS;
        for (int i = 0; i < COUNT; i++) {
            if (base_timer_is_set(&probes[i].timer) && probes[i].timer.at_ns < soonest_ns) {
                soonest_ns = probes[i].timer.at_ns;
            }
        }
        assert_int_equal(base_timers_next_ns(&timers), soonest_ns);
    }
    last_ran_ns = 0;
    base_timers_run(&timers, 1000);
    assert_int_equal(timers.count, 0);
    base_timers_dispose(&timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_what_is_due_in_order),
        cmocka_unit_test(callbacks_may_set_and_cancel),
        cmocka_unit_test(stays_a_heap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
