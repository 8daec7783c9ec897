/* A service for the tests of rpc: what it does is asked for in note_id. */
#ifndef RPC_FAKE_NOTES_H
#define RPC_FAKE_NOTES_H

#include "notes/v1/notes.pb-c.h"
#include "rpc/server.h"

#include <stdatomic.h>

#define FAKE_GET "/test.Notes/Get"       /* only reads: may run inline */
#define FAKE_CREATE "/test.Notes/Create" /* runs on a worker */
#define FAKE_WATCH "/test.Notes/Watch"   /* server streaming */

/* Get and Create answer a note with the note_id that was asked for and these:
 *   "missing"  NOT_FOUND, with a google.rpc.BadRequest in the details
 *   "headers"  the request's x-in and x-in-bin as headers x-out and x-out-bin, and trailer x-end
 *   "large"    content of 1 MiB
 *   "wait"     waits until the fake is released or the call is over; fails when it is
 *   "memory"   RESOURCE_EXHAUSTED: allocates past the context's cap
 * Any other is answered at once, with the title "T". */
struct fake_notes {
    atomic_int served;  /* handlers that ran */
    atomic_int waiting; /* handlers in "wait" */
    atomic_int over;    /* handlers in "wait" that found their call over */
    atomic_bool released;
};

extern const struct rpc_service fake_notes_service;
extern const struct rpc_method *const fake_get;
extern const struct rpc_method *const fake_create;
extern const struct rpc_method *const fake_watch;

/* Sleeps until *value is at least `wanted`; false after ten seconds. */
bool fake_await(atomic_int *value, int wanted);

#endif
