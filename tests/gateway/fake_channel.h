/* Fake channel: an rpc_channel whose calls end as the test says.
 *
 * A plan holds for the calls started after it was set. Calls end inside send, on a thread of their
 * own after a while, or never (until cancelled). Counters tell what happened. Plans are set while
 * no call starts; everything else may run on any thread.
 */
#ifndef GATEWAY_FAKE_CHANNEL_H
#define GATEWAY_FAKE_CHANNEL_H

#include "rpc/channel.h"

#include <stdatomic.h>

enum fake_end { FAKE_INLINE, FAKE_LATER, FAKE_NEVER };

struct fake_plan {
    enum fake_end end;
    int delay_ms; /* of FAKE_LATER */
    enum base_code code;
    struct base_str message;  /* of the status */
    struct base_str response; /* wire bytes, sent when code is BASE_OK */
    bool is_silent;           /* no response even so */
    bool is_recorded;         /* of FAKE_INLINE: keeps what the call was started with in last_... */
    struct base_str header_key;
    struct base_str header_value;
    struct base_str trailer_key;
    struct base_str trailer_value;
    struct base_str details; /* a packed google.rpc.Status */
};

struct fake_channel {
    struct rpc_channel channel;
    struct fake_plan plan;
    const char *missing; /* a path that resolve refuses; NULL for none */
    atomic_bool is_held; /* calls of FAKE_LATER do not end as long as this is set */
    atomic_int started;
    atomic_int cancelled;
    atomic_int ended;
    atomic_llong last_deadline_ns;
    /* What the last recorded call was started with, copied. Read when no call is running. */
    char last_path[128];
    char last_request[4096];
    size_t last_request_len;
    char last_metadata[4096]; /* "key=value\n" for each */
};

void fake_channel_init(struct fake_channel *fake);

/* How long anything may take that is bound to come, on a machine that is busy. */
#define FAKE_AWAIT_MS_MAX 20000

/* Waits until `*counter` is at least `value`; fails the test after FAKE_AWAIT_MS_MAX. */
void fake_channel_await(const atomic_int *counter, int value);

#endif
