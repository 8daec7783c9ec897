/* Texts: the JSON that the transcoder is measured on. */
#ifndef BENCH_TRANSCODE_TEXTS_H
#define BENCH_TRANSCODE_TEXTS_H

#include "base/buf.h"

#define BENCH_TEXT_COUNT 6

struct bench_text {
    const char *title;
    const char *type;   /* of bench.proto */
    double read_target; /* times as fast as C++ protobuf; 0 for none */
    double write_target;
    struct base_buf json; /* owned */
};

/* Makes all of them, the same in every run. */
void bench_texts_make(struct bench_text texts[BENCH_TEXT_COUNT]);
void bench_texts_dispose(struct bench_text texts[BENCH_TEXT_COUNT]);

#endif
