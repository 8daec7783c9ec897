/* Random messages, by descriptor, go to BSON and come back the same. TOLLGATE_TEST_SEED repeats a
 * run, TOLLGATE_TEST_CASES lengthens it. */
#include "server/bson_codec.h"

#include "bson_legacy.pb-c.h"
#include "bson_support.h"
#include "bson_test.pb-c.h"
#include "server/bson_field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define CASES 20000
#define DEPTH_MAX 4

struct source {
    uint64_t state;
    struct base_arena *arena;
    int depth;
};

/* splitmix64, by Sebastiano Vigna, who put it in the public domain. */
static uint64_t next(struct source *source)
{
    uint64_t z = source->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static size_t below(struct source *source, size_t bound)
{
    return (size_t)(next(source) % bound);
}

static void *allocate(struct source *source, size_t size)
{
    void *out = base_arena_calloc(source->arena, size);
    assert_non_null(out);
    return out;
}

/* Small numbers, powers of two and their neighbours, and any bits at all. */
static uint64_t random_bits(struct source *source)
{
    switch (below(source, 4)) {
    case 0:
        return below(source, 10);
    case 1:
        return 0 - (uint64_t)below(source, 10);
    case 2:
        return (UINT64_C(1) << below(source, 64)) - below(source, 2);
    default:
        return next(source);
    }
}

static char *random_text(struct source *source)
{
    static const char *const pieces[] = {
        "a",  "B",  ".", "$", "%", "%2E", "_id", "\xc3\xbc", " ", "\n", "\xf0\x9f\x98\x80",
        "\"", "\\", "0"};
    size_t count = below(source, 8);
    char *text = allocate(source, count * 4 + 1);
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        const char *piece = pieces[below(source, sizeof pieces / sizeof *pieces)];
        memcpy(text + len, piece, strlen(piece));
        len += strlen(piece);
    }
    return text;
}

static double random_double(struct source *source)
{
    static const double special[] = {
        0.0, -0.0, 1.5, -1e300, 5e-324, __builtin_inf(), -__builtin_inf(), __builtin_nan("")};
    return special[below(source, sizeof special / sizeof *special)];
}

static ProtobufCBinaryData random_bytes(struct source *source)
{
    ProtobufCBinaryData bytes = {below(source, 6), NULL};
    bytes.data = allocate(source, bytes.len);
    for (size_t i = 0; i < bytes.len; i++) {
        bytes.data[i] = (uint8_t)next(source);
    }
    return bytes;
}

static ProtobufCMessage *random_time(struct source *source)
{
    Google__Protobuf__Timestamp *time = allocate(source, sizeof *time);
    google__protobuf__timestamp__init(time);
    /* Years 1 to 9999. */
    time->seconds = (int64_t)(next(source) % 315537897600) - 62135596800;
    time->nanos = (int32_t)below(source, 1000000000);
    if (below(source, 2) == 0) {
        time->nanos = time->nanos / 1000000 * 1000000;
    }
    return &time->base;
}

static ProtobufCMessage *random_message(struct source *source,
                                        const ProtobufCMessageDescriptor *type);

/* A flat table of the types. */
static void put_value(struct source *source, const ProtobufCFieldDescriptor *field, void *out)
{
    const ProtobufCEnumDescriptor *values = field->descriptor;
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        *(ProtobufCMessage **)out = random_message(source, field->descriptor);
        break;
    case PROTOBUF_C_TYPE_STRING:
        *(char **)out = random_text(source);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        *(ProtobufCBinaryData *)out = random_bytes(source);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)out = (protobuf_c_boolean)below(source, 2);
        break;
    case PROTOBUF_C_TYPE_ENUM:
        *(int32_t *)out = below(source, 4) == 0
                              ? (int32_t)random_bits(source)
                              : values->values[below(source, values->n_values)].value;
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        *(float *)out = (float)below(source, 1000) / 8 - 60;
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        *(double *)out = random_double(source);
        break;
    default:
        if (srv_bson_value_size(field->type) == sizeof(uint64_t)) {
            *(uint64_t *)out = random_bits(source);
        } else {
            *(uint32_t *)out = (uint32_t)random_bits(source);
        }
    }
}

