#include "base/mailbox.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { POSTERS = 4, MAILS_EACH = 20000 };

struct numbered {
    struct base_mail mail;
    int poster;
    int number;
};

struct box {
    struct base_mailbox mailbox;
    atomic_int wakes;
};

static int seen[16];
static int seen_count;
static int next_of[POSTERS];
static struct box the_box;

static struct numbered *numbered_of(struct base_mail *mail)
{
    return (struct numbered *)(void *)mail;
}

static void count_wake(struct base_mailbox *mailbox)
{
    atomic_fetch_add(&((struct box *)(void *)mailbox)->wakes, 1);
}

static void on_seen(struct base_mail *mail)
{
    seen[seen_count++] = numbered_of(mail)->number;
}

static void runs_oldest_first_and_wakes_once(void **state)
{
    (void)state;
    struct numbered mails[3] = {{.number = 1}, {.number = 2}, {.number = 3}};
    seen_count = 0;
    base_mailbox_init(&the_box.mailbox, count_wake);
    assert_false(base_mailbox_drain(&the_box.mailbox));
    for (int i = 0; i < 3; i++) {
        mails[i].mail.on_mail = on_seen;
        base_mailbox_post(&the_box.mailbox, &mails[i].mail);
    }
    assert_int_equal(the_box.wakes, 1);
    assert_true(base_mailbox_drain(&the_box.mailbox));
    assert_int_equal(seen_count, 3);
    assert_int_equal(seen[0], 1);
    assert_int_equal(seen[1], 2);
    assert_int_equal(seen[2], 3);
    assert_false(base_mailbox_drain(&the_box.mailbox));
    base_mailbox_dispose(&the_box.mailbox);
}

/* A mail posted while draining stays for the next drain, which wake has been called for. */
static void on_post_again(struct base_mail *mail)
{
    mail->on_mail = on_seen;
    base_mailbox_post(&the_box.mailbox, mail);
}

static void a_mail_may_be_posted_again_from_its_callback(void **state)
{
    (void)state;
    struct numbered mail = {.mail.on_mail = on_post_again, .number = 7};
    seen_count = 0;
    atomic_store(&the_box.wakes, 0);
    base_mailbox_init(&the_box.mailbox, count_wake);
    base_mailbox_post(&the_box.mailbox, &mail.mail);
    assert_true(base_mailbox_drain(&the_box.mailbox));
    assert_int_equal(seen_count, 0);
    assert_int_equal(the_box.wakes, 2);
    assert_true(base_mailbox_drain(&the_box.mailbox));
    assert_int_equal(seen[0], 7);
}

static void on_in_order(struct base_mail *mail)
{
    struct numbered *numbered = numbered_of(mail);
    assert_int_equal(numbered->number, next_of[numbered->poster]);
    next_of[numbered->poster]++;
    free(numbered);
}

static void *post_many(void *argument)
{
    for (int i = 0; i < MAILS_EACH; i++) {
        struct numbered *numbered = malloc(sizeof *numbered);
        *numbered =
            (struct numbered){.mail.on_mail = on_in_order, .poster = *(int *)argument, .number = i};
        base_mailbox_post(&the_box.mailbox, &numbered->mail);
    }
    return NULL;
}

static void loses_nothing_between_threads(void **state)
{
    (void)state;
    pthread_t threads[POSTERS];
    int numbers[POSTERS];
    base_mailbox_init(&the_box.mailbox, count_wake);
    for (int i = 0; i < POSTERS; i++) {
        numbers[i] = i;
        pthread_create(&threads[i], NULL, post_many, &numbers[i]);
    }
    for (int total = 0; total < POSTERS * MAILS_EACH;) {
        if (!base_mailbox_drain(&the_box.mailbox)) {
            sched_yield();
        }
        total = 0;
        for (int i = 0; i < POSTERS; i++) {
            total += next_of[i];
        }
    }
    base_mailbox_dispose(&the_box.mailbox);
    for (int i = 0; i < POSTERS; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* The poster is still inside wake when its mail has been drained; dispose waits for it. */
static atomic_bool is_in_wake;
static atomic_bool may_leave_wake;

static void slow_wake(struct base_mailbox *mailbox)
{
    (void)mailbox;
    atomic_store(&is_in_wake, true);
    while (!atomic_load(&may_leave_wake)) {
        sched_yield();
    }
    atomic_store(&is_in_wake, false);
}

static void *post_one(void *mail)
{
    base_mailbox_post(&the_box.mailbox, mail);
    return NULL;
}

static void *let_leave(void *unused)
{
    for (int i = 0; i < 1000; i++) {
        sched_yield();
    }
    atomic_store(&may_leave_wake, true);
    return unused;
}

static void dispose_waits_for_posters(void **state)
{
    (void)state;
    pthread_t poster;
    pthread_t other;
    struct numbered mail = {.mail.on_mail = on_seen};
    seen_count = 0;
    base_mailbox_init(&the_box.mailbox, slow_wake);
    pthread_create(&poster, NULL, post_one, &mail);
    while (!base_mailbox_drain(&the_box.mailbox)) {
        sched_yield();
    }
    while (!atomic_load(&is_in_wake)) {
        sched_yield();
    }
    pthread_create(&other, NULL, let_leave, NULL);
    base_mailbox_dispose(&the_box.mailbox);
    assert_false(atomic_load(&is_in_wake));
    pthread_join(poster, NULL);
    pthread_join(other, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_oldest_first_and_wakes_once),
        cmocka_unit_test(a_mail_may_be_posted_again_from_its_callback),
        cmocka_unit_test(loses_nothing_between_threads),
        cmocka_unit_test(dispose_waits_for_posters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
