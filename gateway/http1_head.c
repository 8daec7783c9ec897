#include "gateway/http1_head.h"

struct head {
    bool is_1_0;
    unsigned hosts;
    unsigned content_lengths;
    unsigned transfer_encodings;
};

static bool refuse(struct base_err *err, const char *reason)
{
    return base_err_set(err, BASE_INVALID_ARGUMENT, "malformed HTTP request: %s", reason);
}

/* Takes the next line, without its CR LF, off the front of `rest`. */
static bool take_line(struct base_str *rest, struct base_str *out_line, struct base_err *err)
{
    const char *lf = memchr(rest->data, '\n', rest->len);
    if (lf == NULL) {
        return refuse(err, "the head does not end");
    }
    size_t len = (size_t)(lf - rest->data);
    if (len == 0 || lf[-1] != '\r') {
        return refuse(err, "a line ends in LF without CR");
    }
    *out_line = base_str_make(rest->data, len - 1);
    *rest = base_str_make(lf + 1, rest->len - len - 1);
    return true;
}

static bool is_digits(struct base_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] < '0' || s.data[i] > '9') {
            return false;
        }
    }
    return s.len > 0;
}

static bool note_field(struct head *head, struct base_str name, struct base_str value,
                       struct base_err *err)
{
    switch (name.len) {
    case sizeof "host" - 1:
        head->hosts += base_str_eq_nocase(name, BASE_STR("host"));
        return true;
    case sizeof "content-length" - 1:
        if (base_str_eq_nocase(name, BASE_STR("content-length"))) {
            head->content_lengths++;
            return is_digits(base_str_trim(value)) || refuse(err, "Content-Length is not a number");
        }
        return true;
    case sizeof "transfer-encoding" - 1:
        if (base_str_eq_nocase(name, BASE_STR("transfer-encoding"))) {
            head->transfer_encodings++;
            return base_str_eq_nocase(base_str_trim(value), BASE_STR("chunked")) ||
                   refuse(err, "Transfer-Encoding is not chunked");
        }
        return true;
    default:
        return true;
    }
}

static bool read_field(struct head *head, struct base_str line, struct base_err *err)
{
    if (line.data[0] == ' ' || line.data[0] == '\t') {
        return refuse(err, "a header is folded over two lines");
    }
    const char *colon = memchr(line.data, ':', line.len);
    if (colon == NULL) {
        return refuse(err, "a header has no colon");
    }
    size_t len = (size_t)(colon - line.data);
    return note_field(head, base_str_make(line.data, len),
                      base_str_make(colon + 1, line.len - len - 1), err);
}

static bool check_framing(const struct head *head, struct base_err *err)
{
    if (head->content_lengths > 0 && head->transfer_encodings > 0) {
        return refuse(err, "both Content-Length and Transfer-Encoding");
    }
    if (head->content_lengths > 1) {
        return refuse(err, "Content-Length more than once");
    }
    if (head->transfer_encodings > 1) {
        return refuse(err, "Transfer-Encoding more than once");
    }
    if (head->transfer_encodings > 0 && head->is_1_0) {
        return refuse(err, "Transfer-Encoding in HTTP/1.0");
    }
    if (head->hosts > 1 || (head->hosts == 0 && !head->is_1_0)) {
        return refuse(err, "exactly one Host is needed");
    }
    return true;
}

bool gw_http1_head_check(struct base_str input, struct base_err *err)
{
    struct base_str rest = input;
    struct base_str line;
    /* One empty line before the request is ignored (RFC 9112 section 2.2). */
    if (base_str_starts_with(rest, BASE_STR("\r\n"))) {
        rest = base_str_make(rest.data + 2, rest.len - 2);
    }
    if (!take_line(&rest, &line, err)) {
        return false;
    }
    struct head head = {.is_1_0 = base_str_ends_with(line, BASE_STR(" HTTP/1.0"))};
    while (take_line(&rest, &line, err)) {
        if (line.len == 0) {
            return check_framing(&head, err);
        }
        if (!read_field(&head, line, err)) {
            return false;
        }
    }
    return false;
}
