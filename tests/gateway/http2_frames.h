/* HTTP/2 frame by frame (RFC 9113 section 4) on raw connections to the front of front_fixture.h. */
#ifndef GATEWAY_HTTP2_FRAMES_H
#define GATEWAY_HTTP2_FRAMES_H

#include <stdbool.h>
#include <stddef.h>

/* What a client sends first. */
#define HTTP2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

enum {
    HTTP2_DATA = 0,
    HTTP2_HEADERS = 1,
    HTTP2_RST_STREAM = 3,
    HTTP2_SETTINGS = 4,
    HTTP2_GOAWAY = 7,
};
enum { HTTP2_END_STREAM = 1, HTTP2_END_HEADERS = 4 };
enum { HTTP2_REFUSED_STREAM = 7, HTTP2_CANCEL = 8 };

struct http2_frame {
    int type;
    int stream;
    unsigned number; /* the code of RST_STREAM, the last stream of GOAWAY */
};

/* Sends one frame, as raw_send_bytes does. */
void http2_send(int fd, int type, int flags, int stream, const void *payload, size_t len);

/* A connection to the front, ready for streams. */
int http2_connect(void);

/* GET /notes/42. */
void http2_get(int fd, int stream);

/* Reads the next frame; false when the front has closed, or nothing has come for ten seconds. */
bool http2_read(int fd, struct http2_frame *out_frame);

#endif
