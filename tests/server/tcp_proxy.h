/* TCP proxy: between a client of ours and its server, to make the network misbehave.
 *
 * One thread passes bytes on. Stalled, it still holds every connection and takes new ones, but
 * passes nothing on: what a network that swallows packets looks like from both ends.
 */
#ifndef SERVER_TCP_PROXY_H
#define SERVER_TCP_PROXY_H

#include <stdbool.h>
#include <stddef.h>

struct tcp_proxy;

/* Returns owned a proxy from a free port of 127.0.0.1 to `upstream_port` there. With `port` not 0
 * that port is taken. Fails the test when it cannot. */
struct tcp_proxy *tcp_proxy_open(int port, int upstream_port);

/* Cuts all connections. Accepts NULL. */
void tcp_proxy_close(struct tcp_proxy *proxy);

int tcp_proxy_port(const struct tcp_proxy *proxy);

void tcp_proxy_stall(struct tcp_proxy *proxy, bool is_stalled);

/* Loses every packet that clients send on the connections that there are, acknowledgements too:
 * what they see of a machine that has lost power. New connections work. */
void tcp_proxy_lose(struct tcp_proxy *proxy);

/* Bytes that the server has sent so far. */
size_t tcp_proxy_received(const struct tcp_proxy *proxy);

/* The most connections there were at once. */
size_t tcp_proxy_peak(const struct tcp_proxy *proxy);

#endif
