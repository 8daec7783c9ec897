#include "gateway/front_h2o_private.h"

#include "base/mem.h"
#include "base/port.h"
#include "base/thread.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* "host:port": the longest name, a colon, a port. */
#define ADDRESS_SIZE (NI_MAXHOST + NI_MAXSERV)

/* The library keeps memory in thread-local lists that it offers no way to empty, and loses a few
 * bytes of each context; when a loop's thread ends, the leak check of AddressSanitizer finds both.
 * By function, for nearly all that a loop allocates is allocated beneath some call of the library.
 * Called by its run-time only. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:h2o_mem_alloc_recycle\n"
           "leak:h2o_multithread_create_queue\n";
}

/* ---- Listening ---- */

/* Splits "host:port" or "[host]:port" in place. */
static bool split_address(char *text, char **out_host, char **out_port, struct base_err *err)
{
    char *colon = strrchr(text, ':');
    if (colon == NULL || colon == text || !base_port_is_valid(colon + 1)) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "address %s: expected host:port", text);
    }
    char *host = text;
    char *end = colon;
    if (host[0] == '[' && end[-1] == ']') {
        host++;
        end--;
    }
    *end = '\0';
    *out_host = host;
    *out_port = colon + 1;
    return true;
}

static bool resolve(const char *address, struct addrinfo **out_info, struct base_err *err)
{
    char text[ADDRESS_SIZE];
    char *host;
    char *port;
    if ((size_t)snprintf(text, sizeof text, "%s", address) >= sizeof text) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "address is too long");
    }
    if (!split_address(text, &host, &port, err)) {
        return false;
    }
    struct addrinfo hints = {
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
    };
    int failure = getaddrinfo(host, port, &hints, out_info);
    return failure == 0 || base_err_set(err, BASE_INVALID_ARGUMENT, "address %s: %s", address,
                                        gai_strerror(failure));
}

static void set_option(int fd, int level, int option, int value)
{
    /* Each is a refinement; without it the socket still serves. */
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

/* Binds one listening socket; what accepted ones inherit is set here. Returns -1 with errno. */
static int listen_on(const struct sockaddr *address, socklen_t len, bool shared)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    set_option(fd, SOL_SOCKET, SO_REUSEPORT, shared);
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, GW_FRONT_SEND_TIMEOUT_MS);
    if (bind(fd, address, len) != 0 || listen(fd, GW_FRONT_BACKLOG) != 0) {
        int failure = errno;
        close(fd);
        errno = failure;
        return -1;
    }
    return fd;
}

static int port_of(const struct sockaddr_storage *address)
{
    return ntohs(address->ss_family == AF_INET6
                     ? ((const struct sockaddr_in6 *)(const void *)address)->sin6_port
                     : ((const struct sockaddr_in *)(const void *)address)->sin_port);
}

/* Sockets that share a port share it with any other process of this user, too: that one listens
 * there already is seen only by a socket that does not share. Returns false with errno. */
static bool is_free(const struct sockaddr *address, socklen_t len)
{
    int fd = listen_on(address, len, false);
    return fd >= 0 && close(fd) == 0;
}

/* The first socket picks the port, the others take the same. */
static bool listen_all(struct gw_front *front, const struct addrinfo *info)
{
    struct sockaddr_storage address;
    socklen_t len = info->ai_addrlen;
    memcpy(&address, info->ai_addr, len);
    if (!is_free((struct sockaddr *)&address, len)) {
        return false;
    }
    for (size_t i = 0; i < front->loop_count; i++) {
        int fd = listen_on((struct sockaddr *)&address, len, true);
        front->loops[i].listener_fd = fd;
        if (fd < 0 || getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
            return false;
        }
    }
    front->port = port_of(&address);
    return true;
}

static bool listen_at(struct gw_front *front, const char *address, struct base_err *err)
{
    struct addrinfo *info;
    if (!resolve(address, &info, err)) {
        return false;
    }
    bool listens = listen_all(front, info);
    int failure = errno;
    freeaddrinfo(info);
    return listens || base_err_set(err, BASE_UNAVAILABLE, "cannot listen on %s: %s", address,
                                   strerror(failure));
}

