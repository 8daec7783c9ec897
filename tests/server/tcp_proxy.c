#include "tcp_proxy.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define CONNECTIONS_MAX 600
#define POLL_MS 5

struct connection {
    int ends[2]; /* the client's and the server's */
};

struct tcp_proxy {
    pthread_t thread;
    int listener;
    int port;
    int upstream_port;
    atomic_bool is_stalled;
    atomic_bool loses; /* set by tcp_proxy_lose, cleared when it is done */
    atomic_bool stops;
    atomic_size_t peak;
    atomic_size_t sent; /* bytes to the server, and from it */
    atomic_size_t received;
    struct connection connections[CONNECTIONS_MAX];
    size_t count;
    struct pollfd polled[2 * CONNECTIONS_MAX + 1]; /* both ends of each, and the listener */
};

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int connect_to(int port)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void take(struct tcp_proxy *proxy)
{
    int client = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC);
    int server = client < 0 ? -1 : connect_to(proxy->upstream_port);
    if (server < 0 || proxy->count == CONNECTIONS_MAX) {
        close(client);
        close(server);
        return;
    }
    proxy->connections[proxy->count++] = (struct connection){{client, server}};
    if (proxy->count > atomic_load(&proxy->peak)) {
        atomic_store(&proxy->peak, proxy->count);
    }
}

static void drop(struct tcp_proxy *proxy, size_t i)
{
    close(proxy->connections[i].ends[0]);
    close(proxy->connections[i].ends[1]);
    proxy->connections[i] = proxy->connections[--proxy->count];
}

/* Passes on what one end has to say, counting it; false when the connection is over. */
static bool pass(int from, int to, atomic_size_t *count)
{
    char bytes[65536];
    ssize_t got = recv(from, bytes, sizeof bytes, 0);
    for (ssize_t sent = 0; sent < got;) {
        ssize_t n = send(to, bytes + sent, (size_t)(got - sent), MSG_NOSIGNAL);
        if (n <= 0) {
            return false;
        }
        sent += n;
        atomic_fetch_add(count, (size_t)n);
    }
    return got > 0;
}

static void pass_all(struct tcp_proxy *proxy)
{
    struct pollfd *polled = proxy->polled;
    size_t count = proxy->count;
    polled[2 * count] = (struct pollfd){.fd = proxy->listener, .events = POLLIN};
    for (size_t i = 0; i < 2 * count; i++) {
        polled[i] = (struct pollfd){.fd = proxy->connections[i / 2].ends[i % 2], .events = POLLIN};
    }
    poll(polled, 2 * count + 1, POLL_MS);
    for (size_t i = 2 * count; i-- > 0;) { /* from the end, because drop moves the last */
        const struct connection *connection = &proxy->connections[i / 2];
        if (polled[i].revents != 0 && !pass(connection->ends[i % 2], connection->ends[1 - i % 2],
                                            i % 2 == 0 ? &proxy->sent : &proxy->received)) {
            drop(proxy, i / 2);
            i -= i % 2;
        }
    }
    if (polled[2 * count].revents != 0) {
        take(proxy);
    }
}

/* A filter that lets nothing through stands before TCP, which therefore acknowledges nothing. */
static void lose_all(struct tcp_proxy *proxy)
{
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog filter = {.len = 1, .filter = &nothing};
    for (size_t i = 0; i < proxy->count; i++) {
        assert_int_equal(setsockopt(proxy->connections[i].ends[0], SOL_SOCKET, SO_ATTACH_FILTER,
                                    &filter, sizeof filter),
                         0);
    }
    atomic_store(&proxy->loses, false);
}

static void *run(void *user)
{
    struct tcp_proxy *proxy = user;
    while (!atomic_load(&proxy->stops)) {
        if (atomic_load(&proxy->loses)) {
            lose_all(proxy);
        }
        if (!atomic_load(&proxy->is_stalled)) {
            pass_all(proxy);
            continue;
        }
        struct pollfd listener = {.fd = proxy->listener, .events = POLLIN};
        if (poll(&listener, 1, POLL_MS) > 0) {
            take(proxy);
        }
    }
    return NULL;
}

struct tcp_proxy *tcp_proxy_open(int port, int upstream_port)
{
    struct tcp_proxy *proxy = base_calloc(1, sizeof *proxy);
    struct sockaddr_in address = loopback(port);
    socklen_t len = sizeof address;
    int yes = 1;
    proxy->upstream_port = upstream_port;
    proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(proxy->listener >= 0);
    setsockopt(proxy->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    assert_int_equal(bind(proxy->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(proxy->listener, 512), 0);
    assert_int_equal(getsockname(proxy->listener, (struct sockaddr *)&address, &len), 0);
    proxy->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&proxy->thread, NULL, run, proxy), 0);
    return proxy;
}

void tcp_proxy_close(struct tcp_proxy *proxy)
{
    if (proxy == NULL) {
        return;
    }
    atomic_store(&proxy->stops, true);
    pthread_join(proxy->thread, NULL);
    while (proxy->count > 0) {
        drop(proxy, proxy->count - 1);
    }
    close(proxy->listener);
    base_free(proxy);
}

int tcp_proxy_port(const struct tcp_proxy *proxy)
{
    return proxy->port;
}

void tcp_proxy_stall(struct tcp_proxy *proxy, bool is_stalled)
{
    atomic_store(&proxy->is_stalled, is_stalled);
}

void tcp_proxy_lose(struct tcp_proxy *proxy)
{
    atomic_store(&proxy->loses, true);
    while (atomic_load(&proxy->loses)) {
        usleep(1000);
    }
}

size_t tcp_proxy_received(const struct tcp_proxy *proxy)
{
    return atomic_load(&proxy->received);
}

size_t tcp_proxy_peak(const struct tcp_proxy *proxy)
{
    return atomic_load(&proxy->peak);
}
