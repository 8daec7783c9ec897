#include "bson_support.h"

#include "rpc/codec.h"
#include "server/bson_codec.h"
#include "tests/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct base_str bson_pack(struct base_arena *arena, const ProtobufCMessage *message)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = base_arena_alloc(arena, len);
    protobuf_c_message_pack(message, bytes);
    return base_str_make((const char *)bytes, len);
}

ProtobufCMessage *bson_message_of_hex(struct base_arena *arena,
                                      const ProtobufCMessageDescriptor *type, const char *hex)
{
    size_t len = strlen(hex) / 2;
    struct base_str wire = from_hex(hex, base_arena_alloc(arena, len), len);
    ProtobufCAllocator allocator = rpc_codec_allocator(arena);
    ProtobufCMessage *message =
        protobuf_c_message_unpack(type, &allocator, wire.len, (const uint8_t *)wire.data);
    assert_non_null(message);
    return message;
}

static const char *copy(struct base_arena *arena, const char *text)
{
    struct base_str out;
    assert_true(base_arena_copy(arena, base_str_of(text), &out));
    return out.data;
}

const char *bson_json_of_message(struct base_arena *arena, const ProtobufCMessage *message)
{
    bson_t document;
    struct base_err err;
    const char *out;
    bson_init(&document);
    if (srv_bson_encode(message, &document, &err)) {
        size_t offset;
        assert_true(bson_validate(&document, BSON_VALIDATE_UTF8, &offset));
        char *json = bson_as_canonical_extended_json(&document, NULL);
        out = copy(arena, json);
        bson_free(json);
    } else {
        char text[1024];
        snprintf(text, sizeof text, "%s: %s", base_code_name(err.code), err.message);
        out = copy(arena, text);
    }
    bson_destroy(&document);
    return out;
}

ProtobufCMessage *bson_message_of_json(struct base_arena *arena,
                                       const ProtobufCMessageDescriptor *type, const char *json,
                                       bool keep_unknown, struct base_err *err)
{
    bson_error_t error;
    ProtobufCMessage *message = NULL;
    bson_t *document = bson_new_from_json((const uint8_t *)json, -1, &error);
    if (document == NULL) {
        fail_msg("%s: %s", json, error.message);
    }
    bool ok = srv_bson_decode(type, document, keep_unknown, arena, &message, err);
    bson_destroy(document);
    return ok ? message : NULL;
}
