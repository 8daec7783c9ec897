/* Store: documents, each a protobuf message under a key.
 *
 * A collection holds messages of one type. One document is the unit of truth: every operation reads
 * or changes one document (or one counter) atomically and there are no transactions over several.
 * All operations may block, save `get` and `list` of a store whose trait inline_reads is set. When
 * a change returns true it is durable. Messages a store hands out live in the context's arena.
 *
 * Errors any operation may give besides its own: UNAVAILABLE (the store is down or too busy),
 * DEADLINE_EXCEEDED and CANCELLED (from the context), RESOURCE_EXHAUSTED (document or arena too
 * large), DATA_LOSS (a stored document does not decode), INVALID_ARGUMENT (a key or the name of a
 * counter is too long). After UNAVAILABLE or DEADLINE_EXCEEDED from a change it is not known
 * whether it was made. Any thread.
 */
#ifndef SERVER_STORE_H
#define SERVER_STORE_H

#include "rpc/context.h"

/* Documents of one list, and bytes after which a list ends early (a document is never cut). */
#define SRV_STORE_LIST_MAX 1000
#define SRV_STORE_LIST_BYTES_MAX (size_t)(3 * 1024 * 1024)

/* Bytes of one packed document. */
#define SRV_STORE_DOCUMENT_BYTES_MAX (size_t)(4 * 1024 * 1024)

/* Bytes of a text key, which is UTF-8, and of the name of a counter. */
#define SRV_STORE_KEY_BYTES_MAX 256

enum srv_key_kind { SRV_KEY_TEXT, SRV_KEY_NUMBER };

/* Ordered by number, or by bytes. */
struct srv_key {
    enum srv_key_kind kind;
    int64_t number;
    struct base_str text;
};

/* Static and constant; its name is a [a-z_]+ of at most 32 bytes. */
struct srv_collection {
    const char *name;
    enum srv_key_kind key_kind;
    const ProtobufCMessageDescriptor *type;
};

struct srv_document {
    struct srv_key key;
    ProtobufCMessage *message;
};

struct srv_page {
    struct srv_document *documents; /* in the order of their keys */
    size_t count;
    bool has_more;
};

/* Changes `message` in place; what it hangs on it must live in the context's arena or longer, and
 * `message` itself may be gone when apply has returned. May run on another thread and more than
 * once, each time on a fresh copy. Returning false leaves the document as it was, and `update`
 * fails with `err`. */
struct srv_mutation {
    bool (*apply)(const struct srv_mutation *self, struct rpc_context *ctx,
                  ProtobufCMessage *message, struct base_err *err);
};

/* How documents are handed out. A sealed one can only be passed on: it packs to what is stored, but
 * its fields must not be looked at (rpc_codec_seal); a store that has to decode anyway gives an
 * open one.
 */
enum srv_form { SRV_OPEN, SRV_SEALED };

struct srv_store;

struct srv_store_ops {
    bool (*get)(struct srv_store *self, struct rpc_context *ctx,
                const struct srv_collection *collection, struct srv_key key, enum srv_form form,
                ProtobufCMessage **out_message, struct base_err *err);
    bool (*insert)(struct srv_store *self, struct rpc_context *ctx,
                   const struct srv_collection *collection, struct srv_key key,
                   const ProtobufCMessage *message, struct base_err *err);
    bool (*list)(struct srv_store *self, struct rpc_context *ctx,
                 const struct srv_collection *collection, const struct srv_key *after, size_t limit,
                 enum srv_form form, struct srv_page *out_page, struct base_err *err);
    bool (*remove)(struct srv_store *self, struct rpc_context *ctx,
                   const struct srv_collection *collection, struct srv_key key,
                   struct base_err *err);
    bool (*update)(struct srv_store *self, struct rpc_context *ctx,
                   const struct srv_collection *collection, struct srv_key key,
                   const struct srv_mutation *mutation, ProtobufCMessage **out_message,
                   struct base_err *err);
    bool (*next_id)(struct srv_store *self, struct rpc_context *ctx, const char *counter,
                    int64_t *out_id, struct base_err *err);
    bool (*reserve)(struct srv_store *self, struct rpc_context *ctx, const char *counter,
                    int64_t want, int64_t limit, int64_t *out_granted, int64_t *out_left,
                    struct base_err *err);
    bool (*release)(struct srv_store *self, struct rpc_context *ctx, const char *counter,
                    int64_t count, struct base_err *err);
    void (*close)(struct srv_store *self);
};

