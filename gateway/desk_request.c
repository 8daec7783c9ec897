/* A request's way from its path to where it waits for its quota: stage, preflight, dialect, route,
 * key and throttles, headers, body. */
#include "gateway/desk_private.h"

#include "gateway/request.h"
#include "gateway/status.h"
#include "rpc/context.h"

/* Answers a request that cannot become a message: too large a one is 413, as a body is. */
static void answer_refusal(struct gw_call *call)
{
    bool is_too_large = call->err.code == BASE_RESOURCE_EXHAUSTED;
    gw_call_answer_text(call, is_too_large ? 413 : gw_status_http(call->err.code), call->err.code,
                        call->err.message);
}

static void serve(struct gw_call *call, const struct gw_exchange *exchange,
                  const struct gw_captures *captures)
{
    struct gw_head head;
    int64_t timeout_ns;
    bool headers_fine = gw_head_read(exchange->headers, &exchange->hop, &call->arena,
                                     &call->metadata, &head, &call->err);
    call->began_ns = base_clock_monotonic_ns();
    if (!gw_call_check_admission(call, head.api_key)) {
        return;
    }
    headers_fine = headers_fine && gw_call_tell_service(call, head.api_key);
    struct gw_http_request request = {
        .captures = captures,
        .raw_query = exchange->raw_query,
        .body = exchange->body,
        .content_type = head.content_type,
    };
    /* A body where the rule has none is refused as that, whatever it says it is. */
    bool reads_body = exchange->body.len > 0 && call->route->body_kind != GW_BODY_NONE;
    const char *refusal = reads_body ? gw_head_refuses_body(&head, call->route->body_is_raw) : NULL;
    if (refusal != NULL) {
        gw_call_answer_text(call, 415, BASE_INVALID_ARGUMENT, refusal);
    } else if (!headers_fine && call->err.code == BASE_RESOURCE_EXHAUSTED) {
        gw_call_answer_text(call, 431, BASE_RESOURCE_EXHAUSTED,
                            "the request's headers are too large");
    } else if (!headers_fine || !gw_head_timeout(&head, &timeout_ns, &call->err) ||
               !gw_request_to_wire(call->route, &request, &call->tenure->gateway->options,
                                   &call->wire, &call->err)) {
        answer_refusal(call);
    } else if (call->route->method->client_streaming || call->route->method->server_streaming) {
        gw_call_answer_text(call, gw_status_http(BASE_UNIMPLEMENTED), BASE_UNIMPLEMENTED,
                            "streaming methods are not served over REST");
    } else if (timeout_ns <= 0) {
        gw_call_give_up(call, BASE_DEADLINE_EXCEEDED, RPC_DEADLINE_EXCEEDED);
    } else {
        gw_call_take_quota(call, timeout_ns);
    }
}

/* Answers with the methods the path has: 204 to OPTIONS, 405 to any other. Nothing but a dialect
 * has used the call's arena, so there is room. */
static void answer_allow(struct gw_call *call, const struct gw_exchange *exchange)
{
    char *allow = base_arena_alloc(&call->arena, GW_ALLOW_SIZE);
    struct gw_header *header = base_arena_alloc(&call->arena, sizeof *header);
    gw_router_allow(gw_routes_router(call->tenure->gateway->routes), exchange->raw_path, allow);
    *header = (struct gw_header){BASE_STR("allow"), base_str_of(allow)};
    call->answer.headers = header;
    call->answer.header_count = 1;
    if (base_str_eq(exchange->method, BASE_STR("OPTIONS"))) {
        gw_call_give_answer(call, 204);
    } else {
        gw_call_answer_text(call, 405, BASE_UNIMPLEMENTED, "Method Not Allowed");
    }
}

/* What the answer to a preflight borrows from. */
struct preflight_answer {
    char methods[GW_ALLOW_SIZE];
    char list[GW_CORS_LIST_SIZE];
    struct gw_header headers[GW_CORS_PREFLIGHT_HEADERS_MAX];
};

/* The call's arena is still empty, so there is room. */
static void answer_preflight(struct gw_call *call, const struct gw_exchange *exchange)
{
    const struct gw_gateway *gateway = call->tenure->gateway;
    const struct gw_router *router = gw_routes_router(gateway->routes);
    const struct gw_preflight *preflight = &exchange->preflight;
    struct preflight_answer *answer = base_arena_alloc(&call->arena, sizeof *answer);
    struct base_str methods = {0};
    struct gw_captures captures;
    void *route;
    enum gw_match match =
        gw_router_match(router, preflight->method, exchange->raw_path, &route, &captures);
    if (match == GW_MATCHED || match == GW_WRONG_METHOD) {
        gw_router_allow(router, exchange->raw_path, answer->methods);
        methods = base_str_of(answer->methods);
    }
    call->answer.headers = answer->headers;
    call->answer.header_count =
        gw_cors_preflight(gateway->cors, preflight, methods, answer->list, answer->headers);
    gw_call_give_answer(call, 204);
}

/* "OPTIONS *" asks of the server in general, which is there (RFC 9110 section 9.3.7). */
static bool is_for_server(const struct gw_exchange *exchange)
{
    return base_str_eq(exchange->method, BASE_STR("OPTIONS")) &&
           base_str_eq(exchange->raw_path, BASE_STR("*"));
}

static void dispatch(struct gw_call *call, const struct gw_exchange *exchange)
{
    const struct gw_router *router = gw_routes_router(call->tenure->gateway->routes);
    struct gw_captures captures;
    void *route;
    if (exchange->raw_path.len == 0) {
        gw_call_answer_text(call, 404, BASE_NOT_FOUND, "Not Found");
        return;
    }
    switch (gw_router_match(router, exchange->method, exchange->raw_path, &route, &captures)) {
    case GW_MATCHED:
        call->route = route;
        serve(call, exchange, &captures);
        break;
    case GW_NO_PATH:
        gw_call_answer_text(call, 404, BASE_NOT_FOUND, "Not Found");
        break;
    case GW_WRONG_METHOD:
        answer_allow(call, exchange);
        break;
    case GW_BAD_PATH:
        if (is_for_server(exchange)) {
            gw_call_give_answer(call, 204);
            break;
        }
        gw_call_answer_text(call, 400, BASE_INVALID_ARGUMENT,
                            "the path does not start with \"/\" or has a malformed percent escape");
        break;
    }
}

/* The routes know no stages: takes the stage off the front of the path, or leaves no path. What is
 * no path, "*" or worse, is in no stage. */
static void take_stage(struct gw_call *call, struct gw_exchange *exchange)
{
    const struct gw_admission_policy *policy = call->tenure->gateway->policy;
    call->stage = 0;
    if (policy != NULL && base_str_starts_with(exchange->raw_path, BASE_STR("/")) &&
        !gw_stages_split(policy->stages, exchange->raw_path, &call->stage, &exchange->raw_path)) {
        exchange->raw_path = (struct base_str){0};
    }
}

/* Lets the gateway's dialect, if it has one, see the request first. */
void gw_call_receive(struct gw_call *call, const struct gw_exchange *exchange)
{
    const struct gw_dialect *dialect = call->tenure->gateway->dialect;
    struct gw_exchange received = *exchange;
    take_stage(call, &received);
    if (exchange->preflight.method.len > 0) {
        answer_preflight(call, &received);
    } else if (dialect == NULL || dialect->receive(dialect, &received, &call->arena, &call->err)) {
        dispatch(call, &received);
    } else {
        gw_call_answer_err(call);
    }
}
