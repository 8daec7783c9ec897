#include "gateway/head.h"

#include "base/clock.h"
#include "gateway/headers.h"
#include "gateway/media_type.h"

/* What one pass over the headers collects. */
struct reading {
    struct gw_head head;
    struct base_str forwarded_for;
    bool has_forwarded_host;
};

/* Where the value of a header goes that the gateway acts on; NULL for any other. */
static struct base_str *slot_of(struct reading *reading, struct base_str name)
{
    switch (name.len) {
    case sizeof "x-api-key" - 1:
        return base_str_eq(name, BASE_STR("x-api-key")) ? &reading->head.api_key : NULL;
    case sizeof "content-type" - 1:
        return base_str_eq(name, BASE_STR("content-type"))   ? &reading->head.content_type
               : base_str_eq(name, BASE_STR("grpc-timeout")) ? &reading->head.grpc_timeout
                                                             : NULL;
    case sizeof "content-encoding" - 1:
        return base_str_eq(name, BASE_STR("content-encoding"))   ? &reading->head.content_encoding
               : base_str_eq(name, BASE_STR("x-server-timeout")) ? &reading->head.server_timeout
                                                                 : NULL;
    default:
        return NULL;
    }
}

/* Keeps what the gateway acts on. A second line of such a header is refused, and the first is not
 * acted on either: what checked the request before this may have read the one or the other. */
static bool keep(const struct gw_header *header, struct base_str *slot, struct base_err *err)
{
    if (slot->data != NULL) {
        *slot = BASE_STR("");
        return base_err_set(err, BASE_INVALID_ARGUMENT, "header %.*s is there more than once",
                            BASE_STR_ARGS(header->name));
    }
    *slot = header->value;
    return true;
}

/* "before, next", or the one of them there is: several lines are one list (RFC 9110
 * section 5.3). */
static bool join_chain(struct base_str before, struct base_str next, struct base_arena *arena,
                       struct base_str *out_chain, struct base_err *err)
{
    if (before.len == 0 || next.len == 0) {
        *out_chain = before.len == 0 ? next : before;
        return true;
    }
    size_t len = before.len + 2 + next.len;
    char *text = base_arena_alloc(arena, len);
    if (text == NULL) {
        return base_err_set(err, BASE_RESOURCE_EXHAUSTED, "the request's headers are too large");
    }
    memcpy(text, before.data, before.len);
    memcpy(text + before.len, ", ", 2);
    memcpy(text + before.len + 2, next.data, next.len);
    *out_chain = base_str_make(text, len);
    return true;
}

static bool add_forwarded(const struct reading *reading, const struct gw_hop *hop,
                          struct base_arena *arena, struct rpc_metadata *metadata,
                          struct base_err *err)
{
    struct base_str chain;
    if (!join_chain(reading->forwarded_for, hop->peer, arena, &chain, err)) {
        return false;
    }
    if (chain.len > 0 &&
        !gw_headers_to_metadata(BASE_STR("x-forwarded-for"), chain, arena, metadata, err)) {
        return false;
    }
    return reading->has_forwarded_host || hop->authority.len == 0 ||
           gw_headers_to_metadata(BASE_STR("x-forwarded-host"), hop->authority, arena, metadata,
                                  err);
}

/* Reads a header that is no x-forwarded-for. */
static bool read_header(struct reading *reading, const struct gw_header *header,
                        struct base_arena *arena, struct rpc_metadata *metadata,
                        struct base_err *err)
{
    struct base_str *slot = slot_of(reading, header->name);
    reading->has_forwarded_host |= base_str_eq(header->name, BASE_STR("x-forwarded-host"));
    if (slot != NULL && !keep(header, slot, err)) {
        return false;
    }
    bool goes_on = slot == NULL || slot == &reading->head.content_type;
    return !goes_on || gw_headers_to_metadata(header->name, header->value, arena, metadata, err);
}

bool gw_head_read(struct gw_header_source *source, const struct gw_hop *hop,
                  struct base_arena *arena, struct rpc_metadata *metadata, struct gw_head *out_head,
                  struct base_err *err)
{
    struct reading reading = {0};
    struct gw_header header;
    bool fine = true;
    while (source->next(source, &header)) {
        if (base_str_eq(header.name, BASE_STR("x-forwarded-for"))) {
            fine = fine && join_chain(reading.forwarded_for, header.value, arena,
                                      &reading.forwarded_for, err);
        } else {
            fine = read_header(&reading, &header, arena, metadata, err) && fine;
        }
    }
    *out_head = reading.head;
    return fine && add_forwarded(&reading, hop, arena, metadata, err);
}

const char *gw_head_refuses_body(const struct gw_head *head, bool is_raw)
{
    struct base_str encoding = head->content_encoding;
    bool is_plain = encoding.len == 0 || base_str_eq_nocase(encoding, BASE_STR("identity"));
    if (is_raw) {
        return is_plain ? NULL : "the body must come without a Content-Encoding";
    }
    bool is_json = head->content_type.len == 0 || gw_media_type_is_json(head->content_type);
    return is_plain && is_json
               ? NULL
               : "the body must be application/json in UTF-8, without a Content-Encoding";
}

bool gw_head_timeout(const struct gw_head *head, int64_t *out_timeout_ns, struct base_err *err)
{
    int64_t grpc_ns = INT64_MAX;
    int64_t server_ns = INT64_MAX;
    if (head->grpc_timeout.len > 0 && !gw_headers_grpc_timeout(head->grpc_timeout, &grpc_ns, err)) {
        return false;
    }
    if (head->server_timeout.len > 0 &&
        !gw_headers_server_timeout(head->server_timeout, &server_ns, err)) {
        return false;
    }
    int64_t sooner_ns = grpc_ns < server_ns ? grpc_ns : server_ns;
    *out_timeout_ns = sooner_ns == INT64_MAX ? GW_TIMEOUT_MS_DEFAULT * BASE_NS_PER_MS : sooner_ns;
    return true;
}
