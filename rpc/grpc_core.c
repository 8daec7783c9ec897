#include "rpc/grpc_core.h"

#include "base/log.h"
#include "base/port.h"

#include <assert.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/support/log.h>
#include <grpc/support/time.h>

#define DETAILS_KEY "grpc-status-details-bin"

/* What matters of C-core's errors we report ourselves; and a client can make it log at will. */
static void forward_log(gpr_log_func_args *args)
{
    base_log(BASE_LOG_DEBUG, "grpc", "message", args->message, NULL);
}

void rpc_grpc_acquire(void)
{
    gpr_set_log_function(forward_log);
    grpc_init();
}

void rpc_grpc_release(void)
{
    grpc_shutdown();
}

void rpc_grpc_run(grpc_completion_queue *cq)
{
    for (;;) {
        grpc_event event =
            grpc_completion_queue_next(cq, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
        if (event.type == GRPC_QUEUE_SHUTDOWN) {
            return;
        }
        struct rpc_grpc_tag *tag = event.tag;
        (void)atomic_load_explicit(&tag->hand_over, memory_order_acquire);
        tag->on_event(tag, event.success != 0);
    }
}

void rpc_grpc_start_batch(grpc_call *call, const grpc_op *ops, size_t count,
                          struct rpc_grpc_tag *tag)
{
    grpc_call_error error = grpc_call_start_batch(call, ops, count, rpc_grpc_hand_over(tag), NULL);
    assert(error == GRPC_CALL_OK);
    (void)error;
}

bool rpc_grpc_check_address(const char *address, struct base_err *err)
{
    struct base_str text = base_str_of(address);
    if (base_str_starts_with(text, BASE_STR("unix:")) && text.len > 5) {
        return true;
    }
    const char *colon = strrchr(address, ':');
    if (colon == NULL || colon == address || !base_port_is_valid(colon + 1)) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "address \"%s\": expected HOST:PORT, as in 127.0.0.1:50051", address);
    }
    struct base_str host = base_str_make(address, (size_t)(colon - address));
    bool bracketed = host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']';
    static const char host_chars[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    static const char ipv6_chars[] = "0123456789abcdefABCDEF:.%";
    size_t good = bracketed ? 2 + strspn(address + 1, ipv6_chars) : strspn(address, host_chars);
    if (good != host.len) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "address \"%s\": \"%.*s\" is neither a name nor an IP address "
                            "(IPv6 stands in brackets)",
                            address, BASE_STR_ARGS(host));
    }
    return true;
}

struct base_str rpc_grpc_message_bytes(struct rpc_grpc_message *message)
{
    if (message->is_joined) {
        return rpc_grpc_str(&message->joined);
    }
    grpc_slice_buffer *slices = &message->buffer->data.raw.slice_buffer;
    if (slices->count == 0) {
        return base_str_make(NULL, 0);
    }
    if (slices->count == 1) {
        return rpc_grpc_str(&slices->slices[0]);
    }
    grpc_byte_buffer_reader reader;
    grpc_byte_buffer_reader_init(&reader, message->buffer);
    message->joined = grpc_byte_buffer_reader_readall(&reader);
    message->is_joined = true;
    grpc_byte_buffer_reader_destroy(&reader);
    return rpc_grpc_str(&message->joined);
}

void rpc_grpc_message_dispose(struct rpc_grpc_message *message)
{
    if (message->is_joined) {
        grpc_slice_unref(message->joined);
    }
    if (message->buffer != NULL) {
        grpc_byte_buffer_destroy(message->buffer);
    }
    *message = (struct rpc_grpc_message){0};
}

grpc_byte_buffer *rpc_grpc_message_make(struct base_str bytes)
{
    grpc_slice slice = rpc_grpc_slice(bytes);
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return buffer;
}

bool rpc_grpc_metadata_read(const grpc_metadata_array *array, struct base_arena *arena,
                            struct rpc_metadata *out, struct base_str *out_details,
                            struct base_err *err)
{
    for (size_t i = 0; i < array->count; i++) {
        struct base_str key = rpc_grpc_str(&array->metadata[i].key);
        struct base_str value = rpc_grpc_str(&array->metadata[i].value);
        if (out_details != NULL && base_str_eq(key, BASE_STR(DETAILS_KEY))) {
            *out_details = value;
        } else if (!rpc_metadata_add_borrowed(out, arena, key, value, err)) {
            return false;
        }
    }
    return true;
}

void rpc_grpc_metadata_make(struct rpc_grpc_metadata *out, const struct rpc_metadata *metadata,
                            struct base_str details)
{
    out->count = 0;
    for (size_t i = 0; metadata != NULL && i < metadata->count; i++) {
        out->pairs[out->count++] = (grpc_metadata){
            .key = rpc_grpc_slice(metadata->entries[i].key),
            .value = rpc_grpc_slice(metadata->entries[i].value),
        };
    }
    if (details.len > 0) {
        out->pairs[out->count++] = (grpc_metadata){
            .key = grpc_slice_from_static_string(DETAILS_KEY),
            .value = rpc_grpc_slice(details),
        };
    }
}

void rpc_grpc_metadata_dispose(struct rpc_grpc_metadata *metadata)
{
    for (size_t i = 0; i < metadata->count; i++) {
        grpc_slice_unref(metadata->pairs[i].key);
        grpc_slice_unref(metadata->pairs[i].value);
    }
}

/* Both clocks are monotonic but need not share their start: what is left is what counts. */
gpr_timespec rpc_grpc_deadline(int64_t deadline_ns)
{
    if (deadline_ns == BASE_NEVER_NS) {
        return gpr_inf_future(GPR_CLOCK_MONOTONIC);
    }
    int64_t left_ns = deadline_ns - base_clock_monotonic_ns();
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(left_ns, GPR_TIMESPAN));
}

int64_t rpc_grpc_deadline_ns(gpr_timespec deadline)
{
    gpr_clock_type clock = deadline.clock_type;
    if (gpr_time_cmp(deadline, gpr_inf_future(clock)) == 0) {
        return BASE_NEVER_NS;
    }
    gpr_timespec left = gpr_time_sub(deadline, gpr_now(clock));
    if (left.tv_sec >= INT32_MAX) {
        return BASE_NEVER_NS;
    }
    return base_clock_monotonic_ns() + left.tv_sec * BASE_NS_PER_S + left.tv_nsec;
}
