/* Read cache: answers a thread has lately read, by the question they answer.
 *
 * Bytes in, bytes out. It holds SRV_READ_CACHE_SLOTS answers, forgets all at once, and never more
 * than its maximum of bytes. It knows nothing of freshness: its owner calls forget when what it
 * read may have changed. One thread at a time.
 */
#ifndef SERVER_READ_CACHE_H
#define SERVER_READ_CACHE_H

#include "server/store.h"

/* Bytes of all answers with their questions, and of one answer. */
#define SRV_READ_CACHE_BYTES_MAX (size_t)(4 * 1024 * 1024)
#define SRV_READ_CACHE_ANSWER_BYTES_MAX (size_t)(64 * 1024)

/* Answers, and how many of them a question may displace one of. */
#define SRV_READ_CACHE_SLOTS 4096
#define SRV_READ_CACHE_WAYS 4

/* A document by its key, or a page after a key. */
struct srv_read_question {
    const struct srv_collection *collection;
    size_t limit; /* of a page; 0 asks for the document */
    struct srv_key key;
    bool from_start; /* a page that comes after no key; `key` is zero */
};

struct srv_read_entry;

struct srv_read_cache {
    struct srv_read_entry *slots[SRV_READ_CACHE_SLOTS];
    size_t used_bytes;
    uint64_t generation;
    unsigned turn; /* which way of a full set gives way next */
};

/* Starts an empty cache. */
void srv_read_cache_init(struct srv_read_cache *cache);
void srv_read_cache_dispose(struct srv_read_cache *cache);

/* Forgets every answer; takes no time and keeps the memory for the next ones. */
void srv_read_cache_forget(struct srv_read_cache *cache);

/* Finds an answer, borrowed until the next put or dispose. */
bool srv_read_cache_find(const struct srv_read_cache *cache,
                         const struct srv_read_question *question, struct base_str *out_answer);

/* Copies an answer in, unless it is larger than one may be. */
void srv_read_cache_put(struct srv_read_cache *cache, const struct srv_read_question *question,
                        struct base_str answer);

#endif
