/* A document that decodes is one that encodes, and what that gives decodes to the same message; one
 * that does not says so. Input: a BSON document, in which the first four bytes, its length, are put
 * right. */
#include "bson_test.pb-c.h"
#include "server/bson_codec.h"
#include "tests/fuzz/fuzz.h"

#include <bson/bson.h>
#include <string.h>

#define TYPE (&bson_test__everything__descriptor)

/* Whether an error of the encoder is one that a document can lead to: a date fits its type, but
 * escaping makes map keys longer, and BSON's numbers grow. */
static bool is_expected(const struct base_err *err)
{
    return (err->code == BASE_INVALID_ARGUMENT &&
            (strstr(err->message, "a map key is too long") != NULL ||
             strstr(err->message, "out of a date's range") != NULL)) ||
           err->code == BASE_RESOURCE_EXHAUSTED;
}

static size_t packed_size(const ProtobufCMessage *message)
{
    return protobuf_c_message_get_packed_size(message);
}

static void check_again(const ProtobufCMessage *message, bool keep_unknown)
{
    struct base_arena arena;
    struct base_err err = {0};
    ProtobufCMessage *back;
    bson_t document;
    bson_init(&document);
    base_arena_init(&arena, (size_t)64 << 20);
    if (srv_bson_encode(message, &document, &err)) {
        FUZZ_CHECK(srv_bson_decode(TYPE, &document, keep_unknown, &arena, &back, &err));
        FUZZ_CHECK(packed_size(back) == packed_size(message));
    } else {
        FUZZ_CHECK(is_expected(&err));
    }
    base_arena_dispose(&arena);
    bson_destroy(&document);
}

static void check(const bson_t *document, bool keep_unknown)
{
    struct base_arena arena;
    struct base_err err = {0};
    ProtobufCMessage *message;
    base_arena_init(&arena, (size_t)64 << 20);
    if (srv_bson_decode(TYPE, document, keep_unknown, &arena, &message, &err)) {
        check_again(message, keep_unknown);
    } else {
        FUZZ_CHECK(err.code == BASE_DATA_LOSS || err.code == BASE_RESOURCE_EXHAUSTED);
        FUZZ_CHECK(err.message[0] != '\0');
    }
    base_arena_dispose(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 5) {
        return 0;
    }
    uint8_t *copy = malloc(size);
    bson_t document;
    memcpy(copy, data, size);
    uint32_t len = BSON_UINT32_TO_LE((uint32_t)size);
    memcpy(copy, &len, sizeof len);
    if (bson_init_static(&document, copy, size)) {
        check(&document, false);
        check(&document, true);
    }
    free(copy);
    return 0;
}
