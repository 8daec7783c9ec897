/* Standard error, led into a pipe and back. Test thread; asserts that the pipe can be made. */
#ifndef BASE_STDERR_CAPTURE_H
#define BASE_STDERR_CAPTURE_H

struct stderr_capture {
    int read_fd; /* what is written comes out here; owned by who captures, from begin on */
    int saved_fd;
};

struct stderr_capture stderr_capture_begin(void);

/* Gives standard error back. What was written can still be read. */
void stderr_capture_end(const struct stderr_capture *capture);

#endif
