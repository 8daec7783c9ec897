/* Sending answers. The answer's bytes stay the call's and go out from there without a copy; the
 * pool of the request, which releases the call, outlives the sending. Every answer passes the
 * filter at the end, ours and those that the library makes up itself, so what all must have is
 * added there.
 */
#include "gateway/front_h2o_private.h"

#include "gateway/status.h"

/* ---- What a request says ---- */

struct base_str gw_front_header(const h2o_req_t *req, struct base_str name)
{
    ssize_t at = h2o_find_header_by_str(&req->headers, name.data, name.len, -1);
    return at < 0 ? (struct base_str){0} : gw_front_str(req->headers.entries[at].value);
}

static bool next_header(struct gw_header_source *source, struct gw_header *out_header)
{
    struct gw_front_headers *cursor = BASE_CONTAINER_OF(source, struct gw_front_headers, source);
    if (cursor->next == cursor->end) {
        return false;
    }
    *out_header =
        (struct gw_header){gw_front_str(*cursor->next->name), gw_front_str(cursor->next->value)};
    cursor->next++;
    return true;
}

struct gw_front_headers gw_front_headers(const h2o_headers_t *headers)
{
    return (struct gw_front_headers){
        .source = {.next = next_header},
        .next = headers->entries,
        .end = headers->entries + headers->size,
    };
}

struct gw_preflight gw_front_preflight(const h2o_req_t *req)
{
    struct base_str origin = gw_front_header(req, BASE_STR("origin"));
    if (origin.len == 0 || !base_str_eq(gw_front_str(req->input.method), BASE_STR("OPTIONS"))) {
        return (struct gw_preflight){0};
    }
    return (struct gw_preflight){
        .origin = origin,
        .method = gw_front_header(req, BASE_STR("access-control-request-method")),
        .headers = gw_front_header(req, BASE_STR("access-control-request-headers")),
    };
}

/* ---- Answering ---- */

#define OVERLOADED_MESSAGE "too many large requests at once; try again"
#define OVERLOADED_BODY "{\"code\":14,\"message\":\"" OVERLOADED_MESSAGE "\",\"details\":[]}"

static const struct gw_header retry_after = {{"retry-after", 11}, {"1", 1}};

const struct gw_answer gw_front_overloaded = {
    .http_status = 503,
    .reason = "Service Unavailable",
    .has_body = true,
    .content_type = {"application/json", sizeof "application/json" - 1},
    .body = {OVERLOADED_BODY, sizeof OVERLOADED_BODY - 1},
    .headers = &retry_after,
    .header_count = 1,
};

/* Names are lower-case already, as HTTP/2 wants them (RFC 9113 section 8.2). */
static void add_header(h2o_req_t *req, const struct gw_header *header)
{
    h2o_add_header_by_str(&req->pool, &req->res.headers, header->name.data, header->name.len, 1,
                          NULL, header->value.data, header->value.len);
}

/* Never called, since each answer is sent whole: our generators are known by it. */
static void proceed(h2o_generator_t *generator, h2o_req_t *req)
{
    (void)generator;
    (void)req;
}

void gw_front_send(struct gw_front_exchange *exchange, const struct gw_answer *answer)
{
    h2o_req_t *req = exchange->req;
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
    exchange->generator.proceed = proceed;
    h2o_start_response(req, &exchange->generator);
    h2o_send(req, &body, sends_body ? 1 : 0, H2O_SEND_STATE_FINAL);
}

/* ---- Errors of the front's own ---- */

/* The body of an error in the dialect, in the request's pool, and the header that goes with it. */
static h2o_iovec_t dialect_error(h2o_req_t *req, const struct gw_dialect *dialect,
                                 enum base_code code, const char *message,
                                 struct gw_header *out_header)
{
    struct base_buf json;
    base_buf_init(&json, GW_ANSWER_BYTES_MAX);
    *out_header = dialect->write_error(dialect, code, base_str_of(message), &json);
    h2o_iovec_t body = h2o_strdup(&req->pool, json.data == NULL ? "" : json.data, json.len);
    base_buf_dispose(&json);
    return body;
}

/* The same as Tollgate speaks otherwise. `message` is a constant of this program or of the library,
 * none of which holds a character that JSON would want escaped. */
static h2o_iovec_t plain_error(h2o_req_t *req, enum base_code code, const char *message)
{
    static const char format[] = "{\"code\":%d,\"message\":\"%s\",\"details\":[]}";
    size_t size = sizeof format + strlen(message);
    char *text = h2o_mem_alloc_pool(&req->pool, size);
    int len = snprintf(text, size, format, (int)code, message);
    return h2o_iovec_init(text, (size_t)len);
}

/* The body of an error, whose header is added to those of the answer. */
static h2o_iovec_t error_json(h2o_req_t *req, enum base_code code, const char *message)
{
    const struct gw_dialect *dialect = gw_front_connection_of(req)->loop->front->dialect;
    if (dialect == NULL) {
        return plain_error(req, code, message);
    }
    struct gw_header header;
    h2o_iovec_t body = dialect_error(req, dialect, code, message, &header);
    add_header(req, &header);
    return body;
}

