/* The transcoder behind standard input, for differential.mjs: any number of requests may be written
 * before the first answer is read. All lengths are u32, little-endian.
 *
 *   request: length, then  's' FILE_DESCRIPTOR_SET         the schema from now on
 *                          'r' OPTIONS TYPE NUL JSON       JSON -> wire
 *                          'w' OPTIONS TYPE NUL WIRE       wire -> JSON
 *   answer:  length, then  '+' RESULT  or  '-' MESSAGE
 *
 * OPTIONS is one byte of the bits below. What breaks this protocol ends the program with status 2.
 */
#include "base/mem.h"
#include "gateway/transcode.h"

#include <stdio.h>
#include <stdlib.h>

#define FRAME_BYTES_MAX (size_t)(64 * 1024 * 1024)

#define IGNORE_UNKNOWN_FIELDS 1
#define PRINT_DEFAULTS 2
#define PRINT_PROTO_NAMES 4
#define PRINT_ENUM_NUMBERS 8

struct request {
    char kind;
    struct gw_transcode_options options;
    const struct gw_message *type;
    struct base_str input;
};

static void stop(const char *why)
{
    (void)fprintf(stderr, "transcode_testee: %s\n", why);
    exit(2);
}

/* Reads the next frame into `frame`; false at the end of the input. */
static bool read_frame(struct base_buf *frame)
{
    uint8_t prefix[4];
    size_t got = fread(prefix, 1, sizeof prefix, stdin);
    if (got == 0) {
        return false;
    }
    size_t len = (size_t)prefix[0] | (size_t)prefix[1] << 8 | (size_t)prefix[2] << 16 |
                 (size_t)prefix[3] << 24;
    frame->len = 0;
    if (got < sizeof prefix || len == 0 || !base_buf_reserve(frame, len) ||
        fread(frame->data, 1, len, stdin) != len) {
        stop("not a frame");
    }
    frame->len = len;
    return true;
}

static void write_frame(char status, struct base_str bytes)
{
    size_t len = bytes.len + 1;
    uint8_t prefix[5] = {(uint8_t)len, (uint8_t)(len >> 8), (uint8_t)(len >> 16),
                         (uint8_t)(len >> 24), (uint8_t)status};
    if (fwrite(prefix, 1, sizeof prefix, stdout) != sizeof prefix ||
        (bytes.len > 0 && fwrite(bytes.data, 1, bytes.len, stdout) != bytes.len)) {
        stop("the answer cannot be written");
    }
}

/* Puts a new schema of the set in the place of the old one. */
static void load(struct gw_schema **schema, struct base_str set)
{
    struct base_err err;
    gw_schema_destroy(*schema);
    *schema = gw_schema_create();
    if (gw_schema_add(*schema, set, &err)) {
        write_frame('+', BASE_STR(""));
    } else {
        write_frame('-', base_str_of(err.message));
    }
}

static struct request parse(const struct gw_schema *schema, struct base_str frame)
{
    const char *name = frame.data + 2;
    const char *end = frame.len < 3 ? NULL : memchr(name, '\0', frame.len - 2);
    if (schema == NULL || end == NULL) {
        stop("not a request");
    }
    unsigned bits = (unsigned char)frame.data[1];
    struct request request = {
        .kind = frame.data[0],
        .options = {.schema = schema,
                    .ignore_unknown_fields = (bits & IGNORE_UNKNOWN_FIELDS) != 0,
                    .print_defaults = (bits & PRINT_DEFAULTS) != 0,
                    .print_proto_names = (bits & PRINT_PROTO_NAMES) != 0,
                    .print_enum_numbers = (bits & PRINT_ENUM_NUMBERS) != 0},
        .type = gw_schema_message(schema, base_str_make(name, (size_t)(end - name))),
        .input = base_str_make(end + 1, frame.len - (size_t)(end + 1 - frame.data)),
    };
    if (request.type == NULL) {
        stop("no such type");
    }
    return request;
}

static void answer(const struct request *request, struct base_buf *out)
{
    struct base_err err;
    out->len = 0;
    bool ok = request->kind == 'r'
                  ? gw_json_to_wire(request->type, request->input, &request->options, out, &err)
                  : gw_wire_to_json(request->type, request->input, &request->options, out, &err);
    if (ok) {
        write_frame('+', base_buf_str(out));
    } else {
        write_frame('-', base_str_of(err.message));
    }
}

int main(void)
{
    struct gw_schema *schema = NULL;
    struct base_buf frame;
    struct base_buf out;
    base_buf_init(&frame, FRAME_BYTES_MAX);
    base_buf_init(&out, FRAME_BYTES_MAX);
    while (read_frame(&frame)) {
        if (frame.data[0] == 's') {
            load(&schema, base_str_make(frame.data + 1, frame.len - 1));
        } else {
            struct request request = parse(schema, base_buf_str(&frame));
            /* A copy of its own size, so that AddressSanitizer sees its end. */
            char *input = base_alloc(request.input.len == 0 ? 1 : request.input.len);
            memcpy(input, request.input.data, request.input.len);
            request.input.data = input;
            answer(&request, &out);
            base_free(input);
        }
        if (fflush(stdout) != 0) {
            stop("the answer cannot be written");
        }
    }
    gw_schema_destroy(schema);
    base_buf_dispose(&frame);
    base_buf_dispose(&out);
    return 0;
}
