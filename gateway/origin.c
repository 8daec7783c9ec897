#include "gateway/origin.h"

#include <stdint.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define LABEL_CHARACTERS LOWER DIGITS "-_"
#define WILDCARD_LABEL "*."

/* Bytes of "65535". */
#define PORT_DIGITS_MAX 5

struct parts {
    struct base_str scheme;
    struct base_str host;
    struct base_str port; /* empty without one */
    bool has_port;
};

static bool is_all_of(struct base_str text, const char *characters)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\0' || strchr(characters, text.data[i]) == NULL) {
            return false;
        }
    }
    return text.len > 0;
}

static bool refuse(struct base_str text, const char *reason, struct base_err *err)
{
    return base_err_set(err, BASE_INVALID_ARGUMENT, "origin \"%.*s\": %s", BASE_STR_ARGS(text),
                        reason);
}

/* Cuts scheme://host:port where the marks stand; each part is still to be checked. */
static bool cut(struct base_str text, struct parts *out, struct base_err *err)
{
    const char *mark = memmem(text.data, text.len, "://", 3);
    if (mark == NULL) {
        return refuse(text, "expected scheme://host, as in https://app.example.com", err);
    }
    out->scheme = base_str_make(text.data, (size_t)(mark - text.data));
    struct base_str rest = base_str_make(mark + 3, text.len - out->scheme.len - 3);
    const char *bracket = memrchr(rest.data, ']', rest.len);
    const char *colon = memrchr(rest.data, ':', rest.len);
    out->has_port = colon != NULL && (bracket == NULL || bracket < colon);
    out->host = out->has_port ? base_str_make(rest.data, (size_t)(colon - rest.data)) : rest;
    out->port = out->has_port ? base_str_make(colon + 1, rest.len - out->host.len - 1)
                              : (struct base_str){0};
    return true;
}

static bool is_ipv6(struct base_str host)
{
    return host.len > 4 && host.data[0] == '[' && host.data[host.len - 1] == ']' &&
           is_all_of(base_str_make(host.data + 1, host.len - 2), DIGITS "abcdef:");
}

/* Labels with single dots between them. */
static bool is_name(struct base_str host)
{
    return is_all_of(host, LABEL_CHARACTERS ".") && host.data[0] != '.' &&
           host.data[host.len - 1] != '.' && memmem(host.data, host.len, "..", 2) == NULL;
}

static bool is_default_port(const struct parts *parts)
{
    return (base_str_eq(parts->scheme, BASE_STR("http")) &&
            base_str_eq(parts->port, BASE_STR("80"))) ||
           (base_str_eq(parts->scheme, BASE_STR("https")) &&
            base_str_eq(parts->port, BASE_STR("443")));
}

static bool is_port(struct base_str port)
{
    if (!is_all_of(port, DIGITS) || port.data[0] == '0' || port.len > PORT_DIGITS_MAX) {
        return false;
    }
    unsigned number = 0;
    for (size_t i = 0; i < port.len; i++) {
        number = number * 10 + (unsigned)(port.data[i] - '0');
    }
    return number <= UINT16_MAX;
}

static bool check_parts(struct base_str text, const struct parts *parts, struct base_err *err)
{
    if (!is_all_of(parts->scheme, LOWER DIGITS "+-.")) {
        return refuse(text, "expected a scheme in lower case, as in https://app.example.com", err);
    }
    if (memchr(parts->host.data, '*', parts->host.len) != NULL) {
        return refuse(text,
                      "\"*\" stands for the whole first label of a host only, "
                      "as in https://*.example.com",
                      err);
    }
    if (memchr(text.data + parts->scheme.len + 3, '/', text.len - parts->scheme.len - 3) != NULL) {
        return refuse(text, "an origin ends with its host or port, without \"/\" or a path", err);
    }
    if (!is_ipv6(parts->host) && !is_name(parts->host)) {
        return refuse(text,
                      "expected a host as browsers write it: in lower case, "
                      "and in its xn-- form where it is not ASCII",
                      err);
    }
    if (parts->has_port && !is_port(parts->port)) {
        return refuse(text, "expected a port from 1 to 65535", err);
    }
    return !is_default_port(parts) ||
           refuse(text, "browsers leave out the port that is the scheme's own", err);
}

bool gw_origin_parse(struct base_str text, struct gw_origin *out_origin, struct base_err *err)
{
    if (base_str_eq(text, BASE_STR("null"))) {
        *out_origin = (struct gw_origin){.before = text};
        return true;
    }
    struct parts parts;
    if (!cut(text, &parts, err)) {
        return false;
    }
    struct base_str wildcard = BASE_STR(WILDCARD_LABEL);
    bool has_wildcard = base_str_starts_with(parts.host, wildcard);
    const char *host = parts.host.data;
    if (has_wildcard) {
        parts.host = base_str_make(host + wildcard.len, parts.host.len - wildcard.len);
    }
    if (!check_parts(text, &parts, err)) {
        return false;
    }
    size_t before_len = has_wildcard ? (size_t)(host - text.data) : text.len;
    size_t after_at = has_wildcard ? before_len + 1 : text.len;
    *out_origin = (struct gw_origin){
        .has_wildcard = has_wildcard,
        .before = base_str_make(text.data, before_len),
        .after = base_str_make(text.data + after_at, text.len - after_at),
    };
    return true;
}

bool gw_origin_matches(const struct gw_origin *pattern, struct base_str origin)
{
    if (!pattern->has_wildcard) {
        return base_str_eq(pattern->before, origin);
    }
    size_t fixed = pattern->before.len + pattern->after.len;
    return origin.len > fixed && base_str_starts_with(origin, pattern->before) &&
           base_str_ends_with(origin, pattern->after) &&
           is_all_of(base_str_make(origin.data + pattern->before.len, origin.len - fixed),
                     LABEL_CHARACTERS);
}
