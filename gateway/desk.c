/* A call has two ends that may end in either order: its answer (given, then released by the front)
 * and its rpc (until on_status). The object goes back to the idle list when both have ended, which
 * is what makes a late result after a deadline or a disconnect harmless. */
#include "gateway/desk_private.h"

#include "base/container.h"
#include "base/mem.h"
#include "gateway/headers.h"
#include "gateway/request.h"
#include "gateway/status.h"
#include "rpc/context.h"

#define BUSY_BODY "{\"code\":14,\"message\":\"" GW_BUSY_MESSAGE "\",\"details\":[]}"
#define TOO_LARGE_BODY "{\"code\":8,\"message\":\"" GW_TOO_LARGE_MESSAGE "\",\"details\":[]}"
_Static_assert(GW_BODY_BYTES_MAX == 4194304, "the limit is written in GW_TOO_LARGE_MESSAGE");

const struct gw_answer gw_answer_busy = {
    .http_status = 503,
    .reason = "Service Unavailable",
    .has_body = true,
    .content_type = {"application/json", sizeof "application/json" - 1},
    .body = {BUSY_BODY, sizeof BUSY_BODY - 1},
};

const struct gw_answer gw_answer_too_large = {
    .http_status = 413,
    .reason = "Content Too Large",
    .has_body = true,
    .content_type = {"application/json", sizeof "application/json" - 1},
    .body = {TOO_LARGE_BODY, sizeof TOO_LARGE_BODY - 1},
};

/* ---- The call object ---- */

static void on_deadline(struct base_timer *timer);

static struct gw_call *call_create(struct gw_desk *desk)
{
    struct gw_call *call = base_calloc(1, sizeof *call);
    call->desk = desk;
    call->deadline.on_timer = on_deadline;
    base_arena_init(&call->arena, GW_CALL_ARENA_BYTES_MAX);
    base_buf_init(&call->wire, GW_REQUEST_WIRE_BYTES_MAX);
    base_buf_init(&call->json, GW_ANSWER_BYTES_MAX);
    return call;
}

static void call_destroy(struct gw_call *call)
{
    base_arena_dispose(&call->arena);
    base_buf_dispose(&call->wire);
    base_buf_dispose(&call->json);
    base_free(call);
}

static struct gw_call *call_take(struct gw_desk *desk)
{
    struct gw_call *call = desk->idle;
    if (call == NULL) {
        call = call_create(desk);
    } else {
        desk->idle = call->next_idle;
        desk->idle_count--;
    }
    desk->calls++;
    call->tenure = desk->tenure;
    gw_tenure_enter(call->tenure);
    return call;
}

/* Gives the object back. */
static void call_recycle(struct gw_call *call)
{
    struct gw_desk *desk = call->desk;
    desk->calls--;
    gw_admission_end(&call->admission);
    gw_tenure_leave(call->tenure);
    if (desk->idle_count == GW_DESK_IDLE_CALLS_MAX) {
        call_destroy(call);
        return;
    }
    base_arena_reset(&call->arena);
    base_buf_reset(&call->wire, GW_CALL_KEEP_BYTES);
    base_buf_reset(&call->json, GW_CALL_KEEP_BYTES);
    call->metadata = (struct rpc_metadata){0};
    call->answer = (struct gw_answer){0};
    call->route = NULL;
    call->is_answered = false;
    call->has_message = false;
    call->next_idle = desk->idle;
    desk->idle = call;
    desk->idle_count++;
}

void gw_call_hold(struct gw_call *call)
{
    call->holds++;
}

void gw_call_let_go(struct gw_call *call)
{
    if (--call->holds == 0 && call->client == NULL && call->rpc == NULL && !call->is_waiting) {
        call_recycle(call);
    }
}

/* ---- Answers ---- */

void gw_call_give_answer(struct gw_call *call, int http_status)
{
    bool has_body = http_status != 204 && http_status != 205;
    call->is_answered = true;
    base_timers_cancel(call->desk->timers, &call->deadline);
    call->answer.http_status = http_status;
    call->answer.reason = gw_status_reason(http_status);
    call->answer.has_body = has_body;
    if (has_body) {
        call->answer.body = base_buf_str(&call->json);
    }
    call->client->on_answer(call->client, call, &call->answer);
}

