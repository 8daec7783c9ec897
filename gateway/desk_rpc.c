/* A call's rpc, from its start to its on_status: what the service answers becomes the answer. */
#include "gateway/desk_private.h"

#include "gateway/headers.h"
#include "gateway/request.h"
#include "gateway/status.h"

static void add_metadata(struct gw_call *call, const struct rpc_metadata *metadata, bool is_trailer)
{
    struct gw_header *next =
        metadata->count == 0 ? NULL : gw_call_more_headers(call, metadata->count);
    for (size_t i = 0; next != NULL && i < metadata->count; i++) {
        if (gw_headers_from_metadata(&metadata->entries[i], is_trailer, &call->arena, &next->name,
                                     &next->value)) {
            next++;
            call->answer.header_count++;
        }
    }
}

/* A 401 says how to do better (RFC 9110 section 15.5.2). The service knows best; where it does not
 * say, it is asked with the token that Authorization carries to it. */
static void add_challenge(struct gw_call *call)
{
    struct base_str name = BASE_STR("www-authenticate");
    for (size_t i = 0; i < call->answer.header_count; i++) {
        if (base_str_eq(call->answer.headers[i].name, name)) {
            return;
        }
    }
    struct gw_header *header = gw_call_more_headers(call, 1);
    if (header != NULL) {
        *header = (struct gw_header){name, BASE_STR("Bearer")};
        call->answer.header_count++;
    }
}

static void on_rpc_headers(void *user, const struct rpc_metadata *metadata)
{
    struct gw_call *call = user;
    if (!call->is_answered) {
        add_metadata(call, metadata, false);
    }
}

/* Sets the answer's content type: JSON's is static, that of a raw body dies with the message. */
static bool keep_content_type(struct gw_call *call, struct base_str content_type)
{
    call->answer.content_type = content_type;
    return !call->route->response_is_raw ||
           base_arena_copy(&call->arena, content_type, &call->answer.content_type) ||
           base_err_set(&call->err, BASE_INTERNAL, "the answered metadata takes too much memory");
}

static void on_rpc_message(void *user, struct base_str wire)
{
    struct gw_call *call = user;
    if (call->is_answered || call->has_message) {
        return;
    }
    struct base_str content_type;
    call->has_message = gw_response_to_body(call->route, wire, &call->tenure->gateway->options,
                                            &call->json, &content_type, &call->err) &&
                        keep_content_type(call, content_type);
}

static void answer_rpc_status(struct gw_call *call, const struct rpc_status *status)
{
    add_metadata(call, status->trailers, true);
    if (status->code == BASE_UNAUTHENTICATED) {
        add_challenge(call);
    }
    if (status->code != BASE_OK) {
        gw_call_answer_status(call, gw_status_http(status->code), status->code, status->message,
                              status->details);
    } else if (call->has_message) {
        gw_call_give_answer(call, call->route->method->success_status);
    } else if (call->err.code != BASE_OK) {
        gw_call_answer_err(call);
    } else {
        gw_call_answer_text(call, 500, BASE_INTERNAL, "the method answered no message");
    }
}

static void on_rpc_status(void *user, const struct rpc_status *status)
{
    struct gw_call *call = user;
    call->rpc = NULL;
    gw_call_hold(call);
    if (!call->is_answered) {
        answer_rpc_status(call, status);
    }
    gw_call_let_go(call);
}

static const struct rpc_observer observer = {
    .on_headers = on_rpc_headers,
    .on_message = on_rpc_message,
    .on_status = on_rpc_status,
};

void gw_call_start_rpc(struct gw_call *call)
{
    struct gw_desk *desk = call->desk;
    call->rpc =
        rpc_channel_start(call->tenure->gateway->channel, &(struct rpc_call_params){
                                                              .target = call->route->target,
                                                              .deadline_ns = call->deadline_ns,
                                                              .metadata = &call->metadata,
                                                              .observer = &observer,
                                                              .user = call,
                                                              .home = desk->home,
                                                          });
    rpc_call_send(call->rpc, base_buf_str(&call->wire), true);
    /* An inline method has ended by now and needs no timer. */
    if (call->rpc != NULL && !call->is_answered) {
        base_timers_set(desk->timers, &call->deadline, call->deadline_ns);
    }
}