/* What the answers that are constants say. */
static const struct own_error {
    const struct gw_answer *answer;
    enum base_code code;
    const char *message;
} own_errors[] = {
    {&gw_answer_busy, BASE_UNAVAILABLE, GW_BUSY_MESSAGE},
    {&gw_answer_too_large, BASE_RESOURCE_EXHAUSTED, GW_TOO_LARGE_MESSAGE},
    {&gw_front_overloaded, BASE_UNAVAILABLE, OVERLOADED_MESSAGE},
};

static const struct own_error *own_error_of(const struct gw_answer *answer)
{
    const struct own_error *error = own_errors;
    while (error->answer != answer) {
        error++;
    }
    return error;
}

void gw_front_send_own(struct gw_front_exchange *exchange, const struct gw_answer *answer)
{
    const struct own_error *error = own_error_of(answer);
    struct gw_answer spoken = *answer;
    spoken.body = gw_front_str(error_json(exchange->req, error->code, error->message));
    gw_front_send(exchange, &spoken);
}

void gw_front_refuse(struct gw_front_exchange *exchange, const struct base_err *err)
{
    h2o_req_t *req = exchange->req;
    h2o_iovec_t body = error_json(req, err->code, err->message);
    struct gw_answer answer = {
        .http_status = gw_status_http(err->code),
        .reason = "Bad Request",
        .has_body = true,
        .content_type = BASE_STR("application/json"),
        .body = gw_front_str(body),
    };
    req->http1_is_persistent = 0;
    gw_front_send(exchange, &answer);
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
    default:
        return http_status < 500 ? BASE_INVALID_ARGUMENT : BASE_INTERNAL;
    }
}

/* What a front answers itself to such an error, or NULL. */
static const struct gw_answer *known_error(int http_status)
{
    return http_status == 413   ? &gw_answer_too_large
           : http_status == 503 ? &gw_front_overloaded
                                : NULL;
}

static void send_json(h2o_ostream_t *super, h2o_req_t *req, h2o_iovec_t *bodies, size_t count,
                      h2o_send_state_t state)
{
    struct json_error *self = BASE_CONTAINER_OF(super, struct json_error, super);
    (void)bodies;
    h2o_ostream_send_next(super, req, &self->body, count > 0 ? 1 : 0, state);
}

/* Puts a JSON body in the place of the library's text. Returns the slot of what comes next. */
static h2o_ostream_t **replace_body(h2o_req_t *req, h2o_ostream_t **slot)
{
    struct json_error *stream = (void *)h2o_add_ostream(req, sizeof *stream, slot);
    const struct gw_answer *known = known_error(req->res.status);
    stream->super.do_send = send_json;
    stream->body = known != NULL
                       ? error_json(req, own_error_of(known)->code, own_error_of(known)->message)
                       : error_json(req, code_of(req->res.status), req->res.reason);
    for (size_t i = 0; known != NULL && i < known->header_count; i++) {
        add_header(req, &known->headers[i]);
    }
    req->res.content_length = stream->body.len;
    h2o_set_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE,
                   H2O_STRLIT("application/json"), 1);
    return &stream->super.next;
}

/* ---- Every answer ---- */

/* Adds what CORS has to say to the headers that the answer has already. */
static void add_cors(h2o_req_t *req, const struct gw_cors *cors)
{
    bool is_preflight = gw_front_preflight(req).method.len > 0;
    struct gw_front_headers answered = gw_front_headers(&req->res.headers);
    char list[GW_CORS_LIST_SIZE];
    struct gw_header headers[GW_CORS_ANSWER_HEADERS_MAX];
    size_t count = gw_cors_answer(cors, gw_front_header(req, BASE_STR("origin")),
                                  is_preflight ? NULL : &answered.source, list, headers);
    for (size_t i = 0; i < count; i++) {
        struct base_str name = headers[i].name;
        struct base_str value = headers[i].value;
        if (value.data == list) {
            value = gw_front_str(h2o_strdup(&req->pool, value.data, value.len));
        }
        h2o_add_header_by_str(&req->pool, &req->res.headers, name.data, name.len, 1, NULL,
                              value.data, value.len);
    }
}

void gw_front_on_setup(h2o_filter_t *self, h2o_req_t *req, h2o_ostream_t **slot)
{
    (void)self;
    struct gw_front_connection *connection = gw_front_connection_of(req);
    struct gw_front_exchange *exchange;
    base_role_assert_loop();
    if (req->_generator->proceed == proceed) {
        exchange = BASE_CONTAINER_OF(req->_generator, struct gw_front_exchange, generator);
    } else {
        exchange = gw_front_exchange_create(req);
        slot = replace_body(req, slot);
    }
    exchange->is_answered = true;
    if (exchange->request_id.len > 0) { /* the one that is logged, whatever the service says */
        h2o_set_header_by_str(&req->pool, &req->res.headers, H2O_STRLIT("x-request-id"), 0,
                              exchange->request_id.data, exchange->request_id.len, 1);
    }
    if (connection->loop->front->cors != NULL) {
        add_cors(req, connection->loop->front->cors);
    }
    if (gw_front_is_http1(req) && !req->http1_is_persistent &&
        (req->res.status >= 400 || connection->loop->phase != GW_FRONT_SERVING)) {
        gw_front_connection_linger(connection);
    }
    h2o_setup_next_ostream(req, slot);
}
