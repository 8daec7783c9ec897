#include "gateway/http1_head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"

static void heads_that_leave_doubt_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *head;
        const char *reason; /* NULL: fine */
    } rows[] = {
        {"plain", GET "\r\n", NULL},
        {"a pipelined request behind it", GET "\r\nGET / HTTP/1.1\n", NULL},
        {"an empty line before it", "\r\n" GET "\r\n", NULL},
        {"content-length", POST "Content-Length: 2\r\n\r\n{}", NULL},
        {"chunked", POST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", NULL},
        {"chunked in capitals", POST "TRANSFER-ENCODING:  Chunked \r\n\r\n", NULL},
        {"HTTP/1.0 without host", "GET / HTTP/1.0\r\n\r\n", NULL},
        {"bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n",
         "a line ends in LF without CR"},
        {"bare LF after a header", "GET / HTTP/1.1\r\nHost: a\n\r\n",
         "a line ends in LF without CR"},
        {"bare LF at the end", GET "\n", "a line ends in LF without CR"},
        {"bare LF before it", "\n" GET "\r\n", "a line ends in LF without CR"},
        {"folded", GET "A: b\r\n c\r\n\r\n", "a header is folded over two lines"},
        {"folded by a tab", GET "A: b\r\n\tc\r\n\r\n", "a header is folded over two lines"},
        {"both", POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
         "both Content-Length and Transfer-Encoding"},
        {"both, the other way", POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
         "both Content-Length and Transfer-Encoding"},
        {"two lengths", POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
         "Content-Length more than once"},
        {"two lengths alike", POST "Content-Length: 5\r\ncontent-length: 5\r\n\r\n",
         "Content-Length more than once"},
        {"a list of lengths", POST "Content-Length: 5, 5\r\n\r\n",
         "Content-Length is not a number"},
        {"a signed length", POST "Content-Length: +5\r\n\r\n", "Content-Length is not a number"},
        {"an empty length", POST "Content-Length:\r\n\r\n", "Content-Length is not a number"},
        {"cow, then chunked",
         POST "TE: x\r\nTransfer-Encoding: cow\r\nTransfer-Encoding: chunked"
              "\r\n\r\n",
         "Transfer-Encoding is not chunked"},
        {"gzip, chunked", POST "Transfer-Encoding: gzip, chunked\r\n\r\n",
         "Transfer-Encoding is not chunked"},
        {"chunked twice", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
         "Transfer-Encoding more than once"},
        {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
         "Transfer-Encoding in HTTP/1.0"},
        {"no host", "GET / HTTP/1.1\r\n\r\n", "exactly one Host is needed"},
        {"two hosts", GET "host: b\r\n\r\n", "exactly one Host is needed"},
        {"two hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
         "exactly one Host is needed"},
        {"no colon", GET "abc\r\n\r\n", "a header has no colon"},
        {"no end", GET, "the head does not end"},
        {"nothing", "", "the head does not end"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct base_err err = {.code = BASE_OK};
        bool fine = gw_http1_head_check(base_str_of(rows[i].head), &err);
        if (fine != (rows[i].reason == NULL)) {
            fail_msg("%s: %s", rows[i].name, fine ? "accepted" : err.message);
        }
        if (!fine) {
            assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
            assert_memory_equal(err.message, "malformed HTTP request: ", 24);
            assert_string_equal(err.message + 24, rows[i].reason);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_that_leave_doubt_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
