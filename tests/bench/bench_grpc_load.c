/* bench_grpc_load ADDRESS METHOD TEXT SECONDS IN_FLIGHT CHANNELS: load for a gRPC server.
 *
 * Keeps IN_FLIGHT unary calls going over CHANNELS connections for SECONDS and prints one line:
 * calls a second, and half and 99 of 100 calls' time. The request is a message whose field 1 is
 * TEXT. A call that fails ends the program with status 1. One thread. */
#include "base/clock.h"
#include "base/mem.h"

#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/alloc.h>
#include <grpc/support/time.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_MAX 600
#define IN_FLIGHT_MAX 4096
#define CHANNELS_MAX 64
#define CALL_SECONDS_MAX 10
#define TEXT_BYTES_MAX 127 /* so that its length is one byte on the wire */

/* Times are counted in steps of 2 microseconds, the last slot takes all that took longer. */
#define SLOT_NS 2000
#define SLOT_COUNT 100000

struct call {
    grpc_call *call;
    int64_t started_ns;
    grpc_metadata_array headers;
    grpc_metadata_array trailers;
    grpc_byte_buffer *response;
    grpc_status_code status;
    grpc_slice details;
};

struct load {
    grpc_completion_queue *queue;
    grpc_channel *channels[CHANNELS_MAX];
    void *methods[CHANNELS_MAX];
    size_t channel_count;
    size_t next_channel;
    grpc_slice request;
    uint64_t done;
    uint64_t slots[SLOT_COUNT];
};

