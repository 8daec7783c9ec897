/* Desk: where one loop thread's requests live, each from its head and body to its answer.
 *
 * Knows no HTTP library. A front (gateway/front_h2o.h) hands over a request that has been read
 * whole and gets one answer back. Between the two: route (404, 405 with Allow, 400), content type
 * (415), timeouts and metadata from the headers, JSON to wire bytes, the rpc, wire bytes to JSON.
 * HEAD is served as GET (the front leaves the body out); OPTIONS on a known path is 204 with Allow
 * unless a rule binds it, "OPTIONS *" is 204; a preflight is answered from the gateway's CORS
 * policy before all else.
 *
 * A body is JSON when its Content-Type is application/json or application/...+json without charset
 * or with utf-8, or when it has none; another type, and any Content-Encoding but identity, is 415.
 * Where a rule takes or gives a google.api.HttpBody the bytes go through as they are, with their
 * content type. A body that makes too large a message is 413.
 * The deadline is the sooner of Grpc-Timeout and X-Server-Timeout, GW_TIMEOUT_MS_DEFAULT without
 * both; at the deadline the client gets its 504 at once, whether or not the rpc has ended.
 *
 * A desk and its calls belong to one loop thread: the one that drains the desk's mailbox and runs
 * its timers. Calls are recycled, so a steady load allocates nothing.
 */
#ifndef GATEWAY_DESK_H
#define GATEWAY_DESK_H

#include "base/role.h"
#include "base/timer.h"
#include "gateway/access.h"
#include "gateway/gateway.h"
#include "gateway/head.h"

/* Bytes of a request's body, and of the message it becomes. */
#define GW_BODY_BYTES_MAX (size_t)(4 * 1024 * 1024)
#define GW_REQUEST_WIRE_BYTES_MAX (size_t)(4 * 1024 * 1024)

/* Bytes of an answer's body: JSON is a few times longer than the wire bytes it is made from. */
#define GW_ANSWER_BYTES_MAX (size_t)(64 * 1024 * 1024)

/* Metadata in both directions, and what else a call needs a copy of. */
#define GW_CALL_ARENA_BYTES_MAX (size_t)(1024 * 1024)

/* What a desk keeps for later calls: idle call objects, and memory in each of their buffers. */
#define GW_DESK_IDLE_CALLS_MAX 128
#define GW_CALL_KEEP_BYTES (size_t)(32 * 1024)

/* A request read whole. All of it is borrowed for the length of gw_desk_begin only. */
struct gw_exchange {
    struct base_str method;
    struct base_str raw_path;  /* without "?" and what follows */
    struct base_str raw_query; /* behind the "?"; empty without one */
    struct base_str body;
    struct gw_hop hop;
    struct gw_header_source *headers;
    struct gw_preflight preflight; /* set by the front where the gateway has CORS */
};

/* Lives until gw_call_release. */
struct gw_answer {
    int http_status;
    const char *reason; /* static */
    bool has_body;      /* false for 204 and 205, which carry no Content-Length either */
    struct base_str content_type;
    struct base_str body;
    const struct gw_header *headers; /* Allow, WWW-Authenticate, and what the service answered */
    size_t header_count;
};

struct gw_call;

/* The front's side of a call. */
struct gw_client {
    /* The answer, at most once, on the desk's thread; possibly before gw_desk_begin returns. */
    void (*on_answer)(struct gw_client *self, struct gw_call *call, const struct gw_answer *answer);
};

struct gw_desk;

/* Returns owned a desk for at most `calls_max` calls at once. Results come through `home`,
 * deadlines through `timers`; both are borrowed. The desk takes a reference of its own to
 * `gateway`. */
struct gw_desk *gw_desk_open(struct gw_gateway *gateway, struct base_mailbox *home,
                             struct base_timers *timers, size_t calls_max);

/* Every call must have ended (gw_desk_calls is 0). Accepts NULL. */
void gw_desk_close(struct gw_desk *desk);

/* Puts `gateway` in the place of the one the desk has: calls that begin from now on are its, those
 * that have begun end on the other, which the desk lets go with the last of them. */
void gw_desk_replace(struct gw_desk *desk, struct gw_gateway *gateway);

/* Puts `access` in the place of the keys and plans that calls are checked against from now on (none
 * at first, and then no key is known); takes a reference of its own. */
void gw_desk_set_access(struct gw_desk *desk, struct gw_access *access);

/* The calls whose rpc has not ended or whose answer is not released. */
size_t gw_desk_calls(const struct gw_desk *desk);

/* Begins a call for `client`, which must live until gw_call_release. Returns the call, unless
 * on_answer has come and released it already; NULL with calls_max calls on the desk: the front then
 * answers gw_answer_busy itself. */
struct gw_call *gw_desk_begin(struct gw_desk *desk, const struct gw_exchange *exchange,
                              struct gw_client *client) ON_LOOP;

/* What a log may tell of a call, as long as there is the call. */
struct gw_call_facts {
    struct base_str route;  /* its template; empty when none was found */
    struct base_str stage;  /* of the route; empty for $default */
    struct base_str key_id; /* of the API key; empty unless one was asked for and known */
};

struct gw_call_facts gw_call_facts(const struct gw_call *call);

/* Ends the call early, for a client that has stopped listening: 499 comes before this returns.
 * Nothing happens when the answer has come already. */
void gw_call_cancel(struct gw_call *call) ON_LOOP;

/* Says that the front needs the call no more, exactly once a call: its answer dies or, not having
 * come, never comes and the rpc is cancelled. */
void gw_call_release(struct gw_call *call) ON_LOOP;

/* The answers a front gives without a call: 503 when the desk is full, 413 for a body of more than
 * GW_BODY_BYTES_MAX. Static. */
#define GW_BUSY_MESSAGE "too many requests in flight"
#define GW_TOO_LARGE_MESSAGE "request body is larger than 4194304 bytes"
extern const struct gw_answer gw_answer_busy;
extern const struct gw_answer gw_answer_too_large;

#endif
