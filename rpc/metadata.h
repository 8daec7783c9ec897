/* Metadata: the key-value pairs that travel with a call in either direction.
 *
 * Keys are lower-case ASCII of [0-9a-z_.-]; a key that ends in "-bin" has a binary value, any other
 * printable ASCII (gRPC over HTTP/2, "Custom-Metadata"). A key may stand more than once. Entries
 * and the bytes they point to live in the arena they were added with. One thread at a time.
 */
#ifndef RPC_METADATA_H
#define RPC_METADATA_H

#include "base/arena.h"
#include "base/err.h"

/* Pairs in one direction of one call. */
#define RPC_METADATA_ENTRIES_MAX 128
/* Bytes of all keys and values of one direction of one call. */
#define RPC_METADATA_BYTES_MAX (size_t)(64 * 1024)

struct rpc_metadata_entry {
    struct base_str key;
    struct base_str value; /* "-bin" values are raw bytes, not base64 */
};

struct rpc_metadata {
    struct rpc_metadata_entry *entries;
    size_t count;
    size_t capacity;
    size_t bytes; /* keys and values together */
};

/* Adds a pair, copying key and value into `arena`. Fails with INVALID_ARGUMENT on a bad key or
 * value and RESOURCE_EXHAUSTED past a limit; the metadata is then as it was. */
bool rpc_metadata_add(struct rpc_metadata *metadata, struct base_arena *arena, struct base_str key,
                      struct base_str value, struct base_err *err) BASE_MUST_CHECK;

/* As rpc_metadata_add, but borrows key and value, which must live as long as the call. */
bool rpc_metadata_add_borrowed(struct rpc_metadata *metadata, struct base_arena *arena,
                               struct base_str key, struct base_str value,
                               struct base_err *err) BASE_MUST_CHECK;

/* As rpc_metadata_add_borrowed, for a pair that is known to be good, since it is our own or has
 * been checked before: it is not looked at. Fails past a limit alone. */
bool rpc_metadata_add_known(struct rpc_metadata *metadata, struct base_arena *arena,
                            const struct rpc_metadata_entry *entry,
                            struct base_err *err) BASE_MUST_CHECK;

/* Whether `value` is printable ASCII, which any key may have. */
bool rpc_metadata_is_text(struct base_str value);

/* The first value of `key`, or NULL. Lives as long as the metadata. */
const struct base_str *rpc_metadata_find(const struct rpc_metadata *metadata, struct base_str key);

#endif
