/* Scan: a page of those documents of a collection that a caller wants.
 *
 * A store lists by key alone; a scan reads on, list by list, until it has a page's worth or the
 * collection ends, so its cost is that of what it passes over. What it passes over takes no memory
 * of the call. Any thread that may block.
 */
#ifndef SERVER_SCAN_H
#define SERVER_SCAN_H

#include "server/store.h"

struct srv_scan {
    const struct srv_collection *collection;
    const struct srv_key *after; /* NULL: from the start */
    size_t limit;                /* from 1 to SRV_STORE_LIST_MAX */
    /* Whether the page shall have this document; NULL: every one. */
    bool (*wants)(const struct srv_scan *self, const ProtobufCMessage *message);
};

/* Gives the page, which lives as long as the call. has_more tells that documents come after it,
 * wanted or not. Fails as the store does. */
bool srv_scan_run(const struct srv_scan *scan, struct srv_store *store, struct rpc_context *ctx,
                  struct srv_page *out_page, struct base_err *err) BASE_MUST_CHECK;

#endif
