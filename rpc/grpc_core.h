/* What the gRPC listener and the gRPC channel share: C-core's types to ours and back.
 *
 * Private to listener_grpc.c and channel_grpc.c, the only files that include it. Any thread.
 */
#ifndef RPC_GRPC_CORE_H
#define RPC_GRPC_CORE_H

#include "base/clock.h"
#include "rpc/metadata.h"

#include <grpc/byte_buffer.h>
#include <grpc/compression.h>
#include <grpc/grpc.h>
#include <grpc/slice.h>
#include <stdatomic.h>

/* Bytes of all metadata of one direction as HTTP/2 counts them: 32 more a pair (RFC 9113, section
 * 6.5.2), and room for the pairs of gRPC itself. */
#define RPC_GRPC_METADATA_BYTES_MAX                                                                \
    ((int)RPC_METADATA_BYTES_MAX + 32 * RPC_METADATA_ENTRIES_MAX + 4096)

/* The set of compression algorithms that has only "identity" in it. C-core inflates a message whole
 * before it looks at its size: 4 MiB of gzip would become 4 GiB of memory. */
#define RPC_GRPC_COMPRESSION_NONE (1 << GRPC_COMPRESS_NONE)

/* What comes back for a tag: on_event runs on the completion-queue thread.
 *
 * C-core orders what was done before a tag went in before what is done when it comes out.
 * `hand_over` says the same in C11's terms: that makes it visible to tools that do not see into
 * C-core, and does not rest on how C-core does it. */
struct rpc_grpc_tag {
    void (*on_event)(struct rpc_grpc_tag *self, bool ok);
    atomic_int hand_over;
};

/* Call with the tag before C-core gets it; returns it. */
static inline struct rpc_grpc_tag *rpc_grpc_hand_over(struct rpc_grpc_tag *tag)
{
    atomic_fetch_add_explicit(&tag->hand_over, 1, memory_order_release);
    return tag;
}

/* Starts a batch that comes back as `tag`; a batch that C-core refuses is a mistake of ours. */
void rpc_grpc_start_batch(grpc_call *call, const grpc_op *ops, size_t count,
                          struct rpc_grpc_tag *tag);

/* Starts C-core, or counts one more user of it; its log lines go to base_log, for debugging. */
void rpc_grpc_acquire(void);
void rpc_grpc_release(void);

/* Runs the events of `cq` until it is shut down and empty. */
void rpc_grpc_run(grpc_completion_queue *cq);

/* Checks that `address` reads as "host:port", or "unix:path"; fails with INVALID_ARGUMENT. */
bool rpc_grpc_check_address(const char *address, struct base_err *err) BASE_MUST_CHECK;

static inline struct base_str rpc_grpc_str(const grpc_slice *slice)
{
    return base_str_make((const char *)GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice));
}

static inline grpc_slice rpc_grpc_slice(struct base_str bytes)
{
    return grpc_slice_from_copied_buffer(bytes.data, bytes.len);
}

/* One message's bytes; dispose releases them. */
struct rpc_grpc_message {
    grpc_byte_buffer *buffer; /* filled in by C-core; NULL when no message came */
    grpc_slice joined;
    bool is_joined;
};

/* The whole message, borrowed until dispose. */
struct base_str rpc_grpc_message_bytes(struct rpc_grpc_message *message);
void rpc_grpc_message_dispose(struct rpc_grpc_message *message);

/* Returns owned a message that copies `bytes`. */
grpc_byte_buffer *rpc_grpc_message_make(struct base_str bytes);

/* Adds `array`'s pairs to `out`, borrowing their bytes; those of grpc-status-details-bin go to
 * out_details instead where that is not NULL. Fails as rpc_metadata_add does. */
bool rpc_grpc_metadata_read(const grpc_metadata_array *array, struct base_arena *arena,
                            struct rpc_metadata *out, struct base_str *out_details,
                            struct base_err *err) BASE_MUST_CHECK;

/* A metadata array to send. */
struct rpc_grpc_metadata {
    size_t count;
    grpc_metadata pairs[RPC_METADATA_ENTRIES_MAX + 1]; /* one for the details */
};

/* Fills `out` with copies; `metadata` may be NULL. */
void rpc_grpc_metadata_make(struct rpc_grpc_metadata *out, const struct rpc_metadata *metadata,
                            struct base_str details);
void rpc_grpc_metadata_dispose(struct rpc_grpc_metadata *metadata);

/* A deadline of ours as C-core's, and back. */
gpr_timespec rpc_grpc_deadline(int64_t deadline_ns);
int64_t rpc_grpc_deadline_ns(gpr_timespec deadline);

#endif