struct gw_header *gw_call_more_headers(struct gw_call *call, size_t more)
{
    size_t count = call->answer.header_count;
    struct gw_header *headers = base_arena_alloc(&call->arena, (count + more) * sizeof *headers);
    if (headers == NULL) {
        return NULL;
    }
    if (count > 0) {
        memcpy(headers, call->answer.headers, count * sizeof *headers);
    }
    call->answer.headers = headers;
    return headers + count;
}

/* Writes an error as the gateway's dialect has it. */
static void write_error(struct gw_call *call, enum base_code code, struct base_str message,
                        struct base_str details)
{
    const struct gw_gateway *gateway = call->tenure->gateway;
    base_buf_reset(&call->json, GW_CALL_KEEP_BYTES);
    if (gateway->dialect == NULL) {
        gw_status_to_json(code, message, details, &gateway->options, &call->json);
        return;
    }
    struct gw_header *header = gw_call_more_headers(call, 1);
    struct gw_header type =
        gateway->dialect->write_error(gateway->dialect, code, message, &call->json);
    if (header != NULL) {
        *header = type;
        call->answer.header_count++;
    }
}

static void answer_status(struct gw_call *call, int http_status, enum base_code code,
                          struct base_str message, struct base_str details)
{
    write_error(call, code, message, details);
    call->answer.content_type = GW_JSON_TYPE;
    gw_call_give_answer(call, http_status);
}

static void answer_text(struct gw_call *call, int http_status, enum base_code code,
                        const char *message)
{
    answer_status(call, http_status, code, base_str_of(message), (struct base_str){0});
}

static void answer_err(struct gw_call *call)
{
    answer_text(call, gw_status_http(call->err.code), call->err.code, call->err.message);
}

/* Answers a request that cannot become a message: too large a one is 413, as a body is. */
static void answer_refusal(struct gw_call *call)
{
    bool is_too_large = call->err.code == BASE_RESOURCE_EXHAUSTED;
    answer_text(call, is_too_large ? 413 : gw_status_http(call->err.code), call->err.code,
                call->err.message);
}

/* Answers without waiting for the rpc, whose result will find nobody. */
static void give_up(struct gw_call *call, enum base_code code, const char *message)
{
    if (call->is_answered) {
        return;
    }
    gw_call_hold(call);
    call->answer.header_count = 0;
    answer_text(call, gw_status_http(code), code, message);
    if (call->rpc != NULL) {
        rpc_call_cancel(call->rpc);
    }
    gw_call_let_go(call);
}

static void on_deadline(struct base_timer *timer)
{
    struct gw_call *call = BASE_CONTAINER_OF(timer, struct gw_call, deadline);
    give_up(call, BASE_DEADLINE_EXCEEDED, RPC_DEADLINE_EXCEEDED);
}

/* ---- The rpc's events ---- */

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
        answer_status(call, gw_status_http(status->code), status->code, status->message,
                      status->details);
    } else if (call->has_message) {
        gw_call_give_answer(call, call->route->method->success_status);
    } else if (call->err.code != BASE_OK) {
        answer_err(call);
    } else {
        answer_text(call, 500, BASE_INTERNAL, "the method answered no message");
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

/* ---- The request ---- */

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
        answer_text(call, 415, BASE_INVALID_ARGUMENT, refusal);
    } else if (!headers_fine && call->err.code == BASE_RESOURCE_EXHAUSTED) {
        answer_text(call, 431, BASE_RESOURCE_EXHAUSTED, "the request's headers are too large");
    } else if (!headers_fine || !gw_head_timeout(&head, &timeout_ns, &call->err) ||
               !gw_request_to_wire(call->route, &request, &call->tenure->gateway->options,
                                   &call->wire, &call->err)) {
        answer_refusal(call);
    } else if (call->route->method->client_streaming || call->route->method->server_streaming) {
        answer_text(call, gw_status_http(BASE_UNIMPLEMENTED), BASE_UNIMPLEMENTED,
                    "streaming methods are not served over REST");
    } else if (timeout_ns <= 0) {
        give_up(call, BASE_DEADLINE_EXCEEDED, RPC_DEADLINE_EXCEEDED);
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
        answer_text(call, 405, BASE_UNIMPLEMENTED, "Method Not Allowed");
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
        answer_text(call, 404, BASE_NOT_FOUND, "Not Found");
        return;
    }
    switch (gw_router_match(router, exchange->method, exchange->raw_path, &route, &captures)) {
    case GW_MATCHED:
        call->route = route;
        serve(call, exchange, &captures);
        break;
    case GW_NO_PATH:
        answer_text(call, 404, BASE_NOT_FOUND, "Not Found");
        break;
    case GW_WRONG_METHOD:
        answer_allow(call, exchange);
        break;
    case GW_BAD_PATH:
        if (is_for_server(exchange)) {
            gw_call_give_answer(call, 204);
            break;
        }
        answer_text(call, 400, BASE_INVALID_ARGUMENT,
                    "the path does not start with \"/\" or has a malformed percent escape");
        break;
    }
}

