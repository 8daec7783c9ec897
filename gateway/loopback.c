#include "gateway/loopback.h"

#include <arpa/inet.h>

/* Takes ":port" off the end; the colons of "[::1]" stay. */
static struct base_str host_of(struct base_str authority)
{
    const char *colon = authority.len == 0 ? NULL : memrchr(authority.data, ':', authority.len);
    bool is_port = colon != NULL && (authority.data[0] != '[' || colon[-1] == ']');
    return is_port ? base_str_make(authority.data, (size_t)(colon - authority.data)) : authority;
}

static bool is_ipv4_loopback(struct base_str host)
{
    char text[INET_ADDRSTRLEN];
    struct in_addr address;
    if (host.len == 0 || host.len >= sizeof text) {
        return false;
    }
    memcpy(text, host.data, host.len);
    text[host.len] = '\0';
    return inet_pton(AF_INET, text, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

bool gw_loopback_has(struct base_str authority)
{
    struct base_str host = host_of(authority);
    return base_str_eq_nocase(host, BASE_STR("localhost")) ||
           base_str_eq(host, BASE_STR("[::1]")) || is_ipv4_loopback(host);
}
