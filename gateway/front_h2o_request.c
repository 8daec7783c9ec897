/* A request's guard is the exchange in the pool of its h2o_req_t: whatever ends the request (the
 * answer has been sent, the client went away, the stream was reset) empties the pool, which
 * releases the call. The answer's bytes stay the call's and go out from there without a copy; the
 * pool outlives the sending.
 *
 * In an HTTP/1 handler the raw head still stands at the front of the socket's input, so it is
 * checked there for what the library's parser lets pass. */
#include "gateway/front_h2o_private.h"

#include "gateway/http1_head.h"
#include "gateway/status.h"
#include "gateway/target.h"

/* How an answer's generator is known from the library's own; it has nothing to do. */
static h2o_generator_t answer_generator;

struct header_cursor {
    struct gw_header_source source;
    const h2o_header_t *next;
    const h2o_header_t *end;
};

static struct base_str str_of(h2o_iovec_t bytes)
{
    return base_str_make(bytes.base, bytes.len);
}

static bool is_http1(const h2o_req_t *req)
{
    return req->version < 0x200;
}

static bool next_header(struct gw_header_source *source, struct gw_header *out_header)
{
    struct header_cursor *cursor = CONTAINER_OF(source, struct header_cursor, source);
    if (cursor->next == cursor->end) {
        return false;
    }
    *out_header = (struct gw_header){str_of(*cursor->next->name), str_of(cursor->next->value)};
    cursor->next++;
    return true;
}

static struct header_cursor cursor_of(const h2o_headers_t *headers)
{
    return (struct header_cursor){
        .source = {.next = next_header},
        .next = headers->entries,
        .end = headers->entries + headers->size,
    };
}

/* ---- CORS ---- */

static struct base_str header_of(const h2o_req_t *req, struct base_str name)
{
    ssize_t at = h2o_find_header_by_str(&req->headers, name.data, name.len, -1);
    return at < 0 ? (struct base_str){0} : str_of(req->headers.entries[at].value);
}

/* Its method is empty when the request is no preflight. */
static struct gw_preflight preflight_of(const h2o_req_t *req)
{
    struct base_str origin = header_of(req, BASE_STR("origin"));
    if (origin.len == 0 || !base_str_eq(str_of(req->input.method), BASE_STR("OPTIONS"))) {
        return (struct gw_preflight){0};
    }
    return (struct gw_preflight){
        .origin = origin,
        .method = header_of(req, BASE_STR("access-control-request-method")),
        .headers = header_of(req, BASE_STR("access-control-request-headers")),
    };
}

/* Adds what CORS has to say to the headers that the answer has already. */
static void add_cors(h2o_req_t *req, const struct gw_cors *cors)
{
    bool is_preflight = preflight_of(req).method.len > 0;
    struct header_cursor answered = cursor_of(&req->res.headers);
    char list[GW_CORS_LIST_SIZE];
    struct gw_header headers[GW_CORS_ANSWER_HEADERS_MAX];
    size_t count = gw_cors_answer(cors, header_of(req, BASE_STR("origin")),
                                  is_preflight ? NULL : &answered.source, list, headers);
    for (size_t i = 0; i < count; i++) {
        struct base_str name = headers[i].name;
        struct base_str value = headers[i].value;
        if (value.data == list) {
            value = str_of(h2o_strdup(&req->pool, value.data, value.len));
        }
        h2o_add_header_by_str(&req->pool, &req->res.headers, name.data, name.len, 1, NULL,
                              value.data, value.len);
    }
}

/* ---- Answering ---- */

static void add_header(h2o_req_t *req, const struct gw_header *header)
{
    /* HTTP/2 has lower-case names only (RFC 9113 section 8.2). */
    h2o_iovec_t name = h2o_strdup(&req->pool, header->name.data, header->name.len);
    h2o_strtolower(name.base, name.len);
    h2o_add_header_by_str(&req->pool, &req->res.headers, name.base, name.len, 1, NULL,
                          header->value.data, header->value.len);
}

