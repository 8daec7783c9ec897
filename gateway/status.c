/* Status: the body is written by hand, because nearly every error has no details; each detail is an
 * Any of its own, so that one that cannot be written as its type leaves the others alone.
 */
#include "gateway/status.h"

#include "base/base64.h"
#include "base/utf8.h"
#include "base/wire.h"

/* google.rpc.Status.details */
#define DETAILS_NUMBER 3

/* google.protobuf.Any */
enum { TYPE_URL_NUMBER = 1, VALUE_NUMBER = 2 };

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* Indexed by code; 499 is what proxies call a client that went away. */
static const short http_statuses[] = {
    [BASE_OK] = 200,
    [BASE_CANCELLED] = 499,
    [BASE_UNKNOWN] = 500,
    [BASE_INVALID_ARGUMENT] = 400,
    [BASE_DEADLINE_EXCEEDED] = 504,
    [BASE_NOT_FOUND] = 404,
    [BASE_ALREADY_EXISTS] = 409,
    [BASE_PERMISSION_DENIED] = 403,
    [BASE_RESOURCE_EXHAUSTED] = 429,
    [BASE_FAILED_PRECONDITION] = 400,
    [BASE_ABORTED] = 409,
    [BASE_OUT_OF_RANGE] = 400,
    [BASE_UNIMPLEMENTED] = 501,
    [BASE_INTERNAL] = 500,
    [BASE_UNAVAILABLE] = 503,
    [BASE_DATA_LOSS] = 500,
    [BASE_UNAUTHENTICATED] = 401,
};
_Static_assert(sizeof http_statuses / sizeof http_statuses[0] == BASE_CODE_COUNT,
               "every code has its HTTP status");

struct reason {
    int http_status;
    const char *text;
};

/* RFC 9110 section 15 and RFC 6585, and 499 as proxies write it. */
static const struct reason reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

int gw_status_http(enum base_code code)
{
    return (unsigned)code < BASE_CODE_COUNT ? http_statuses[code] : 500;
}

const char *gw_status_reason(int http_status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].http_status == http_status) {
            return reasons[i].text;
        }
    }
    return "Unknown";
}

static bool append_escaped(char c, struct base_buf *out)
{
    switch (c) {
    case '"':
    case '\\':
        return base_buf_append_char(out, '\\') && base_buf_append_char(out, c);
    case '\n':
        return base_buf_append(out, "\\n", 2);
    case '\r':
        return base_buf_append(out, "\\r", 2);
    case '\t':
        return base_buf_append(out, "\\t", 2);
    default:
        return base_buf_printf(out, "\\u%04x", (unsigned)c);
    }
}

/* Appends well-formed UTF-8 as the inside of a JSON string. */
static bool append_text(struct base_str text, struct base_buf *out)
{
    size_t plain = 0; /* where the bytes begin that stand for themselves */
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        if (!base_buf_append(out, text.data + plain, i - plain) ||
            !append_escaped(text.data[i], out)) {
            return false;
        }
        plain = i + 1;
    }
    return base_buf_append(out, text.data + plain, text.len - plain);
}

/* A message may quote what a client sent. */
bool gw_status_append_message(struct base_str message, struct base_buf *out)
{
    while (message.len > 0) {
        size_t valid = base_utf8_valid_len(message);
        if (!append_text(base_str_make(message.data, valid), out)) {
            return false;
        }
        if (valid == message.len) {
            return true;
        }
        if (!base_buf_append(out, REPLACEMENT, sizeof REPLACEMENT - 1)) {
            return false;
        }
        message = base_str_make(message.data + valid + 1, message.len - valid - 1);
    }
    return true;
}

static bool append_base64(struct base_str bytes, struct base_buf *out)
{
    size_t len = BASE_BASE64_ENCODED_BYTES(bytes.len);
    if (!base_buf_reserve(out, len)) {
        return false;
    }
    base_base64_encode(bytes, base_buf_end(out));
    out->len += len;
    return true;
}

/* Takes a packed Any apart; false when it is none. */
static bool read_any(struct base_str wire, struct base_str *out_url, struct base_str *out_value)
{
    struct base_wire_reader reader = base_wire_reader_make(wire);
    struct base_wire_record record;
    while (!base_wire_at_end(&reader)) {
        if (!base_wire_next(&reader, &record)) {
            return false;
        }
        if (record.number == TYPE_URL_NUMBER && record.type == BASE_WIRE_LEN) {
            *out_url = record.bytes;
        } else if (record.number == VALUE_NUMBER && record.type == BASE_WIRE_LEN) {
            *out_value = record.bytes;
        }
    }
    return out_url->len > 0;
}

/* Appends a packed Any as its type and its bytes. */
static bool append_opaque(struct base_str wire, struct base_buf *out)
{
    struct base_str url = {0};
    struct base_str value = {0};
    return read_any(wire, &url, &value) && base_buf_append_str(out, BASE_STR("{\"@type\":\"")) &&
           gw_status_append_message(url, out) &&
           base_buf_append_str(out, BASE_STR("\",\"value\":\"")) && append_base64(value, out) &&
           base_buf_append_str(out, BASE_STR("\"}"));
}

/* Appends one detail, a packed Any; leaves the buffer as it was when that cannot be. */
static void append_detail(const struct gw_message *any, struct base_str wire, bool is_first,
                          const struct gw_transcode_options *options, struct base_buf *out)
{
    size_t start = out->len;
    struct base_err ignored;
    if (!is_first && !base_buf_append_char(out, ',')) {
        return;
    }
    size_t comma = out->len;
    if (any != NULL && gw_wire_to_json(any, wire, options, out, &ignored)) {
        return;
    }
    out->len = comma;
    if (!append_opaque(wire, out)) {
        out->len = start;
    }
}

/* Appends the details of a packed google.rpc.Status, separated by commas. */
static void append_details(struct base_str status, const struct gw_transcode_options *options,
                           struct base_buf *out)
{
    const struct gw_message *any =
        gw_schema_message(options->schema, BASE_STR("google.protobuf.Any"));
    size_t start = out->len;
    struct base_wire_reader reader = base_wire_reader_make(status);
    struct base_wire_record record;
    while (!base_wire_at_end(&reader) && base_wire_next(&reader, &record)) {
        if (record.number == DETAILS_NUMBER && record.type == BASE_WIRE_LEN) {
            append_detail(any, record.bytes, out->len == start, options, out);
        }
    }
}

static bool append_body(enum base_code code, struct base_str message, struct base_str details,
                        const struct gw_transcode_options *options, struct base_buf *out)
{
    if (!base_buf_printf(out, "{\"code\":%d,\"message\":\"", (int)code) ||
        !gw_status_append_message(message, out) ||
        !base_buf_append_str(out, BASE_STR("\",\"details\":["))) {
        return false;
    }
    if (details.len > 0) {
        append_details(details, options, out);
    }
    return base_buf_append_str(out, BASE_STR("]}"));
}

void gw_status_to_json(enum base_code code, struct base_str message, struct base_str details,
                       const struct gw_transcode_options *options, struct base_buf *out)
{
    size_t start = out->len;
    struct gw_transcode_options compact = *options;
    compact.indent = 0;
    if (append_body(code, message, details, &compact, out) &&
        (options->indent == 0 || gw_json_indent(out, start, options->indent))) {
        return;
    }
    /* Too large for the buffer: what says most goes in, the code. */
    out->len = start;
    if (!append_body(code, BASE_STR(""), (struct base_str){0}, options, out)) {
        out->len = start;
    }
}
