/* Threads: started with every signal blocked, whatever their starter lets through. */
#include "base/thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <signal.h>

static void *read_mask(void *out_mask)
{
    pthread_sigmask(SIG_SETMASK, NULL, out_mask);
    return out_mask;
}

static void blocks_signals_in_the_thread_alone(void **state)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGUSR1};
    (void)state;
    pthread_t thread;
    sigset_t inside;
    sigset_t before;
    sigset_t after;
    void *result;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    base_thread_start(&thread, read_mask, &inside);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, &inside);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        assert_int_equal(sigismember(&inside, numbers[i]), 1);
        assert_int_equal(sigismember(&after, numbers[i]), sigismember(&before, numbers[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_signals_in_the_thread_alone),
    };
    return cmocka_run_group_tests_name("thread", tests, NULL, NULL);
}
