#include "gateway/admin_dialect.h"

#include "base/digest.h"
#include "gateway/desk.h"
#include "gateway/loopback.h"
#include "gateway/status.h"

/* ---- Errors ---- */

/* The exceptions of the service's model (botocore: apigateway 2015-07-09) by code. */
static const char *const exceptions[BASE_CODE_COUNT] = {
    [BASE_OK] = "InternalFailure",
    [BASE_CANCELLED] = "InternalFailure",
    [BASE_UNKNOWN] = "InternalFailure",
    [BASE_INVALID_ARGUMENT] = "BadRequestException",
    [BASE_DEADLINE_EXCEEDED] = "ServiceUnavailableException",
    [BASE_NOT_FOUND] = "NotFoundException",
    [BASE_ALREADY_EXISTS] = "ConflictException",
    [BASE_PERMISSION_DENIED] = "ForbiddenException",
    [BASE_RESOURCE_EXHAUSTED] = "LimitExceededException",
    [BASE_FAILED_PRECONDITION] = "BadRequestException",
    [BASE_ABORTED] = "ConflictException",
    [BASE_OUT_OF_RANGE] = "BadRequestException",
    [BASE_UNIMPLEMENTED] = "BadRequestException",
    [BASE_INTERNAL] = "InternalFailure",
    [BASE_UNAVAILABLE] = "ServiceUnavailableException",
    [BASE_DATA_LOSS] = "InternalFailure",
    [BASE_UNAUTHENTICATED] = "UnauthorizedException",
};

static struct gw_header write_error(const struct gw_dialect *self, enum base_code code,
                                    struct base_str message, struct base_buf *out)
{
    (void)self;
    size_t start = out->len;
    if (!base_buf_append_str(out, BASE_STR("{\"message\":\"")) ||
        !gw_status_append_message(message, out) || !base_buf_append_str(out, BASE_STR("\"}"))) {
        out->len = start;
    }
    enum base_code known = (unsigned)code < BASE_CODE_COUNT ? code : BASE_UNKNOWN;
    return (struct gw_header){BASE_STR("x-amzn-errortype"), base_str_of(exceptions[known])};
}

/* ---- Headers ---- */

/* A request's headers, read once and given again. */
struct header_list {
    struct gw_header_source source;
    struct gw_header headers[GW_SIGV4_HEADERS_MAX];
    size_t count;
    size_t next;
};

static bool next_header(struct gw_header_source *source, struct gw_header *out_header)
{
    struct header_list *list = (struct header_list *)source;
    if (list->next == list->count) {
        return false;
    }
    *out_header = list->headers[list->next++];
    return true;
}

/* Reads the exchange's headers into a list that takes their place. */
static struct header_list *read_headers(struct gw_exchange *exchange, struct base_arena *arena,
                                        struct base_err *err)
{
    struct header_list *list = base_arena_calloc(arena, sizeof *list);
    struct gw_header header;
    if (list == NULL) {
        base_err_set(err, BASE_RESOURCE_EXHAUSTED, "the request's headers are too large");
        return NULL;
    }
    list->source.next = next_header;
    while (exchange->headers->next(exchange->headers, &header)) {
        if (list->count == GW_SIGV4_HEADERS_MAX) {
            base_err_set(err, BASE_INVALID_ARGUMENT, "more than %d headers", GW_SIGV4_HEADERS_MAX);
            return NULL;
        }
        list->headers[list->count++] = header;
    }
    exchange->headers = &list->source;
    return list;
}

static struct base_str find_header(const struct header_list *list, struct base_str name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (base_str_eq(list->headers[i].name, name)) {
            return list->headers[i].value;
        }
    }
    return (struct base_str){0};
}

/* ---- Who may call ---- */

static bool admit_local(const struct gw_exchange *exchange, const struct header_list *headers,
                        struct base_err *err)
{
    if (!gw_loopback_has(exchange->hop.authority)) {
        return base_err_set(err, BASE_PERMISSION_DENIED,
                            "without credentials the admin listener is called by a name of "
                            "loopback, such as localhost");
    }
    return find_header(headers, BASE_STR("origin")).len == 0 ||
           base_err_set(err, BASE_PERMISSION_DENIED,
                        "without credentials the admin listener takes no request of a web page");
}

/* Digests are compared, so that the time tells nothing of the token's length either. */
static bool is_token(struct base_str given, struct base_str token)
{
    uint8_t a[BASE_DIGEST_BYTES];
    uint8_t b[BASE_DIGEST_BYTES];
    base_sha256(given, a);
    base_sha256(token, b);
    return base_secret_eq(a, b, sizeof a);
}

