#include "gateway/explain.h"

#include "base/container.h"
#include "base/mem.h"

struct gw_explainer {
    struct rpc_channel channel;
    struct gw_client client;
    struct rpc_call rpc;
    struct rpc_call_params params; /* of the call that was started last */
    struct base_mailbox home;
    struct base_timers timers;
    struct gw_gateway *gateway;
    struct gw_desk *desk;
    struct gw_call *call; /* whose answer the last explanation shows */
    const struct gw_answer *answer;
    bool is_called;
    struct base_buf wire;
    struct base_buf json;
};

/* ---- The channel: a call ends as soon as its message is there ---- */

static struct gw_explainer *of_rpc(struct rpc_call *rpc)
{
    return BASE_CONTAINER_OF(rpc, struct gw_explainer, rpc);
}

static void rpc_send(struct rpc_call *rpc, struct base_str wire, bool last)
{
    (void)last;
    struct gw_explainer *explainer = of_rpc(rpc);
    static const struct rpc_metadata no_trailers = {0};
    const struct rpc_status status = {
        .code = BASE_CANCELLED, .message = BASE_STR(""), .trailers = &no_trailers};
    explainer->is_called = true;
    (void)base_buf_append_str(&explainer->wire, wire);
    explainer->params.observer->on_status(explainer->params.user, &status);
}

/* A call has ended before anybody could cancel it. */
static void rpc_cancel(struct rpc_call *rpc)
{
    (void)rpc;
}

static const struct rpc_call_ops call_ops = {.send = rpc_send, .cancel = rpc_cancel};

static const struct rpc_target *resolve(struct rpc_channel *channel, const char *path,
                                        struct base_err *err)
{
    (void)channel;
    (void)err;
    return (const struct rpc_target *)(const void *)path;
}

static struct rpc_call *start(struct rpc_channel *channel, const struct rpc_call_params *params)
{
    struct gw_explainer *explainer = (struct gw_explainer *)(void *)channel;
    explainer->params = *params;
    return &explainer->rpc;
}

static const struct rpc_channel_ops channel_ops = {.resolve = resolve, .start = start};

/* ---- The desk's client ---- */

static void on_answer(struct gw_client *client, struct gw_call *call,
                      const struct gw_answer *answer)
{
    struct gw_explainer *explainer = BASE_CONTAINER_OF(client, struct gw_explainer, client);
    explainer->call = call;
    explainer->answer = answer;
}

/* Nothing is ever posted: every call ends where it began. */
static void wake(struct base_mailbox *mailbox)
{
    (void)mailbox;
}

/* ---- Public functions ---- */

struct gw_explainer *gw_explainer_create(const struct gw_gateway_config *config,
                                         struct base_err *err)
{
    struct gw_explainer *explainer = base_calloc(1, sizeof *explainer);
    explainer->channel.ops = &channel_ops;
    explainer->client.on_answer = on_answer;
    explainer->rpc.ops = &call_ops;
    base_mailbox_init(&explainer->home, wake);
    base_timers_init(&explainer->timers);
    base_buf_init(&explainer->wire, GW_REQUEST_WIRE_BYTES_MAX);
    base_buf_init(&explainer->json, GW_ANSWER_BYTES_MAX);
    struct gw_gateway_config dry = *config;
    dry.channel = &explainer->channel;
    explainer->gateway = gw_gateway_create(&dry, err);
    if (explainer->gateway == NULL) {
        gw_explainer_destroy(explainer);
        return NULL;
    }
    explainer->desk = gw_desk_open(explainer->gateway, &explainer->home, &explainer->timers, 1);
    return explainer;
}

static void end_last(struct gw_explainer *explainer)
{
    base_role_assert_loop();
    if (explainer->call != NULL) {
        gw_call_release(explainer->call);
        explainer->call = NULL;
    }
}

void gw_explainer_destroy(struct gw_explainer *explainer)
{
    if (explainer == NULL) {
        return;
    }
    end_last(explainer);
    gw_desk_close(explainer->desk);
    gw_gateway_unref(explainer->gateway);
    base_mailbox_dispose(&explainer->home);
    base_timers_dispose(&explainer->timers);
    base_buf_dispose(&explainer->wire);
    base_buf_dispose(&explainer->json);
    base_free(explainer);
}

/* The message that was sent, as JSON. The bytes are the transcoder's own, so that only an answer
 * too large to print can be in the way; then what fits is told by the error. */
static struct base_str message_json(struct gw_explainer *explainer, const struct gw_route *route)
{
    struct gw_transcode_options options = explainer->gateway->options;
    options.print_defaults = false;
    struct base_err err;
    base_buf_reset(&explainer->json, GW_CALL_KEEP_BYTES);
    if (!gw_wire_to_json(route->method->input, base_buf_str(&explainer->wire), &options,
                         &explainer->json, &err)) {
        base_buf_reset(&explainer->json, GW_CALL_KEEP_BYTES);
        (void)base_buf_append_str(&explainer->json, base_str_of(err.message));
    }
    return base_buf_str(&explainer->json);
}

struct gw_explanation gw_explainer_run(struct gw_explainer *explainer,
                                       const struct gw_exchange *exchange)
{
    base_role_assert_loop();
    end_last(explainer);
    explainer->is_called = false;
    base_buf_reset(&explainer->wire, GW_CALL_KEEP_BYTES);
    struct gw_explanation out = {0};
    void *route;
    if (gw_router_match(gw_routes_router(explainer->gateway->routes), exchange->method,
                        exchange->raw_path, &route, &out.captures) == GW_MATCHED) {
        out.route = route;
    }
    if (exchange->body.len > GW_BODY_BYTES_MAX) { /* as a front does */
        explainer->answer = &gw_answer_too_large;
    } else {
        (void)gw_desk_begin(explainer->desk, exchange, &explainer->client);
    }
    out.is_called = explainer->is_called;
    if (out.is_called) {
        out.message = message_json(explainer, out.route);
    } else {
        out.answer = explainer->answer;
    }
    return out;
}
