/* Desk fixture: a desk over a fake channel that serves Notes, which ask for a key, and the Library,
 * which does not; and clients that keep what they are answered. One thread, a loop's. */
#ifndef GATEWAY_DESK_FIXTURE_H
#define GATEWAY_DESK_FIXTURE_H

#include "gateway/desk.h"
#include "tests/gateway/fake_channel.h"

/* Calls that the desk has room for. */
enum { DESK_CALLS_MAX = 3 };

struct desk_fixture {
    struct fake_channel fake;
    struct gw_hop hop; /* of the calls that begin; empty at first */
    struct gw_gateway *gateway;
    struct base_mailbox mailbox;
    atomic_int wakes; /* of the mailbox */
    struct base_timers timers;
    struct gw_desk *desk;
};

extern struct desk_fixture fix;

struct desk_client {
    struct gw_client client;
    struct gw_call *call;
    const struct gw_answer *answer; /* the last, until its call is released */
    int answers;
    int status; /* 0: no answer yet */
    char body[1024];
    char headers[512]; /* "name: value\n" for each */
    bool releases_at_once;
};

/* Opens `fix` afresh; `policy` may be NULL. */
void desk_open(const struct gw_admission_policy *policy);

/* Closes it; no call and no timer may be left. */
void desk_close(void);

/* Begins a call; the last of `headers` has no name, and NULL is none. Returns what gw_desk_begin
 * does, which is the client's call from then on. */
struct gw_call *desk_begin(struct desk_client *client, const char *method, const char *path,
                           const struct gw_header *headers, const char *body);

#endif