/* An entry must still get its value. */
static void put_list(struct source *source, const ProtobufCFieldDescriptor *field,
                     ProtobufCMessage *message)
{
    size_t count = source->depth >= DEPTH_MAX - 1 && field->type == PROTOBUF_C_TYPE_MESSAGE
                       ? 0
                       : below(source, 4);
    size_t size = srv_bson_value_size(field->type);
    char *elements = allocate(source, count * size);
    for (size_t i = 0; i < count; i++) {
        put_value(source, field, elements + i * size);
    }
    *(size_t *)((char *)message + field->quantifier_offset) = count;
    *(void **)((char *)message + field->offset) = elements;
}

static void put_field(struct source *source, const ProtobufCFieldDescriptor *field,
                      ProtobufCMessage *message)
{
    bool is_deep = field->type == PROTOBUF_C_TYPE_MESSAGE && source->depth >= DEPTH_MAX;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        put_list(source, field, message);
    } else if (!is_deep) {
        put_value(source, field, (char *)message + field->offset);
        srv_bson_mark_set(field, message);
    }
}

/* Half of the fields, but both of a map's entry. */
static ProtobufCMessage *random_message(struct source *source,
                                        const ProtobufCMessageDescriptor *type)
{
    if (type == &google__protobuf__timestamp__descriptor) {
        return random_time(source);
    }
    bool is_entry = base_str_ends_with(base_str_of(type->short_name), BASE_STR("Entry"));
    ProtobufCMessage *message = allocate(source, type->sizeof_message);
    protobuf_c_message_init(type, message);
    source->depth++;
    for (unsigned i = 0; i < type->n_fields; i++) {
        if (is_entry || below(source, 2) == 0) {
            put_field(source, &type->fields[i], message);
        }
    }
    source->depth--;
    return message;
}

static void check_one(struct source *source, const ProtobufCMessageDescriptor *type, size_t number)
{
    bson_t document;
    struct base_err err;
    ProtobufCMessage *message = random_message(source, type);
    ProtobufCMessage *back;
    bson_init(&document);
    if (!srv_bson_encode(message, &document, &err) ||
        !srv_bson_decode(type, &document, number % 2 == 0, source->arena, &back, &err)) {
        fail_msg("case %zu, %s: %s", number, type->name, err.message);
    }
    if (!base_str_eq(bson_pack(source->arena, message), bson_pack(source->arena, back))) {
        fail_msg("case %zu, %s: comes back as another message:\n%s\n%s", number, type->name,
                 bson_json_of_message(source->arena, message),
                 bson_json_of_message(source->arena, back));
    }
    bson_destroy(&document);
}

static uint64_t number_of_environment(const char *name, uint64_t otherwise)
{
    const char *given = getenv(name);
    return given == NULL ? otherwise : strtoull(given, NULL, 10);
}

static void comes_back_the_same(void **state)
{
    (void)state;
    static const ProtobufCMessageDescriptor *const types[] = {
        &bson_test__everything__descriptor, &bson_legacy__legacy__descriptor,
        &bson_test__lists__descriptor,      &bson_test__tree__descriptor,
        &bson_test__choice__descriptor,     &bson_test__string_map__descriptor,
        &bson_test__uint64_map__descriptor, &bson_test__time_map__descriptor,
    };
    struct base_arena arena;
    uint64_t seed = number_of_environment("TOLLGATE_TEST_SEED", (uint64_t)time(NULL));
    uint64_t cases = number_of_environment("TOLLGATE_TEST_CASES", CASES);
    print_message("TOLLGATE_TEST_SEED=%llu\n", (unsigned long long)seed);
    struct source source = {.state = seed, .arena = &arena};
    base_arena_init(&arena, BSON_SUPPORT_ARENA_BYTES);
    for (size_t i = 0; i < cases; i++) {
        check_one(&source, types[i % 16 == 0 ? 0 : 1 + i % 7], i);
        base_arena_reset(&arena);
    }
    base_arena_dispose(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_the_same),
    };
    return cmocka_run_group_tests_name("bson_random", tests, NULL, NULL);
}
