/* bench_grpc_echo METHOD RESPONSE_BYTES: the limit for gRPC, a bare C-core server.
 *
 * Answers every call of one registered method with a message of so many bytes, without looking at
 * the request. Listens on a free port of 127.0.0.1 and says which on standard output. One
 * completion-queue thread of its own; runs until it is killed. */
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

/* Calls the server is ready to take at any time. */
#define ARMED_CALLS 64
#define RESPONSE_BYTES_MAX (16 * 1024 * 1024)

struct call {
    bool is_answered;
    grpc_call *call;
    gpr_timespec deadline;
    grpc_metadata_array metadata;
    grpc_byte_buffer *request;
    int cancelled;
};

static grpc_server *server;
static grpc_completion_queue *queue;
static void *method;
static grpc_slice response;

static void arm(void)
{
    struct call *call = base_calloc(1, sizeof *call);
    grpc_metadata_array_init(&call->metadata);
    grpc_server_request_registered_call(server, method, &call->call, &call->deadline,
                                        &call->metadata, &call->request, queue, queue, call);
}

static void answer(struct call *call)
{
    /* A new one each time: the batch takes the bytes out of it. */
    grpc_byte_buffer *message = grpc_raw_byte_buffer_create(&response, 1);
    grpc_op ops[4];
    memset(ops, 0, sizeof ops);
    ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
    ops[1].op = GRPC_OP_SEND_MESSAGE;
    ops[1].data.send_message.send_message = message;
    ops[2].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
    ops[2].data.send_status_from_server.status = GRPC_STATUS_OK;
    ops[3].op = GRPC_OP_RECV_CLOSE_ON_SERVER;
    ops[3].data.recv_close_on_server.cancelled = &call->cancelled;
    call->is_answered = true;
    grpc_call_error error = grpc_call_start_batch(call->call, ops, 4, call, NULL);
    grpc_byte_buffer_destroy(message);
    if (error != GRPC_CALL_OK) {
        fprintf(stderr, "bench_grpc_echo: %s\n", grpc_call_error_to_string(error));
        abort();
    }
}

static void finish(struct call *call)
{
    grpc_metadata_array_destroy(&call->metadata);
    if (call->request != NULL) {
        grpc_byte_buffer_destroy(call->request);
    }
    grpc_call_unref(call->call);
    base_free(call);
}

static void run(void)
{
    for (;;) {
        grpc_event event =
            grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
        struct call *call = event.tag;
        if (call->is_answered) {
            finish(call);
        } else if (event.success) {
            arm();
            answer(call);
        }
    }
}

int main(int argc, char **argv)
{
    long response_bytes = argc == 3 ? strtol(argv[2], NULL, 10) : -1;
    if (response_bytes < 0 || response_bytes > RESPONSE_BYTES_MAX) {
        fprintf(stderr, "usage: bench_grpc_echo METHOD RESPONSE_BYTES\n");
        return 2;
    }
    grpc_init();
    response = grpc_slice_malloc((size_t)response_bytes);
    memset(GRPC_SLICE_START_PTR(response), 0, (size_t)response_bytes);
    server = grpc_server_create(NULL, NULL);
    queue = grpc_completion_queue_create_for_next(NULL);
    grpc_server_register_completion_queue(server, queue, NULL);
    method = grpc_server_register_method(server, argv[1], NULL,
                                         GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER, 0);
    grpc_server_credentials *credentials = grpc_insecure_server_credentials_create();
    int port = grpc_server_add_http2_port(server, "127.0.0.1:0", credentials);
    if (port == 0) {
        fprintf(stderr, "bench_grpc_echo: cannot listen\n");
        return 1;
    }
    grpc_server_start(server);
    for (int i = 0; i < ARMED_CALLS; i++) {
        arm();
    }
    printf("127.0.0.1:%d\n", port);
    fflush(stdout);
    run();
}
