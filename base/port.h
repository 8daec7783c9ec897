/* Port: the number of a TCP port as text, as it stands behind the colon of an address. */
#ifndef BASE_PORT_H
#define BASE_PORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Whether `text` is a number from 0 to 65535, in digits alone: getaddrinfo() and gRPC cut larger
 * ones down to another port. Any thread. */
static inline bool base_port_is_valid(const char *text)
{
    size_t len = strspn(text, "0123456789");
    /* At most five digits, so that the number fits. */
    return len > 0 && len <= 5 && text[len] == '\0' && strtoul(text, NULL, 10) <= UINT16_MAX;
}

#endif