/* The first member of each implementation's own struct. */
struct srv_store {
    const struct srv_store_ops *ops;
    bool inline_reads; /* get and list never wait for a lock, a disk that is busy, or a network */
};

static inline struct srv_key srv_key_text(struct base_str text)
{
    return (struct srv_key){.kind = SRV_KEY_TEXT, .text = text};
}

static inline struct srv_key srv_key_number(int64_t number)
{
    return (struct srv_key){.kind = SRV_KEY_NUMBER, .number = number};
}

/* Reads one document. NOT_FOUND without one. */
static inline bool srv_store_get(struct srv_store *store, struct rpc_context *ctx,
                                 const struct srv_collection *collection, struct srv_key key,
                                 enum srv_form form, ProtobufCMessage **out_message,
                                 struct base_err *err)
{
    return store->ops->get(store, ctx, collection, key, form, out_message, err);
}

/* Adds one document. ALREADY_EXISTS when the key is taken. */
static inline bool srv_store_insert(struct srv_store *store, struct rpc_context *ctx,
                                    const struct srv_collection *collection, struct srv_key key,
                                    const ProtobufCMessage *message, struct base_err *err)
{
    return store->ops->insert(store, ctx, collection, key, message, err);
}

/* Reads up to `limit` (1 to SRV_STORE_LIST_MAX) documents whose keys come after `after` (from the
 * start when NULL). A page may be shorter than `limit` and still have more behind it: has_more
 * tells. */
static inline bool srv_store_list(struct srv_store *store, struct rpc_context *ctx,
                                  const struct srv_collection *collection,
                                  const struct srv_key *after, size_t limit, enum srv_form form,
                                  struct srv_page *out_page, struct base_err *err)
{
    return store->ops->list(store, ctx, collection, after, limit, form, out_page, err);
}

/* Removes one document. NOT_FOUND without one. */
static inline bool srv_store_remove(struct srv_store *store, struct rpc_context *ctx,
                                    const struct srv_collection *collection, struct srv_key key,
                                    struct base_err *err)
{
    return store->ops->remove(store, ctx, collection, key, err);
}

/* Reads, changes and writes one document atomically; gives what was written. NOT_FOUND
 * without one. */
static inline bool srv_store_update(struct srv_store *store, struct rpc_context *ctx,
                                    const struct srv_collection *collection, struct srv_key key,
                                    const struct srv_mutation *mutation,
                                    ProtobufCMessage **out_message, struct base_err *err)
{
    return store->ops->update(store, ctx, collection, key, mutation, out_message, err);
}

/* Takes the next number of `counter`, which starts at 0; a number is never given twice.
 * RESOURCE_EXHAUSTED after the last one, INT64_MAX - 1. */
static inline bool srv_store_next_id(struct srv_store *store, struct rpc_context *ctx,
                                     const char *counter, int64_t *out_id, struct base_err *err)
{
    return store->ops->next_id(store, ctx, counter, out_id, err);
}

/* Adds min(want, limit - counter) to `counter` and gives what was added, 0 when the limit is
 * reached or lies below the counter, and what could be added after that. Neither `want` nor
 * `limit` is negative. */
static inline bool srv_store_reserve(struct srv_store *store, struct rpc_context *ctx,
                                     const char *counter, int64_t want, int64_t limit,
                                     int64_t *out_granted, int64_t *out_left, struct base_err *err)
{
    return store->ops->reserve(store, ctx, counter, want, limit, out_granted, out_left, err);
}

/* Takes `count`, which is not negative, off `counter`, but not below 0; a counter at 0 takes no
 * room. Where it is not known whether that was made it must not be tried again, or the counter
 * forgets what others reserved. */
static inline bool srv_store_release(struct srv_store *store, struct rpc_context *ctx,
                                     const char *counter, int64_t count, struct base_err *err)
{
    return store->ops->release(store, ctx, counter, count, err);
}

/* No call may be in flight. Accepts NULL. */
static inline void srv_store_close(struct srv_store *store)
{
    if (store != NULL) {
        store->ops->close(store);
    }
}

#endif