static bool admit_signed(const struct gw_admin_dialect *dialect, const struct gw_exchange *exchange,
                         const struct header_list *headers, struct base_str authorization,
                         struct base_err *err)
{
    const struct gw_sigv4_request request = {
        .method = exchange->method,
        .raw_path = exchange->raw_path,
        .raw_query = exchange->raw_query,
        .authority = exchange->hop.authority,
        .body = exchange->body,
        .headers = headers->headers,
        .header_count = headers->count,
    };
    int64_t now_s = dialect->clock->unix_ns(dialect->clock) / BASE_NS_PER_S;
    return gw_sigv4_verify(&dialect->key, &request, authorization, now_s, err);
}

static bool admit(const struct gw_admin_dialect *dialect, const struct gw_exchange *exchange,
                  const struct header_list *headers, struct base_err *err)
{
    if (dialect->key.id.len == 0 && dialect->token.len == 0) {
        return admit_local(exchange, headers, err);
    }
    struct base_str authorization = find_header(headers, BASE_STR("authorization"));
    struct base_str bearer = BASE_STR("Bearer ");
    if (dialect->key.id.len > 0 && gw_sigv4_applies(authorization)) {
        return admit_signed(dialect, exchange, headers, authorization, err);
    }
    if (dialect->token.len > 0 && authorization.len > bearer.len &&
        base_str_eq_nocase(base_str_make(authorization.data, bearer.len), bearer)) {
        struct base_str given = {authorization.data + bearer.len, authorization.len - bearer.len};
        return is_token(base_str_trim(given), dialect->token) ||
               base_err_set(err, BASE_UNAUTHENTICATED, "the bearer token is not the right one");
    }
    return base_err_set(err, BASE_UNAUTHENTICATED, "the admin listener needs credentials: %s%s%s",
                        dialect->key.id.len > 0 ? "an AWS Signature Version 4" : "",
                        dialect->key.id.len > 0 && dialect->token.len > 0 ? " or " : "",
                        dialect->token.len > 0 ? "a bearer token" : "");
}

/* ---- Import ---- */

/* Takes the parameter mode=import out of the query: what is left goes by a path of its own. */
static bool route_import(struct gw_exchange *exchange, struct base_arena *arena,
                         struct base_err *err)
{
    struct base_str wanted = BASE_STR("mode=import");
    struct base_str rest = exchange->raw_query;
    char *kept = base_arena_alloc(arena, rest.len + 1);
    size_t kept_len = 0;
    bool imports = false;
    if (kept == NULL) {
        return base_err_set(err, BASE_RESOURCE_EXHAUSTED, "the query is too long");
    }
    for (size_t at = 0; at < rest.len;) {
        const char *end = memchr(rest.data + at, '&', rest.len - at);
        size_t len = end == NULL ? rest.len - at : (size_t)(end - rest.data) - at;
        struct base_str pair = {rest.data + at, len};
        at += len + 1;
        if (base_str_eq(pair, wanted)) {
            imports = true;
            continue;
        }
        if (kept_len > 0) {
            kept[kept_len++] = '&';
        }
        memcpy(kept + kept_len, pair.data, pair.len);
        kept_len += pair.len;
    }
    if (imports) {
        exchange->raw_path = BASE_STR("/apikeys:import");
        exchange->raw_query = base_str_make(kept, kept_len);
    }
    return true;
}

/* ---- The dialect ---- */

static bool receive(const struct gw_dialect *self, struct gw_exchange *exchange,
                    struct base_arena *arena, struct base_err *err)
{
    const struct gw_admin_dialect *dialect = (const struct gw_admin_dialect *)self;
    const struct header_list *headers = read_headers(exchange, arena, err);
    if (headers == NULL || !admit(dialect, exchange, headers, err)) {
        return false;
    }
    bool may_import = base_str_eq(exchange->method, BASE_STR("POST")) &&
                      base_str_eq(exchange->raw_path, BASE_STR("/apikeys"));
    return !may_import || route_import(exchange, arena, err);
}

void gw_admin_dialect_init(struct gw_admin_dialect *dialect, const struct base_clock *clock,
                           struct gw_sigv4_key key, struct base_str token)
{
    *dialect = (struct gw_admin_dialect){
        .dialect = {.receive = receive, .write_error = write_error},
        .clock = clock,
        .key = key,
        .token = token,
    };
}