/* Sends `answer`, which outlives the request's pool. */
static void send_answer(h2o_req_t *req, const struct gw_answer *answer)
{
    req->res.status = answer->http_status;
    req->res.reason = answer->reason;
    req->res.content_length = answer->has_body ? answer->body.len : SIZE_MAX;
    if (answer->has_body) {
        h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL,
                       answer->content_type.data, answer->content_type.len);
    }
    for (size_t i = 0; i < answer->header_count; i++) {
        add_header(req, &answer->headers[i]);
    }
    bool sends_body = answer->body.len > 0 &&
                      !h2o_memis(req->input.method.base, req->input.method.len, H2O_STRLIT("HEAD"));
    h2o_iovec_t body = {(char *)(uintptr_t)answer->body.data, answer->body.len};
    h2o_start_response(req, &answer_generator);
    h2o_send(req, &body, sends_body ? 1 : 0, H2O_SEND_STATE_FINAL);
}

static void on_answer(struct gw_client *client, struct gw_call *call,
                      const struct gw_answer *answer)
{
    struct gw_front_exchange *exchange = CONTAINER_OF(client, struct gw_front_exchange, client);
    exchange->call = call;
    exchange->is_answered = true;
    gw_front_exchange_unwatch(exchange);
    send_answer(exchange->req, answer);
}

/* The error body in the request's pool. `message` is a constant of this program or of the library,
 * none of which holds a character that JSON would want escaped. */
static h2o_iovec_t error_json(h2o_req_t *req, enum base_code code, const char *message)
{
    static const char format[] = "{\"code\":%d,\"message\":\"%s\",\"details\":[]}";
    size_t size = sizeof format + strlen(message);
    char *text = h2o_mem_alloc_pool(&req->pool, size);
    int len = snprintf(text, size, format, (int)code, message);
    return h2o_iovec_init(text, (size_t)len);
}

/* Refuses a request that another server may read in another way; its connection is done with. */
static void refuse(h2o_req_t *req, const struct base_err *err)
{
    h2o_iovec_t body = error_json(req, err->code, err->message);
    struct gw_answer answer = {
        .http_status = gw_status_http(err->code),
        .reason = "Bad Request",
        .has_body = true,
        .content_type = BASE_STR("application/json"),
        .body = str_of(body),
    };
    req->http1_is_persistent = 0;
    send_answer(req, &answer);
}

/* ---- The exchange's life ---- */

static void exchange_dispose(void *memory)
{
    struct gw_front_exchange *exchange = memory;
    base_role_assert_loop();
    gw_front_exchange_unwatch(exchange);
    if (exchange->next != NULL) {
        exchange->next->previous = exchange->previous;
    }
    if (exchange->previous != NULL) {
        exchange->previous->next = exchange->next;
    } else {
        exchange->connection->exchanges = exchange->next;
    }
    if (exchange->call != NULL) {
        gw_call_release(exchange->call);
    }
}

static void on_watch(struct base_timer *timer)
{
    gw_front_exchange_watch(CONTAINER_OF(timer, struct gw_front_exchange, watch));
}

static struct gw_front_exchange *exchange_create(h2o_req_t *req)
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
    return exchange;
}

/* ---- The request ---- */

static void begin(struct gw_front_exchange *exchange) ON_LOOP;

static void begin(struct gw_front_exchange *exchange)
{
    h2o_req_t *req = exchange->req;
    struct gw_front_loop *loop = exchange->connection->loop;
    struct header_cursor cursor = cursor_of(&req->headers);
    struct gw_target target = gw_target_split(str_of(req->input.path));
    struct gw_exchange request = {
        .method = str_of(req->input.method),
        .raw_path = target.raw_path,
        .raw_query = target.raw_query,
        .body = str_of(req->entity),
        .hop = {.peer = base_str_make(exchange->connection->peer, exchange->connection->peer_len),
                .authority =
                    target.authority.len > 0 ? target.authority : str_of(req->input.authority)},
        .headers = &cursor.source,
    };
    if (loop->front->cors != NULL) {
        request.preflight = preflight_of(req);
    }
    struct gw_call *call = gw_desk_begin(loop->desk, &request, &exchange->client);
    if (call == NULL) {
        exchange->is_answered = true;
        send_answer(req, &gw_answer_busy);
    } else if (!exchange->is_answered) {
        exchange->call = call;
        if (is_http1(req)) {
            base_timers_set(&loop->timers, &exchange->watch,
                            base_clock_monotonic_ns() + GW_FRONT_HANGUP_WATCH_MS * BASE_NS_PER_MS);
        }
    }
}