/* ---- Configuration ---- */

static void protocol_init(struct gw_front_protocol *protocol, size_t body_bytes_max,
                          int read_timeout_ms)
{
    h2o_config_init(&protocol->config);
    protocol->config.server_name = h2o_iovec_init(H2O_STRLIT("tollgate"));
    protocol->config.max_request_entity_size = body_bytes_max;
    protocol->config.http1.req_timeout = (uint64_t)read_timeout_ms;
    protocol->config.http1.upgrade_to_http2 = 0;
    protocol->config.http2.idle_timeout = GW_FRONT_HTTP2_IDLE_TIMEOUT_MS;
    protocol->config.http2.max_concurrent_requests_per_connection = GW_FRONT_STREAMS_MAX;
    gw_front_protocol_install(protocol);
}

/* ---- Life ---- */

static struct gw_front *front_create(const struct gw_front_config *config)
{
    struct gw_front *front = base_calloc(1, sizeof *front);
    front->cors = config->gateway->cors;
    front->dialect = config->gateway->dialect;
    front->logs_requests = config->logs_requests;
    front->room.bytes_max =
        config->body_memory_bytes > 0 ? config->body_memory_bytes : GW_FRONT_BODY_MEMORY_DEFAULT;
    front->read_timeout_ms =
        config->read_timeout_ms > 0 ? config->read_timeout_ms : GW_FRONT_READ_TIMEOUT_MS;
    assert(config->loops > 0 && config->loops <= GW_FRONT_LOOPS_MAX);
    front->loop_count = config->loops;
    front->loops = base_calloc(front->loop_count, sizeof *front->loops);
    for (size_t i = 0; i < front->loop_count; i++) {
        gw_front_loop_init(&front->loops[i], front, config->gateway, config->access);
    }
    protocol_init(&front->http1, GW_BODY_BYTES_MAX, front->read_timeout_ms);
    protocol_init(&front->http2, GW_FRONT_HTTP2_BODY_BYTES_MAX, front->read_timeout_ms);
    return front;
}

static void front_destroy(struct gw_front *front)
{
    for (size_t i = 0; i < front->loop_count; i++) {
        gw_front_loop_dispose(&front->loops[i]);
    }
    h2o_config_dispose(&front->http1.config);
    h2o_config_dispose(&front->http2.config);
    base_free(front->loops);
    base_free(front);
}

/* Signals are blocked in them, SIGPIPE too: a client that has gone shows as an error of write. */
static void start_threads(struct gw_front *front)
{
    for (size_t i = 0; i < front->loop_count; i++) {
        base_thread_start(&front->loops[i].thread, gw_front_loop_run, &front->loops[i]);
    }
}

struct gw_front *gw_front_open(const struct gw_front_config *config, struct base_err *err)
{
    struct gw_front *front = front_create(config);
    if (!listen_at(front, config->address, err)) {
        front_destroy(front);
        return NULL;
    }
    start_threads(front);
    return front;
}

int gw_front_port(const struct gw_front *front)
{
    return front->port;
}

void gw_front_replace(struct gw_front *front, struct gw_gateway *gateway)
{
    for (size_t i = 0; i < front->loop_count; i++) {
        gw_front_loop_replace(&front->loops[i], gateway);
    }
}

void gw_front_set_access(struct gw_front *front, struct gw_access *access)
{
    for (size_t i = 0; i < front->loop_count; i++) {
        gw_front_loop_set_access(&front->loops[i], access);
    }
}

void gw_front_drain(struct gw_front *front, int grace_ms)
{
    front->is_draining = true;
    for (size_t i = 0; i < front->loop_count; i++) {
        gw_front_loop_close(&front->loops[i], grace_ms);
    }
}

void gw_front_close(struct gw_front *front, int grace_ms)
{
    if (front == NULL) {
        return;
    }
    if (!front->is_draining) {
        gw_front_drain(front, grace_ms);
    }
    for (size_t i = 0; i < front->loop_count; i++) {
        pthread_join(front->loops[i].thread, NULL);
    }
    front_destroy(front);
}
