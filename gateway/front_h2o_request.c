/* A request's guard is the exchange in the pool of its h2o_req_t: whatever ends the request (the
 * answer has been sent, the client went away, the stream was reset) empties the pool, which
 * releases the call.
 *
 * In an HTTP/1 handler the raw head still stands at the front of the socket's input, so it is
 * checked there for what the library's parser lets pass. */
#include "gateway/front_h2o_private.h"

#include "gateway/http1_head.h"
#include "gateway/target.h"

/* ---- The exchange's life ---- */

static void on_answer(struct gw_client *client, struct gw_call *call,
                      const struct gw_answer *answer)
{
    struct gw_front_exchange *exchange =
        BASE_CONTAINER_OF(client, struct gw_front_exchange, client);
    exchange->call = call;
    gw_front_exchange_unwatch(exchange);
    gw_front_send(exchange, answer);
}

static void exchange_dispose(void *memory)
{
    struct gw_front_exchange *exchange = memory;
    base_role_assert_loop();
    gw_front_exchange_unwatch(exchange);
    struct gw_front_connection *connection = exchange->connection;
    int64_t now_ns = base_clock_monotonic_ns();
    if (connection->loop->front->logs_requests) {
        gw_front_log_end(exchange, now_ns);
    }
    if (!connection->is_http2) {
        connection->ready_at_ns = now_ns;
    }
    if (exchange->next != NULL) {
        exchange->next->previous = exchange->previous;
    }
    if (exchange->previous != NULL) {
        exchange->previous->next = exchange->next;
    } else {
        connection->exchanges = exchange->next;
    }
    if (!exchange->is_answered && !gw_front_is_http1(exchange->req)) {
        gw_front_connection_gave_up(exchange->connection);
    }
    if (exchange->call != NULL) {
        gw_call_release(exchange->call);
    }
}

static void on_watch(struct base_timer *timer)
{
    gw_front_exchange_watch(BASE_CONTAINER_OF(timer, struct gw_front_exchange, watch));
}

struct gw_front_exchange *gw_front_exchange_create(h2o_req_t *req)
{
    struct gw_front_exchange *exchange =
        h2o_mem_alloc_shared(&req->pool, sizeof *exchange, exchange_dispose);
    struct gw_front_connection *connection = gw_front_connection_of(req);
    *exchange = (struct gw_front_exchange){
        .client = {.on_answer = on_answer},
        .next = connection->exchanges,
        .connection = connection,
        .req = req,
        .watch = {.on_timer = on_watch},
    };
    if (exchange->next != NULL) {
        exchange->next->previous = exchange;
    }
    connection->exchanges = exchange;
    if (connection->loop->front->logs_requests) {
        gw_front_log_begin(exchange);
    }
    return exchange;
}

/* ---- The request ---- */

static void begin(struct gw_front_exchange *exchange) ON_LOOP;

static void begin(struct gw_front_exchange *exchange)
{
    h2o_req_t *req = exchange->req;
    struct gw_front_loop *loop = exchange->connection->loop;
    struct gw_front_headers cursor = gw_front_headers(&req->headers);
    struct gw_target target = gw_target_split(gw_front_str(req->input.path));
    struct gw_exchange request = {
        .method = gw_front_str(req->input.method),
        .raw_path = target.raw_path,
        .raw_query = target.raw_query,
        .body = gw_front_str(req->entity),
        .hop = {.peer = base_str_make(exchange->connection->peer, exchange->connection->peer_len),
                .authority = target.authority.len > 0 ? target.authority
                                                      : gw_front_str(req->input.authority)},
        .headers = &cursor.source,
    };
    if (loop->front->cors != NULL) {
        request.preflight = gw_front_preflight(req);
    }
    struct gw_call *call = gw_desk_begin(loop->desk, &request, &exchange->client);
    if (call == NULL) {
        gw_front_send_own(exchange, &gw_answer_busy);
    } else if (!exchange->is_answered) {
        exchange->call = call;
        if (gw_front_is_http1(req)) {
            base_timers_set(&loop->timers, &exchange->watch,
                            base_clock_monotonic_ns() + GW_FRONT_HANGUP_WATCH_MS * BASE_NS_PER_MS);
        }
    }
}

static bool asks_to_close(const h2o_req_t *req)
{
    for (ssize_t at = -1; (at = h2o_find_header(&req->headers, H2O_TOKEN_CONNECTION, at)) != -1;) {
        h2o_iovec_t value = req->headers.entries[at].value;
        if (h2o_contains_token(value.base, value.len, H2O_STRLIT("close"), ',')) {
            return true;
        }
    }
    return false;
}

/* A connection of HTTP/1.1 goes on unless the client asks to close it (RFC 9112 section 9.3). With
 * a Connection header that says something else, as one that asks for an upgrade does, the library
 * would close it. */
static void keep_open(h2o_req_t *req)
{
    if (req->version == 0x101 && !req->http1_is_persistent && !req->conn->ctx->shutdown_requested &&
        !asks_to_close(req)) {
        req->http1_is_persistent = 1;
    }
}

static int on_request(h2o_handler_t *self, h2o_req_t *req)
{
    (void)self;
    base_role_assert_loop();
    struct base_err err;
    keep_open(req);
    struct gw_front_exchange *exchange = gw_front_exchange_create(req);
    h2o_buffer_t *input = exchange->connection->socket->input;
    if (gw_front_is_http1(req) &&
        !gw_http1_head_check(base_str_make(input->bytes, input->size), &err)) {
        gw_front_refuse(exchange, &err);
    } else if (req->entity.len > GW_BODY_BYTES_MAX) {
        gw_front_send_own(exchange, &gw_answer_too_large);
    } else if (!gw_front_intake_has_room(exchange->connection->loop->front, req->entity.len)) {
        gw_front_send_own(exchange, &gw_front_overloaded);
    } else {
        begin(exchange);
    }
    return 0;
}

void gw_front_protocol_install(struct gw_front_protocol *protocol)
{
    h2o_hostconf_t *host = h2o_config_register_host(
        &protocol->config, h2o_iovec_init(H2O_STRLIT("default")), UINT16_MAX);
    h2o_pathconf_t *path = h2o_config_register_path(host, "/", 0);
    protocol->handler = h2o_create_handler(path, sizeof *protocol->handler);
    protocol->handler->on_req = on_request;
    h2o_create_filter(path, sizeof(h2o_filter_t))->on_setup_ostream = gw_front_on_setup;
    h2o_create_filter(&host->fallback_path, sizeof(h2o_filter_t))->on_setup_ostream =
        gw_front_on_setup;
}
