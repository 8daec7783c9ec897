/* Pages: what a list method is asked for, and the token that goes on from a page.
 *
 * A token is the key of the last document of a page in base64url (RFC 4648 section 5, unpadded):
 * opaque to callers, good for as long as keys are, whatever was added or removed meanwhile. Tokens
 * come back from outside and are checked as any input. Number keys are those of 0 to 10^18 - 1. Any
 * thread.
 */
#ifndef SERVER_PAGE_H
#define SERVER_PAGE_H

#include "server/store.h"

struct srv_page_request {
    size_t limit;         /* 1 to SRV_STORE_LIST_MAX */
    bool has_after;       /* false: from the start */
    struct srv_key after; /* its text lives as long as the call */
};

/* Reads the page_size and page_token of a request for documents with keys of `kind`. A size of 0
 * is `limit_default`, one over SRV_STORE_LIST_MAX is that. Fails with INVALID_ARGUMENT on a
 * negative size and on a token that srv_page_token cannot have made. */
bool srv_page_request_read(struct rpc_context *ctx, int32_t page_size, const char *page_token,
                           enum srv_key_kind kind, size_t limit_default,
                           struct srv_page_request *out_request,
                           struct base_err *err) BASE_MUST_CHECK;

/* Gives the token of the page behind `page`, "" when it is the last; lives as long as the call.
 * INTERNAL where there is nothing on the page to go on from. */
bool srv_page_token(struct rpc_context *ctx, const struct srv_page *page, char **out_token,
                    struct base_err *err) BASE_MUST_CHECK;

#endif
