#include "base/stop.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>

bool base_stop_is_asked(const struct base_stop *stop)
{
    return base_stop_sleep(stop, 0);
}

bool base_stop_sleep(const struct base_stop *stop, int ms)
{
    struct pollfd event = {.fd = stop == NULL ? -1 : stop->fd, .events = POLLIN};
    int count;
    do {
        count = poll(&event, 1, ms);
    } while (count < 0 && errno == EINTR);
    return count > 0;
}
