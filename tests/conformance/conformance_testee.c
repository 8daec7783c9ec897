/* The testee of protobuf's conformance suite: reads a message in one format, answers in another.
 *
 *   conformance_testee DESCRIPTOR_SET    speaks over standard input and output
 *
 * A request is a length of four bytes, lowest first, and a conformance.ConformanceRequest; so is
 * each answer, with a ConformanceResponse. All of it goes through what the gateway itself uses:
 * JSON becomes wire bytes and wire bytes JSON by gateway/transcode.h, wire bytes become wire bytes
 * by gateway/wire_normal.h. Text format is skipped.
 */
#include "base/wire.h"
#include "gateway/transcode.h"
#include "gateway/wire_normal.h"

#include <stdio.h>
#include <stdlib.h>

/* Bytes of a descriptor set, a request and an answer. */
#define BYTES_MAX (size_t)(64 * 1024 * 1024)

/* Field numbers and values of conformance.proto. */
enum {
    REQUEST_PROTOBUF = 1,
    REQUEST_JSON = 2,
    REQUEST_FORMAT = 3,
    REQUEST_TYPE = 4,
    REQUEST_CATEGORY = 5,
    REQUEST_JSPB = 7,
    REQUEST_TEXT = 8
};
enum {
    PARSE_ERROR = 1,
    RUNTIME_ERROR = 2,
    PROTOBUF_PAYLOAD = 3,
    JSON_PAYLOAD = 4,
    SKIPPED = 5,
    SERIALIZE_ERROR = 6
};
enum { FORMAT_PROTOBUF = 1, FORMAT_JSON = 2 };
enum { CATEGORY_JSON_IGNORE_UNKNOWN = 3 };

struct request {
    uint32_t payload_kind; /* REQUEST_PROTOBUF, _JSON, _JSPB or _TEXT */
    struct base_str payload;
    struct base_str type_name;
    uint64_t format;
    uint64_t category;
};

static bool read_request(struct base_str wire, struct request *out_request)
{
    struct base_wire_reader reader = base_wire_reader_make(wire);
    *out_request = (struct request){.payload = BASE_STR("")};
    while (!base_wire_at_end(&reader)) {
        struct base_wire_record record;
        if (!base_wire_next(&reader, &record)) {
            return false;
        }
        switch (record.number) {
        case REQUEST_PROTOBUF:
        case REQUEST_JSON:
        case REQUEST_JSPB:
        case REQUEST_TEXT:
            out_request->payload_kind = record.number;
            out_request->payload = record.bytes;
            break;
        case REQUEST_FORMAT:
            out_request->format = record.scalar;
            break;
        case REQUEST_TYPE:
            out_request->type_name = record.bytes;
            break;
        case REQUEST_CATEGORY:
            out_request->category = record.scalar;
            break;
        default:
            break;
        }
    }
    return true;
}

/* Appends a field of ConformanceResponse. */
static void answer(struct base_buf *out, uint32_t field, struct base_str text)
{
    uint8_t head[2 * BASE_VARINT_BYTES_MAX];
    uint8_t *end = base_wire_put_varint(head, (uint64_t)field << 3 | BASE_WIRE_LEN);
    end = base_wire_put_varint(end, text.len);
    if (!base_buf_append(out, head, (size_t)(end - head)) || !base_buf_append_str(out, text)) {
        (void)fprintf(stderr, "conformance_testee: an answer of more than %zu bytes\n", BYTES_MAX);
        exit(1);
    }
}

/* Reads the payload into wire bytes, which is what the gateway keeps of a message. */
static bool parse(const struct request *request, const struct gw_message *type,
                  const struct gw_transcode_options *options, struct base_buf *wire,
                  struct base_err *err)
{
    return request->payload_kind == REQUEST_JSON
               ? gw_json_to_wire(type, request->payload, options, wire, err)
               : gw_wire_normalize(type, request->payload, NULL, wire, err);
}