/* The routes know no stages: takes the stage off the front of the path, or leaves no path. */
static void take_stage(struct gw_call *call, struct gw_exchange *exchange)
{
    const struct gw_admission_policy *policy = call->tenure->gateway->policy;
    call->stage = 0;
    if (policy != NULL &&
        !gw_stages_split(policy->stages, exchange->raw_path, &call->stage, &exchange->raw_path)) {
        exchange->raw_path = (struct base_str){0};
    }
}

/* Lets the gateway's dialect, if it has one, see the request first. */
static void receive(struct gw_call *call, const struct gw_exchange *exchange)
{
    const struct gw_dialect *dialect = call->tenure->gateway->dialect;
    struct gw_exchange received = *exchange;
    take_stage(call, &received);
    if (exchange->preflight.method.len > 0) {
        answer_preflight(call, &received);
    } else if (dialect == NULL || dialect->receive(dialect, &received, &call->arena, &call->err)) {
        dispatch(call, &received);
    } else {
        answer_err(call);
    }
}

/* ---- Public functions ---- */

struct gw_desk *gw_desk_open(struct gw_gateway *gateway, struct base_mailbox *home,
                             struct base_timers *timers, size_t calls_max)
{
    struct gw_desk *desk = base_calloc(1, sizeof *desk);
    desk->tenure = gw_tenure_begin(gateway, NULL);
    desk->home = home;
    desk->timers = timers;
    desk->calls_max = calls_max;
    return desk;
}

void gw_desk_close(struct gw_desk *desk)
{
    if (desk == NULL) {
        return;
    }
    for (struct gw_call *call = desk->idle, *next; call != NULL; call = next) {
        next = call->next_idle;
        call_destroy(call);
    }
    gw_tenure_end(desk->tenure);
    base_free(desk);
}

static void begin_tenure(struct gw_desk *desk, struct gw_gateway *gateway, struct gw_access *access)
{
    struct gw_tenure *before = desk->tenure;
    desk->tenure = gw_tenure_begin(gateway, access);
    gw_tenure_end(before);
}

void gw_desk_replace(struct gw_desk *desk, struct gw_gateway *gateway)
{
    begin_tenure(desk, gateway, desk->tenure->access);
}

void gw_desk_set_access(struct gw_desk *desk, struct gw_access *access)
{
    gw_key_cache_clear(&desk->admission_memory.keys);
    begin_tenure(desk, desk->tenure->gateway, access);
}

size_t gw_desk_calls(const struct gw_desk *desk)
{
    return desk->calls;
}

struct gw_call *gw_desk_begin(struct gw_desk *desk, const struct gw_exchange *exchange,
                              struct gw_client *client)
{
    if (desk->calls == desk->calls_max) {
        return NULL;
    }
    struct gw_call *call = call_take(desk);
    call->client = client;
    call->err.code = BASE_OK;
    gw_call_hold(call);
    receive(call, exchange);
    gw_call_let_go(call);
    return call;
}

struct gw_call_facts gw_call_facts(const struct gw_call *call)
{
    const struct gw_admission_policy *policy = call->tenure->gateway->policy;
    struct gw_call_facts facts = {0};
    if (call->route != NULL) {
        facts.route = call->route->path_template.text;
    }
    if (call->route != NULL && policy != NULL) {
        struct base_str stage = policy->stages->stages[call->stage].name;
        facts.stage = base_str_eq(stage, BASE_STR(GW_STAGE_DEFAULT)) ? facts.stage : stage;
    }
    if (call->admission.grant != NULL) {
        facts.key_id = call->admission.grant->key_id;
    }
    return facts;
}

void gw_call_cancel(struct gw_call *call)
{
    give_up(call, BASE_CANCELLED, "the client closed the request");
}

void gw_call_release(struct gw_call *call)
{
    gw_call_hold(call);
    call->client = NULL;
    base_timers_cancel(call->desk->timers, &call->deadline);
    if (!call->is_answered) {
        call->is_answered = true;
        if (call->rpc != NULL) {
            rpc_call_cancel(call->rpc);
        }
    }
    gw_call_let_go(call);
}
