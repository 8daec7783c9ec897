#include "tests/base/stderr_capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

struct stderr_capture stderr_capture_begin(void)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct stderr_capture capture = {.read_fd = fds[0], .saved_fd = dup(STDERR_FILENO)};
    dup2(fds[1], STDERR_FILENO);
    close(fds[1]);
    return capture;
}

void stderr_capture_end(const struct stderr_capture *capture)
{
    dup2(capture->saved_fd, STDERR_FILENO);
    close(capture->saved_fd);
}