static void convert(const struct gw_schema *schema, const struct request *request,
                    struct base_buf *out)
{
    const struct gw_message *type = gw_schema_message(schema, request->type_name);
    bool from_json = request->payload_kind == REQUEST_JSON;
    bool is_skipped = (!from_json && request->payload_kind != REQUEST_PROTOBUF) ||
                      (request->format != FORMAT_PROTOBUF && request->format != FORMAT_JSON);
    if (is_skipped || type == NULL) {
        answer(out, is_skipped ? SKIPPED : RUNTIME_ERROR,
               is_skipped ? BASE_STR("a format the gateway does not speak")
                          : BASE_STR("no such type"));
        return;
    }
    struct gw_transcode_options options = {
        .schema = schema,
        .ignore_unknown_fields = request->category == CATEGORY_JSON_IGNORE_UNKNOWN,
    };
    struct base_buf wire;
    struct base_buf json;
    struct base_err err;
    base_buf_init(&wire, BYTES_MAX);
    base_buf_init(&json, BYTES_MAX);
    /* JSON is made of wire bytes as they came, not of their normal form. */
    if (!parse(request, type, &options, &wire, &err)) {
        answer(out, PARSE_ERROR, base_str_of(err.message));
    } else if (request->format == FORMAT_PROTOBUF) {
        answer(out, PROTOBUF_PAYLOAD, base_buf_str(&wire));
    } else if (gw_wire_to_json(type, from_json ? base_buf_str(&wire) : request->payload, &options,
                               &json, &err)) {
        answer(out, JSON_PAYLOAD, base_buf_str(&json));
    } else {
        answer(out, SERIALIZE_ERROR, base_str_of(err.message));
    }
    base_buf_dispose(&json);
    base_buf_dispose(&wire);
}

/* Answers one request; the runner's first asks for the failures to expect, of which
 * there are none. */
static void serve(const struct gw_schema *schema, struct base_str wire, struct base_buf *out)
{
    struct request request;
    if (!read_request(wire, &request)) {
        answer(out, RUNTIME_ERROR, BASE_STR("the request is damaged"));
    } else if (base_str_eq(request.type_name, BASE_STR("conformance.FailureSet"))) {
        answer(out, PROTOBUF_PAYLOAD, BASE_STR(""));
    } else {
        convert(schema, &request, out);
    }
}

static bool read_exactly(FILE *file, struct base_buf *buf, size_t len)
{
    if (!base_buf_reserve(buf, len) || fread(base_buf_end(buf), 1, len, file) != len) {
        return false;
    }
    buf->len += len;
    return true;
}

static bool read_length(size_t *out_len)
{
    uint8_t bytes[4];
    if (fread(bytes, 1, sizeof bytes, stdin) != sizeof bytes) {
        return false;
    }
    *out_len =
        (size_t)bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 24;
    return true;
}

static void write_message(struct base_str message)
{
    uint8_t bytes[4];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(message.len >> 8 * i);
    }
    (void)fwrite(bytes, 1, sizeof bytes, stdout);
    (void)fwrite(message.data, 1, message.len, stdout);
    (void)fflush(stdout);
}

/* Returns owned the schema of the file; ends the program when there is none. */
static struct gw_schema *load_schema(const char *name)
{
    struct gw_schema *schema = gw_schema_create();
    struct base_buf set;
    struct base_err err = {.message = "cannot be read"};
    base_buf_init(&set, BYTES_MAX);
    FILE *file = fopen(name, "rb");
    bool ok = file != NULL && fseek(file, 0, SEEK_END) == 0;
    long size = ok ? ftell(file) : -1;
    if (size < 0 || fseek(file, 0, SEEK_SET) != 0 || !read_exactly(file, &set, (size_t)size) ||
        !gw_schema_add(schema, base_buf_str(&set), &err)) {
        (void)fprintf(stderr, "conformance_testee: %s: %s\n", name, err.message);
        exit(2);
    }
    (void)fclose(file);
    base_buf_dispose(&set);
    return schema;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        (void)fprintf(stderr, "usage: conformance_testee DESCRIPTOR_SET\n");
        return 2;
    }
    struct gw_schema *schema = load_schema(argv[argc - 1]); /* the runner repeats the program */
    struct base_buf request;
    struct base_buf response;
    base_buf_init(&request, BYTES_MAX);
    base_buf_init(&response, BYTES_MAX);
    size_t len;
    while (read_length(&len) && read_exactly(stdin, &request, len)) {
        serve(schema, base_buf_str(&request), &response);
        write_message(base_buf_str(&response));
        request.len = 0;
        response.len = 0;
    }
    base_buf_dispose(&request);
    base_buf_dispose(&response);
    gw_schema_destroy(schema);
    return 0;
}
