/* MongoDB list: a page of documents in the order of their keys.
 *
 * MongoDB bounds a reply by documents, a page is bounded by bytes, too. So a command asks for no
 * more documents than fit the page if they are as large as those that were read last; where they
 * turn out smaller, another command asks for more. Any thread that may block.
 */
#ifndef SERVER_STORE_MONGO_LIST_H
#define SERVER_STORE_MONGO_LIST_H

#include "server/store_mongo_command.h"

/* Documents that are asked for where nothing is known of their size: a page of 100, and one to know
 * whether there are more. */
#define SRV_MONGO_LIST_FIRST 101

/* What the documents of each collection were long on the average, when last read, in bytes; 0 when
 * it is not known. A hint: collections may share a place. Zero to begin with. */
struct srv_mongo_sizes {
    atomic_uint mean[16];
};

/* As srv_store_list, of at->collection. */
bool srv_mongo_list(struct srv_mongo_target *at, struct srv_mongo_sizes *sizes,
                    const struct srv_key *after, size_t limit, struct srv_page *out_page,
                    struct base_err *err) BASE_MUST_CHECK;

#endif