static void start(struct load *load, struct call *call)
{
    size_t i = load->next_channel++ % load->channel_count;
    *call = (struct call){.started_ns = base_clock_monotonic_ns()};
    call->call = grpc_channel_create_registered_call(
        load->channels[i], NULL, GRPC_PROPAGATE_DEFAULTS, load->queue, load->methods[i],
        gpr_time_from_seconds(CALL_SECONDS_MAX, GPR_TIMESPAN), NULL);
    grpc_metadata_array_init(&call->headers);
    grpc_metadata_array_init(&call->trailers);
    /* A new one each time: the batch takes the bytes out of it. */
    grpc_byte_buffer *request = grpc_raw_byte_buffer_create(&load->request, 1);
    grpc_op ops[6];
    memset(ops, 0, sizeof ops);
    ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
    ops[1].op = GRPC_OP_SEND_MESSAGE;
    ops[1].data.send_message.send_message = request;
    ops[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
    ops[3].op = GRPC_OP_RECV_INITIAL_METADATA;
    ops[3].data.recv_initial_metadata.recv_initial_metadata = &call->headers;
    ops[4].op = GRPC_OP_RECV_MESSAGE;
    ops[4].data.recv_message.recv_message = &call->response;
    ops[5].op = GRPC_OP_RECV_STATUS_ON_CLIENT;
    ops[5].data.recv_status_on_client.trailing_metadata = &call->trailers;
    ops[5].data.recv_status_on_client.status = &call->status;
    ops[5].data.recv_status_on_client.status_details = &call->details;
    grpc_call_error error = grpc_call_start_batch(call->call, ops, 6, call, NULL);
    grpc_byte_buffer_destroy(request);
    if (error != GRPC_CALL_OK) {
        fprintf(stderr, "bench_grpc_load: %s\n", grpc_call_error_to_string(error));
        abort();
    }
}

/* Counts a call that has ended and lets go of it. */
static void finish(struct load *load, struct call *call)
{
    if (call->status != GRPC_STATUS_OK) {
        fprintf(stderr, "bench_grpc_load: status %d: %.*s\n", (int)call->status,
                (int)GRPC_SLICE_LENGTH(call->details),
                (const char *)GRPC_SLICE_START_PTR(call->details));
        exit(1);
    }
    int64_t slot = (base_clock_monotonic_ns() - call->started_ns) / SLOT_NS;
    load->slots[slot < SLOT_COUNT ? slot : SLOT_COUNT - 1]++;
    load->done++;
    grpc_call_unref(call->call);
    grpc_metadata_array_destroy(&call->headers);
    grpc_metadata_array_destroy(&call->trailers);
    grpc_byte_buffer_destroy(call->response);
    grpc_slice_unref(call->details);
}

/* The time in microseconds that `per_hundred` of 100 calls kept below. */
static long percentile_us(const struct load *load, uint64_t per_hundred)
{
    uint64_t seen = 0;
    for (long i = 0; i < SLOT_COUNT; i++) {
        seen += load->slots[i];
        if (seen * 100 >= load->done * per_hundred) {
            return (i + 1) * SLOT_NS / 1000;
        }
    }
    return 0;
}

static void run(struct load *load, struct call *calls, size_t in_flight, long seconds)
{
    int64_t begin_ns = base_clock_monotonic_ns();
    int64_t end_ns = begin_ns + seconds * BASE_NS_PER_S;
    for (size_t i = 0; i < in_flight; i++) {
        start(load, &calls[i]);
    }
    for (size_t left = in_flight; left > 0;) {
        grpc_event event =
            grpc_completion_queue_next(load->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
        finish(load, event.tag);
        if (base_clock_monotonic_ns() < end_ns) {
            start(load, event.tag);
        } else {
            left--;
        }
    }
    double took_s = (double)(base_clock_monotonic_ns() - begin_ns) / (double)BASE_NS_PER_S;
    printf("%.0f calls/s, p50 %ld us, p99 %ld us\n", (double)load->done / took_s,
           percentile_us(load, 50), percentile_us(load, 99));
}

static void connect_to(struct load *load, const char *address, const char *method)
{
    /* Without an argument of their own, channels to one address would share one connection. */
    for (size_t i = 0; i < load->channel_count; i++) {
        grpc_arg number = {.type = GRPC_ARG_INTEGER, .key = (char *)"bench.channel"};
        number.value.integer = (int)i;
        grpc_channel_args args = {1, &number};
        grpc_channel_credentials *credentials = grpc_insecure_credentials_create();
        load->channels[i] = grpc_channel_create(address, credentials, &args);
        grpc_channel_credentials_release(credentials);
        load->methods[i] = grpc_channel_register_call(load->channels[i], method, NULL, NULL);
    }
}

static grpc_slice request_of(const char *text)
{
    size_t len = strlen(text);
    grpc_slice slice = grpc_slice_malloc(len + 2);
    uint8_t *bytes = GRPC_SLICE_START_PTR(slice);
    bytes[0] = 0x0A; /* field 1, length-delimited */
    bytes[1] = (uint8_t)len;
    memcpy(bytes + 2, text, len);
    return slice;
}

/* Reads a number from 1 to `max`; 0 when it is none. */
static long read_number(const char *text, long max)
{
    char *end;
    long number = strtol(text, &end, 10);
    return *end == '\0' && number >= 1 && number <= max ? number : 0;
}

int main(int argc, char **argv)
{
    long seconds = argc == 7 ? read_number(argv[4], SECONDS_MAX) : 0;
    long in_flight = argc == 7 ? read_number(argv[5], IN_FLIGHT_MAX) : 0;
    long channel_count = argc == 7 ? read_number(argv[6], CHANNELS_MAX) : 0;
    if (seconds == 0 || in_flight == 0 || channel_count == 0 || strlen(argv[3]) > TEXT_BYTES_MAX) {
        fprintf(stderr, "usage: bench_grpc_load ADDRESS METHOD TEXT SECONDS IN_FLIGHT CHANNELS\n");
        return 2;
    }
    grpc_init();
    struct load *load = base_calloc(1, sizeof *load);
    load->channel_count = (size_t)channel_count;
    load->queue = grpc_completion_queue_create_for_next(NULL);
    load->request = request_of(argv[3]);
    connect_to(load, argv[1], argv[2]);
    struct call *calls = base_calloc((size_t)in_flight, sizeof *calls);
    run(load, calls, (size_t)in_flight, seconds);
    base_free(calls);
    base_free(load);
    return 0;
}
