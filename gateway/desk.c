/* A call has two ends that may end in either order: its answer (given, then released by the front)
 * and its rpc (until on_status). The object goes back to the idle list when both have ended, which
 * is what makes a late result after a deadline or a disconnect harmless. */
#include "gateway/desk_private.h"

#include "base/container.h"
#include "base/mem.h"
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

static void on_deadline(struct base_timer *timer)
{
    struct gw_call *call = BASE_CONTAINER_OF(timer, struct gw_call, deadline);
    gw_call_give_up(call, BASE_DEADLINE_EXCEEDED, RPC_DEADLINE_EXCEEDED);
}

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
    call->own_headers = 0;
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
    gw_call_receive(call, exchange);
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
    gw_call_give_up(call, BASE_CANCELLED, "the client closed the request");
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
