/* The waiting thread owns a mailbox of its own on its stack, and disposes of it before it returns:
 * the poster of the last mail may still be on its way out of the box. It sleeps on descriptors, so
 * that it can wait for mail and for the order to stop at once. */
#include "rpc/client.h"

#include "rpc/codec.h"
#include "rpc/server.h"

#include <assert.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct unary {
    struct base_mailbox box;
    int mail_fd; /* readable when there is mail */
    bool ended;
    const struct rpc_method *method;
    struct base_arena *arena;
    ProtobufCMessage *response;
    struct rpc_metadata headers;
    bool wants_headers;
    struct base_err *err; /* code BASE_OK until something fails */
};

static void wake(struct base_mailbox *box)
{
    struct unary *unary = (struct unary *)box;
    (void)!eventfd_write(unary->mail_fd, 1); /* fails only where it is readable already */
}

/* Waits for mail, or for the order to stop where `stop` is not NULL; returns whether that came. */
static bool wait_for_mail(struct unary *unary, const struct base_stop *stop)
{
    struct pollfd events[2] = {
        {.fd = unary->mail_fd, .events = POLLIN},
        {.fd = stop == NULL ? -1 : stop->fd, .events = POLLIN},
    };
    if (poll(events, 2, -1) < 0) {
        return false; /* a signal: look again */
    }
    eventfd_t count;
    if (events[0].revents != 0) {
        (void)!eventfd_read(unary->mail_fd, &count);
    }
    return events[1].revents != 0;
}

static bool copy_headers(struct unary *unary, const struct rpc_metadata *headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        if (!rpc_metadata_add(&unary->headers, unary->arena, headers->entries[i].key,
                              headers->entries[i].value, unary->err)) {
            return false;
        }
    }
    return true;
}

static void on_headers(void *user, const struct rpc_metadata *headers)
{
    struct unary *unary = user;
    if (unary->wants_headers && !copy_headers(unary, headers)) {
        base_err_wrap(unary->err, "headers of %s", unary->method->path);
    }
}

static void on_message(void *user, struct base_str wire)
{
    struct unary *unary = user;
    if (!rpc_codec_unpack(unary->method->response, wire, unary->arena, &unary->response,
                          unary->err)) {
        if (unary->err->code == BASE_INVALID_ARGUMENT) {
            unary->err->code = BASE_INTERNAL; /* the answer is at fault, not the request */
        }
        base_err_wrap(unary->err, "response of %s", unary->method->path);
    }
}

static void on_status(void *user, const struct rpc_status *status)
{
    struct unary *unary = user;
    unary->ended = true;
    if (status->code != BASE_OK) {
        base_err_set(unary->err, status->code, "%.*s", BASE_STR_ARGS(status->message));
    } else if (unary->response == NULL && unary->err->code == BASE_OK) {
        base_err_set(unary->err, BASE_INTERNAL, "%s answered without a message",
                     unary->method->path);
    }
}

static const struct rpc_observer observer = {
    .on_headers = on_headers,
    .on_message = on_message,
    .on_status = on_status,
};

static void run(struct unary *unary, struct rpc_channel *channel, const struct rpc_target *target,
                const struct rpc_client_options *options, struct base_str request)
{
    struct rpc_call *call =
        rpc_channel_start(channel, &(struct rpc_call_params){
                                       .target = target,
                                       .deadline_ns = options == NULL || options->deadline_ns == 0
                                                          ? BASE_NEVER_NS
                                                          : options->deadline_ns,
                                       .metadata = options == NULL ? NULL : options->metadata,
                                       .observer = &observer,
                                       .user = unary,
                                       .home = &unary->box,
                                   });
    rpc_call_send(call, request, true);
    const struct base_stop *stop = options == NULL ? NULL : options->stop;
    while (!unary->ended) {
        bool must_stop = wait_for_mail(unary, stop);
        base_mailbox_drain(&unary->box);
        if (must_stop && !unary->ended) {
            rpc_call_cancel(call);
            stop = NULL; /* what is left to wait for is the call's own end */
        }
    }
}

bool rpc_client_unary(struct rpc_channel *channel, const struct rpc_method *method,
                      const struct rpc_client_options *options, const ProtobufCMessage *request,
                      struct base_arena *arena, ProtobufCMessage **out_response,
                      struct rpc_metadata *out_headers, struct base_err *err)
{
    assert(base_role_current() != BASE_ROLE_LOOP && base_role_current() != BASE_ROLE_CQ);
    const struct rpc_target *target = rpc_channel_resolve(channel, method->path, err);
    if (target == NULL) {
        return false;
    }
    struct unary unary = {.mail_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                          .method = method,
                          .arena = arena,
                          .wants_headers = out_headers != NULL,
                          .err = err};
    if (unary.mail_fd < 0) {
        return base_err_set(err, BASE_RESOURCE_EXHAUSTED, "no file descriptor is left for a call");
    }
    struct base_buf wire;
    base_buf_init(&wire, RPC_REQUEST_BYTES_MAX);
    if (rpc_codec_pack(request, &wire, err)) {
        base_mailbox_init(&unary.box, wake);
        err->code = BASE_OK;
        run(&unary, channel, target, options, base_buf_str(&wire));
        base_mailbox_dispose(&unary.box);
    } else {
        base_err_wrap(err, "request of %s", method->path);
    }
    close(unary.mail_fd);
    base_buf_dispose(&wire);
    if (err->code != BASE_OK) {
        return false;
    }
    *out_response = unary.response;
    if (out_headers != NULL) {
        *out_headers = unary.headers;
    }
    return true;
}
