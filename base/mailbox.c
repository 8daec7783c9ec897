/* A lock-free stack that the owner takes whole and reverses: one compare-exchange a post, one
 * exchange a drain, and a wake only when the box was empty. */
#include "base/mailbox.h"

#include <sched.h>
#include <stddef.h>

void base_mailbox_init(struct base_mailbox *box, void (*wake)(struct base_mailbox *self))
{
    atomic_init(&box->newest, NULL);
    atomic_init(&box->posting, 0);
    box->wake = wake;
}

void base_mailbox_dispose(struct base_mailbox *box)
{
    while (atomic_load_explicit(&box->posting, memory_order_acquire) != 0) {
        sched_yield();
    }
}

void base_mailbox_post(struct base_mailbox *box, struct base_mail *mail)
{
    atomic_fetch_add_explicit(&box->posting, 1, memory_order_relaxed);
    /* Once the exchange succeeds the owner may run and free the mail: do not touch it after. */
    struct base_mail *head = atomic_load_explicit(&box->newest, memory_order_relaxed);
    do {
        mail->next = head;
    } while (!atomic_compare_exchange_weak_explicit(&box->newest, &head, mail, memory_order_release,
                                                    memory_order_relaxed));
    if (head == NULL) {
        box->wake(box);
    }
    /* From here on the owner may free the box. */
    atomic_fetch_sub_explicit(&box->posting, 1, memory_order_release);
}

bool base_mailbox_drain(struct base_mailbox *box)
{
    struct base_mail *mail = atomic_exchange_explicit(&box->newest, NULL, memory_order_acquire);
    struct base_mail *oldest = NULL;
    while (mail != NULL) {
        struct base_mail *next = mail->next;
        mail->next = oldest;
        oldest = mail;
        mail = next;
    }
    bool any = oldest != NULL;
    while (oldest != NULL) {
        struct base_mail *next = oldest->next;
        oldest->on_mail(oldest);
        oldest = next;
    }
    return any;
}
