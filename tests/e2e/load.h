/* Load: many requests at once, each connection kept busy until its caller has no more.
 *
 * Curl's multi interface on one thread. Over HTTP/1.1 each slot keeps a connection of its own; over
 * HTTP/2 the slots are streams of as few connections as the server allows.
 */
#ifndef E2E_LOAD_H
#define E2E_LOAD_H

#include "tests/e2e/http.h"

#define E2E_SLOTS_MAX 256

/* What a slot is asked to send next; the texts are the slot's own, to write into. */
struct e2e_load_request {
    char path[256];
    char body[1024];
    const char *method;
    const char *headers; /* as in e2e_request */
    bool has_body;
};

struct e2e_load {
    int port;
    int odd_port; /* where slots of odd number go instead; 0: to `port` too */
    enum e2e_http http;
    size_t slots;
    void *user;

    /* Fills in the slot's next request; false when it has no more. */
    bool (*next)(void *user, size_t slot, struct e2e_load_request *out_request);
    /* The slot's request has ended, with an answer when response->outcome is CURLE_OK. */
    void (*on_end)(void *user, size_t slot, const struct e2e_response *response);
    /* Called a few times a millisecond between events; may be NULL. */
    void (*on_tick)(void *user);
};

/* Runs until no slot has more to send. Fails the test after `timeout_ms`. */
void e2e_load_run(const struct e2e_load *load, int timeout_ms);

#endif