static int on_request(h2o_handler_t *self, h2o_req_t *req)
{
    (void)self;
    base_role_assert_loop();
    struct base_err err;
    struct gw_front_exchange *exchange = exchange_create(req);
    h2o_buffer_t *input = exchange->connection->socket->input;
    if (is_http1(req) && !gw_http1_head_check(base_str_make(input->bytes, input->size), &err)) {
        refuse(req, &err);
    } else if (req->entity.len > GW_BODY_BYTES_MAX) {
        send_answer(req, &gw_answer_too_large);
    } else {
        begin(exchange);
    }
    return 0;
}

/* ---- The library's own errors ---- */

struct json_error {
    h2o_ostream_t super;
    h2o_iovec_t body;
};

static enum base_code code_of(int http_status)
{
    switch (http_status) {
    case 404:
        return BASE_NOT_FOUND;
    case 413:
        return BASE_RESOURCE_EXHAUSTED;
    default:
        return http_status < 500 ? BASE_INVALID_ARGUMENT : BASE_INTERNAL;
    }
}

static void send_json(h2o_ostream_t *super, h2o_req_t *req, h2o_iovec_t *bodies, size_t count,
                      h2o_send_state_t state)
{
    struct json_error *self = CONTAINER_OF(super, struct json_error, super);
    (void)bodies;
    h2o_ostream_send_next(super, req, &self->body, count > 0 ? 1 : 0, state);
}

/* Puts a JSON body in the place of the library's text. Returns the slot of what comes next. */
static h2o_ostream_t **replace_body(h2o_req_t *req, h2o_ostream_t **slot)
{
    struct json_error *stream = (void *)h2o_add_ostream(req, sizeof *stream, slot);
    struct base_str too_large = gw_answer_too_large.body;
    stream->super.do_send = send_json;
    stream->body = req->res.status == 413
                       ? h2o_iovec_init((void *)(uintptr_t)too_large.data, too_large.len)
                       : error_json(req, code_of(req->res.status), req->res.reason);
    req->res.content_length = stream->body.len;
    h2o_set_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE,
                   H2O_STRLIT("application/json"), 1);
    return &stream->super.next;
}

/* Every answer passes here, ours and the library's. */
static void on_setup(h2o_filter_t *self, h2o_req_t *req, h2o_ostream_t **slot)
{
    (void)self;
    struct gw_front_connection *connection = gw_front_connection_of(req);
    if (req->_generator != &answer_generator) {
        slot = replace_body(req, slot);
    }
    if (connection->loop->front->cors != NULL) {
        add_cors(req, connection->loop->front->cors);
    }
    if (is_http1(req) && !req->http1_is_persistent &&
        (req->res.status >= 400 || connection->loop->phase != GW_FRONT_SERVING)) {
        gw_front_connection_linger(connection);
    }
    h2o_setup_next_ostream(req, slot);
}

void gw_front_protocol_install(struct gw_front_protocol *protocol)
{
    h2o_hostconf_t *host = h2o_config_register_host(
        &protocol->config, h2o_iovec_init(H2O_STRLIT("default")), UINT16_MAX);
    h2o_pathconf_t *path = h2o_config_register_path(host, "/", 0);
    protocol->handler = h2o_create_handler(path, sizeof *protocol->handler);
    protocol->handler->on_req = on_request;
    h2o_create_filter(path, sizeof(h2o_filter_t))->on_setup_ostream = on_setup;
    h2o_create_filter(&host->fallback_path, sizeof(h2o_filter_t))->on_setup_ostream = on_setup;
}
