/* bench_h2o_static BODY_FILE: the limit for REST, a bare h2o loop.
 *
 * Answers every request, over HTTP/1.1 and h2c, with the file's bytes as application/json: what
 * the same library does on the same machine when nothing stands behind it. Listens on a free port
 * of 127.0.0.1 and says which on standard output. One thread; runs until it is killed. */
#define H2O_USE_EPOLL 1
#include "base/buf.h"

#include <arpa/inet.h>
#include <h2o.h>
#include <h2o/http1.h>
#include <h2o/http2.h>
#include <signal.h>
#include <stdio.h>

#define BODY_BYTES_MAX (size_t)(16 * 1024 * 1024)
#define BACKLOG 1024

static h2o_iovec_t body;
static h2o_accept_ctx_t accept_context;

static int on_request(h2o_handler_t *self, h2o_req_t *request)
{
    (void)self;
    static h2o_generator_t generator;
    request->res.status = 200;
    request->res.reason = "OK";
    request->res.content_length = body.len;
    h2o_add_header(&request->pool, &request->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL,
                   H2O_STRLIT("application/json"));
    h2o_start_response(request, &generator);
    h2o_send(request, &body, 1, H2O_SEND_STATE_FINAL);
    return 0;
}

static void on_accept(h2o_socket_t *listener, const char *error)
{
    if (error != NULL) {
        return;
    }
    for (h2o_socket_t *socket; (socket = h2o_evloop_socket_accept(listener)) != NULL;) {
        h2o_accept(&accept_context, socket);
    }
}

static bool read_body(const char *path, struct base_buf *out)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    bool ok = true;
    char chunk[16384];
    for (size_t n; ok && (n = fread(chunk, 1, sizeof chunk, file)) > 0;) {
        ok = base_buf_append(out, chunk, n);
    }
    fclose(file);
    return ok;
}

/* Returns a listening socket on a free port, or -1. */
static int listen_anywhere(int *out_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        return -1;
    }
    *out_port = ntohs(address.sin_port);
    return fd;
}

int main(int argc, char **argv)
{
    struct base_buf text;
    base_buf_init(&text, BODY_BYTES_MAX);
    int port;
    int fd;
    if (argc != 2 || !read_body(argv[1], &text) || (fd = listen_anywhere(&port)) < 0) {
        fprintf(stderr, "usage: bench_h2o_static BODY_FILE\n");
        return 2;
    }
    body = h2o_iovec_init(text.data, text.len);
    signal(SIGPIPE, SIG_IGN);

    h2o_globalconf_t config;
    h2o_config_init(&config);
    h2o_hostconf_t *host =
        h2o_config_register_host(&config, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    h2o_pathconf_t *path = h2o_config_register_path(host, "/", 0);
    h2o_handler_t *handler = h2o_create_handler(path, sizeof *handler);
    handler->on_req = on_request;

    h2o_context_t context;
    h2o_context_init(&context, h2o_evloop_create(), &config);
    accept_context.ctx = &context;
    accept_context.hosts = config.hosts;
    h2o_socket_t *listener = h2o_evloop_socket_create(context.loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    h2o_socket_read_start(listener, on_accept);

    printf("127.0.0.1:%d\n", port);
    fflush(stdout);
    while (h2o_evloop_run(context.loop, INT32_MAX) == 0) {
    }
    return 1;
}
