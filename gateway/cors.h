/* CORS: which pages of other origins may call from a browser, and what they may see.
 *
 * The server's half of https://fetch.spec.whatwg.org/#http-cors-protocol. A preflight, which a
 * browser sends before what a plain form could not, is answered by the gateway alone: with the
 * methods that the path has, the headers that may be sent, and how long that may be remembered. It
 * needs no key and reaches no service. Every other answer, a refusal as much as any, tells an
 * allowed page's browser that the page may read it; a page that is not allowed gets no CORS header
 * at all, and its browser keeps the answer from it. Nothing else is refused for its origin: CORS
 * protects the people in front of browsers, not the server.
 *
 * The origin is echoed with Vary: Origin; where any may call, the answer is "*" for all alike, a
 * request without an origin included, so that a cache may give it to anyone. Services cannot answer
 * headers of CORS (gateway/headers.h keeps them apart), so what is said here is all that is said.
 *
 * Made at start-up, then constant: any thread may ask. Asking allocates nothing.
 */
#ifndef GATEWAY_CORS_H
#define GATEWAY_CORS_H

#include "gateway/head.h"

/* Origins, and names of headers of either kind. */
#define GW_CORS_ORIGINS_MAX 64
#define GW_CORS_NAMES_MAX 64

/* Bytes of a list of header names, as it stands in an answer. Of names that come with a request or
 * from a service, those beyond are left out. */
#define GW_CORS_LIST_SIZE 1024

/* Days are more than any browser keeps to: Chromium two hours, Firefox one day. */
#define GW_CORS_MAX_AGE_S_MAX (24 * 60 * 60)

/* Headers of an answer, and of one to a preflight besides. */
#define GW_CORS_ANSWER_HEADERS_MAX 4
#define GW_CORS_PREFLIGHT_HEADERS_MAX 3

/* The texts are borrowed and must outlive what is made of them. The name of a header is a token, or
 * one that ends in "*" for all that begin so, or "*". */
struct gw_cors_config {
    const char *const *origins; /* patterns (gateway/origin.h), or "*" */
    size_t origin_count;
    const char *const *headers; /* that a request may have; none: those the gateway acts on */
    size_t header_count;
    const char *const *exposed; /* that a page may read of an answer; none: all */
    size_t exposed_count;
    bool credentials; /* pages may call with cookies and HTTP authentication */
    int max_age_s;    /* how long a preflight's answer holds, up to GW_CORS_MAX_AGE_S_MAX */
};

/* What a preflight asks. Borrowed from the request. */
struct gw_preflight {
    struct base_str origin;
    struct base_str method;  /* Access-Control-Request-Method; empty: the request is none */
    struct base_str headers; /* Access-Control-Request-Headers, a list with commas */
};

struct gw_cors;

/* Returns owned the policy. NULL with INVALID_ARGUMENT for a name or an origin that cannot be, too
 * many, and for credentials where any site could be the page's: with "*" and with "null". */
struct gw_cors *gw_cors_create(const struct gw_cors_config *config, struct base_err *err);

/* Accepts NULL. */
void gw_cors_destroy(struct gw_cors *cors);

/* Whether pages of `origin`, a request's Origin header, may call; empty is none and may not. */
bool gw_cors_allows(const struct gw_cors *cors, struct base_str origin);

/* Writes the headers that every answer to a request of `origin` (empty without one) has, and
 * returns how many. `answered` are the headers that the answer has already, or NULL for that to a
 * preflight; `list` is memory for their names. All values borrow from the policy, `origin` or
 * `list`. */
size_t gw_cors_answer(const struct gw_cors *cors, struct base_str origin,
                      struct gw_header_source *answered, char list[GW_CORS_LIST_SIZE],
                      struct gw_header out[GW_CORS_ANSWER_HEADERS_MAX]);

/* Writes the headers of a preflight's answer that say what may be sent, and returns how many: none
 * to an origin that may not call. `methods` are those of the path, or empty when it has none: the
 * one asked for is then let through, so that the page sees its 404. All values borrow from the
 * policy, the preflight, `methods` or `list`. */
size_t gw_cors_preflight(const struct gw_cors *cors, const struct gw_preflight *preflight,
                         struct base_str methods, char list[GW_CORS_LIST_SIZE],
                         struct gw_header out[GW_CORS_PREFLIGHT_HEADERS_MAX]);

#endif
