/* What the files of the desk share; see desk.h for the whole.
 *
 *   desk.c            the desk, and the lives of its calls
 *   desk_request.c    what comes of a request until it has been understood
 *   desk_admission.c  its key and limits
 *   desk_rpc.c        its rpc
 *   desk_answer.c     its answer
 */
#ifndef GATEWAY_DESK_PRIVATE_H
#define GATEWAY_DESK_PRIVATE_H

#include "gateway/admission.h"
#include "gateway/desk.h"
#include "gateway/tenure.h"

#define GW_JSON_TYPE BASE_STR("application/json")

struct gw_call {
    struct gw_desk *desk;
    struct gw_tenure *tenure; /* the one it began in */
    struct gw_call *next_idle;
    struct gw_client *client; /* NULL once released */
    const struct gw_route *route;
    struct rpc_call *rpc; /* NULL unless one is open */
    struct gw_admission admission;
    size_t stage;
    struct base_timer deadline;
    int64_t began_ns; /* monotonic; the clock is read once a request */
    int64_t deadline_ns;
    struct base_arena arena;
    struct base_buf wire; /* the request message; the rpc borrows it until its on_status */
    struct base_buf json; /* the answer's body */
    struct rpc_metadata metadata;
    struct gw_answer answer;
    size_t own_headers; /* of the answer: those that stay when the rpc is given up */
    unsigned holds;     /* functions on the stack that will touch the call again */
    bool is_waiting;    /* for its admission's mail */
    bool is_answered;
    bool has_message; /* the rpc's response is in `json` */
    struct base_err err;
};

struct gw_desk {
    struct gw_tenure *tenure; /* in which calls begin */
    struct gw_admission_memory admission_memory;
    struct base_mailbox *home;
    struct base_timers *timers;
    struct gw_call *idle;
    size_t idle_count;
    size_t calls; /* not idle */
    size_t calls_max;
};

/* ---- desk.c ---- */

/* Whoever calls something that may end the call (an on_answer, a cancel) holds it meanwhile. */
void gw_call_hold(struct gw_call *call);

/* Lets go of the call, which ends here when nothing else refers to it. */
void gw_call_let_go(struct gw_call *call);

/* ---- desk_request.c ---- */

/* Takes the request up: the call is answered, or its rpc is on the way, now or when its quota is
 * known. */
void gw_call_receive(struct gw_call *call, const struct gw_exchange *exchange);

/* ---- desk_admission.c ---- */

/* Checks key and throttles; false when the call has been refused. */
bool gw_call_check_admission(struct gw_call *call, struct base_str api_key);

/* Adds to the metadata whose call it is. False past a limit, with the call's err. */
bool gw_call_tell_service(struct gw_call *call, struct base_str api_key);

/* With the request understood, takes it from the quota: the rpc starts or the call is refused, now
 * or when the quota is known. */
void gw_call_take_quota(struct gw_call *call, int64_t timeout_ns);

/* ---- desk_rpc.c ---- */

/* Calls the service. */
void gw_call_start_rpc(struct gw_call *call);

/* ---- desk_answer.c ---- */

/* Makes room for `more` headers behind those of the answer. Returns where they begin; NULL past the
 * arena's cap, which the limits on metadata keep out of reach. */
struct gw_header *gw_call_more_headers(struct gw_call *call, size_t more);

/* Answers with the call's headers and, where the status may have one, the body in `json`. */
void gw_call_give_answer(struct gw_call *call, int http_status);

/* Answers an error as the gateway's dialect has it: with its details (a packed google.rpc.Status,
 * may be empty), with a message alone, or the call's own err. */
void gw_call_answer_status(struct gw_call *call, int http_status, enum base_code code,
                           struct base_str message, struct base_str details);
void gw_call_answer_text(struct gw_call *call, int http_status, enum base_code code,
                         const char *message);
void gw_call_answer_err(struct gw_call *call);

/* Answers an error without waiting for the rpc, whose result will find nobody. Nothing happens when
 * there is an answer. */
void gw_call_give_up(struct gw_call *call, enum base_code code, const char *message);

#endif
