/* Mailbox: how a call crosses from one thread to another.
 *
 * Any thread posts a mail; posting hands over ownership of whatever the mail is embedded in. One
 * thread, the owner, drains the box and runs each mail's on_mail, oldest first. The box allocates
 * nothing: mails are intrusive and a mail stands in at most one box.
 */
#ifndef BASE_MAILBOX_H
#define BASE_MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>

struct base_mail {
    struct base_mail *next;
    void (*on_mail)(struct base_mail *self); /* runs on the owner's thread */
};

struct base_mailbox {
    _Atomic(struct base_mail *) newest; /* a stack; drain turns it round */
    atomic_uint posting;                /* threads inside base_mailbox_post */
    /* Wakes the owner so that it drains soon; called on the posting thread, when the
     * box was empty. */
    void (*wake)(struct base_mailbox *self);
};

/* Starts an empty box. */
void base_mailbox_init(struct base_mailbox *box, void (*wake)(struct base_mailbox *self));

/* Waits until no thread is inside base_mailbox_post any more. A mail can be drained, and the owner
 * be done, before its poster has called wake: a box that may be freed, or whose wake needs
 * something that may be closed, must be disposed of first. Owner's thread, after the last mail was
 * drained. */
void base_mailbox_dispose(struct base_mailbox *box);

/* Takes `mail`, whose on_mail is set. Any thread; never blocks, never allocates. */
void base_mailbox_post(struct base_mailbox *box, struct base_mail *mail);

/* Runs everything posted so far. Owner's thread only. Returns whether there was anything. */
bool base_mailbox_drain(struct base_mailbox *box);

#endif
