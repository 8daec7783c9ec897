#include "base/wire.h"
#include "codec_test.pb-c.h"
#include "google/protobuf/descriptor.pb-c.h"
#include "rpc/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ARENA_BYTES (size_t)(16 * 1024 * 1024)
#define WIRE_BYTES_MAX (size_t)4096

/* The base_str of a literal, in an initialiser. */
#define W(literal)                                                                                 \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }

static const ProtobufCMessageDescriptor *const tree = &codec_test__tree__descriptor;
static const ProtobufCMessageDescriptor *const leaf = &codec_test__leaf__descriptor;

/* Unpacks and packs again into `out`. */
static bool again(const ProtobufCMessageDescriptor *type, struct base_str wire,
                  struct base_buf *out, struct base_err *err)
{
    struct base_arena arena;
    base_arena_init(&arena, ARENA_BYTES);
    ProtobufCMessage *message;
    bool ok =
        rpc_codec_unpack(type, wire, &arena, &message, err) && rpc_codec_pack(message, out, err);
    base_arena_dispose(&arena);
    return ok;
}

static void check(const ProtobufCMessageDescriptor *type, struct base_str wire,
                  struct base_str expected)
{
    struct base_err err;
    struct base_buf out;
    base_buf_init(&out, 2 * WIRE_BYTES_MAX);
    if (!again(type, wire, &out, &err)) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(out.len, expected.len);
    if (out.len > 0) {
        assert_memory_equal(out.data, expected.data, out.len);
    }
    base_buf_dispose(&out);
}

static const struct {
    const char *name;
    struct base_str wire;
    struct base_str same; /* an ordinary encoding that means the same */
} equal_rows[] = {
    {"nothing", W(""), W("")},
    {"scalars", W("\x0a\x04\x08\x05\x28\x01"), W("\x0a\x04\x08\x05\x28\x01")},
    {"last scalar wins", W("\x0a\x04\x08\x05\x08\x06"), W("\x0a\x02\x08\x06")},
    {"message twice keeps the earlier scalar", W("\x0a\x02\x08\x05\x0a\x03\x12\x01x"),
     W("\x0a\x05\x08\x05\x12\x01x")},
    {"message twice, later scalar wins", W("\x0a\x02\x08\x05\x0a\x02\x08\x06"),
     W("\x0a\x02\x08\x06")},
    {"message twice, later empty bytes win", W("\x0a\x03\x1a\x01x\x0a\x02\x1a\x00"), W("\x0a\x00")},
    {"message twice, lists are joined", W("\x0a\x03\x22\x01\x01\x0a\x03\x22\x01\x02"),
     W("\x0a\x04\x22\x02\x01\x02")},
    {"message twice with another field between",
     W("\x0a\x02\x08\x05\x69\x00\x00\x00\x00\x00\x00\x00\x00\x0a\x02\x28\x01"),
     W("\x0a\x04\x08\x05\x28\x01")},
    {"message three times, twice inside",
     W("\x0a\x04\x52\x02\x08\x01\x0a\x05\x52\x03\x12\x01x\x0a\x04\x52\x02\x28\x01"),
     W("\x0a\x09\x52\x07\x08\x01\x12\x01x\x28\x01")},
    {"message in a oneof twice", W("\x1a\x02\x08\x05\x1a\x03\x12\x01x"),
     W("\x1a\x05\x08\x05\x12\x01x")},
    {"oneof: another member between starts afresh",
     W("\x1a\x02\x08\x05\x22\x02\x08\x06\x1a\x03\x12\x01x"), W("\x1a\x03\x12\x01x")},
    {"oneof: a scalar between starts afresh", W("\x1a\x02\x08\x05\x2a\x01n\x1a\x03\x12\x01x"),
     W("\x1a\x03\x12\x01x")},
    {"oneof: a scalar at the end", W("\x1a\x02\x08\x05\x1a\x02\x28\x01\x30\x07"), W("\x30\x07")},
    {"oneof inside a message twice, unset in the later", W("\x0a\x02\x30\x07\x0a\x02\x28\x01"),
     W("\x0a\x04\x28\x01\x30\x07")},
    {"oneof inside a message twice, set to another in the later",
     W("\x0a\x02\x30\x07\x0a\x03\x3a\x01x"), W("\x0a\x03\x3a\x01x")},
    {"oneof message inside a message twice", W("\x0a\x04\x42\x02\x08\x01\x0a\x04\x42\x02\x28\x01"),
     W("\x0a\x06\x42\x04\x08\x01\x28\x01")},
    {"message twice inside an element",
     W("\x12\x08\x52\x02\x08\x01\x52\x02\x28\x01\x12\x02\x08\x02"),
     W("\x12\x06\x52\x04\x08\x01\x28\x01\x12\x02\x08\x02")},
    {"map value twice in one entry", W("\x5a\x0b\x0a\x01k\x12\x02\x08\x01\x12\x02\x28\x01"),
     W("\x5a\x09\x0a\x01k\x12\x04\x08\x01\x28\x01")},
    {"packed and unpacked mixed", W("\x38\x02\x3a\x02\x04\x06\x38\x08"),
     W("\x3a\x04\x02\x04\x06\x08")},
    {"packed fixed and unpacked mixed", W("\x45\x01\x00\x00\x00\x42\x04\x02\x00\x00\x00"),
     W("\x42\x08\x01\x00\x00\x00\x02\x00\x00\x00")},
    {"empty packed field", W("\x3a\x00"), W("")},
    {"bools longer than they need be", W("\x4a\x03\x81\x00\x00"), W("\x4a\x02\x01\x00")},
    {"unknown group is left out", W("\xa3\x06\x08\x01\xa4\x06\x0a\x02\x08\x05"),
     W("\x0a\x02\x08\x05")},
    {"group in a group, with a known field's number", W("\x0b\x0b\x0c\x0c\x68\x01"), W("")},
    {"group inside a message", W("\x0a\x06\x7b\x7c\x08\x05\x28\x01"),
     W("\x0a\x04\x08\x05\x28\x01")},
    {"a bool of eight bytes is unknown", W("\x0a\x0b\x29\x01\x00\x00\x00\x00\x00\x00\x00\x08\x05"),
     W("\x0a\x02\x08\x05")},
    {"a bool as bytes is unknown", W("\x0a\x05\x2a\x01\x01\x08\x05"), W("\x0a\x02\x08\x05")},
    {"a message as a varint is unknown", W("\x08\x01"), W("")},
    {"a fixed32 as a varint is unknown", W("\x68\x01"), W("")},
    {"a string as fixed32 in a list is unknown", W("\x7d\x01\x00\x00\x00\x7a\x01n"),
     W("\x7a\x01n")},
    {"a foreign wire type does not end a oneof", W("\x1a\x02\x08\x05\x28\x01"),
     W("\x1a\x02\x08\x05")},
    {"unknown field is kept", W("\xa0\x06\x01"), W("\xa0\x06\x01")},
    {"unknown field is kept beside a merge", W("\xa0\x06\x01\x0a\x02\x08\x05\x0a\x02\x28\x01"),
     W("\x0a\x04\x08\x05\x28\x01\xa0\x06\x01")},
    {"numbers longer than they need be", W("\x8a\x80\x00\x82\x00\x08\x05"), W("\x0a\x02\x08\x05")},
    {"negative int32 in ten bytes", W("\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
     W("\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")},
    {"text of every length of character",
     W("\x2a\x0c"
       "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"
       "bc"),
     W("\x2a\x0c"
       "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"
       "bc")},
    {"bytes may hold anything", W("\x0a\x05\x1a\x03\x00\xff\xc0"),
     W("\x0a\x05\x1a\x03\x00\xff\xc0")},
};

static void test_equal_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof equal_rows / sizeof *equal_rows; i++) {
        print_message("  %s\n", equal_rows[i].name);
        check(tree, equal_rows[i].wire, equal_rows[i].same);
    }
}

static const struct {
    const char *name;
    struct base_str wire;
    const char *message;
} refused_rows[] = {
    {"tag breaks off", W("\x80"), "message at byte 0: a varint breaks off"},
    {"field 0", W("\x00\x01"), "message at byte 0: a field number is out of range"},
    {"field 0, longer than it need be", W("\x80\x00\x01"),
     "message at byte 0: a field number is out of range"},
    {"field past 2^29-1", W("\x80\x80\x80\x80\x10\x01"),
     "message at byte 0: a field number is out of range"},
    {"tag of six bytes", W("\x88\x80\x80\x80\x80\x00\x01"),
     "message at byte 0: a varint is too long"},
    {"wire type 6", W("\x0e"), "message at byte 0: a wire type is unknown"},
    {"wire type 7", W("\x0f"), "message at byte 0: a wire type is unknown"},
    {"varint breaks off", W("\x70\x80"), "message at byte 1: a varint breaks off"},
    {"varint is missing", W("\x70"), "message at byte 1: a varint breaks off"},
    {"varint of eleven bytes", W("\x70\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"),
     "message at byte 1: a varint is too long"},
    {"varint past 64 bits", W("\x70\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02"),
     "message at byte 1: a varint is too long"},
    {"fixed32 breaks off", W("\x6d\x00\x00\x00"), "message at byte 1: a field breaks off"},
    {"fixed64 breaks off", W("\x51\x00\x00\x00\x00"), "message at byte 1: a field breaks off"},
    {"length past the end", W("\x0a\x02\x08"), "message at byte 2: a field breaks off"},
    {"length past the end inside", W("\x0a\x03\x12\x05x"),
     "message at byte 4, leaf: a field breaks off"},
    {"length of 2^31", W("\x0a\x80\x80\x80\x80\x08"), "message at byte 6: a field breaks off"},
    {"length of six bytes", W("\x0a\x80\x80\x80\x80\x80\x00"),
     "message at byte 1: a varint is too long"},
    {"packed varint breaks off", W("\x3a\x01\x80"),
     "message at byte 0, packed: a packed field breaks off"},
    {"packed fixed32 breaks off", W("\x42\x03\x00\x00\x00"),
     "message at byte 0, fixed: a packed field breaks off"},
    {"packed double breaks off", W("\x62\x04\x00\x00\x00\x00"),
     "message at byte 0, doubles: a packed field breaks off"},
    {"group does not end", W("\x7b\x08\x01"), "message at byte 3: a group does not end"},
    {"group ends that did not start", W("\x7c"),
     "message at byte 1: a group ends that did not start"},
    {"group ends as another", W("\x7b\x74"), "message at byte 2: a group ends that did not start"},
    {"group crosses a message's end", W("\x0a\x01\x7b\x7c"),
     "message at byte 3, leaf: a group does not end"},
    {"not UTF-8", W("\x2a\x02x\xff"), "message at byte 3, name: a string is not valid UTF-8"},
    {"UTF-8 breaks off", W("\x2a\x02\xe2\x82"),
     "message at byte 2, name: a string is not valid UTF-8"},
    {"surrogate in UTF-8", W("\x2a\x03\xed\xa0\x80"),
     "message at byte 2, name: a string is not valid UTF-8"},
    {"overlong UTF-8", W("\x2a\x02\xc0\x80"),
     "message at byte 2, name: a string is not valid UTF-8"},
    {"past U+10FFFF", W("\x2a\x04\xf4\x90\x80\x80"),
     "message at byte 2, name: a string is not valid UTF-8"},
    {"not UTF-8 in a list", W("\x7a\x01x\x7a\x01\xff"),
     "message at byte 5, names: a string is not valid UTF-8"},
    {"not UTF-8 in a map's key", W("\x5a\x03\x0a\x01\xff"),
     "message at byte 4, by_name.key: a string is not valid UTF-8"},
    {"not UTF-8 deep inside", W("\x12\x07\x52\x05\x52\x03\x12\x01\xff"),
     "message at byte 8, leaves.nested.nested.text: a string is not valid UTF-8"},
    {"NUL in a string", W("\x2a\x03x\x00y"),
     "name: a string contains U+0000, which is not supported"},
};

static void test_refused_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused_rows / sizeof *refused_rows; i++) {
        print_message("  %s\n", refused_rows[i].name);
        struct base_err err;
        struct base_buf out;
        base_buf_init(&out, WIRE_BYTES_MAX);
        assert_false(again(tree, refused_rows[i].wire, &out, &err));
        assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
        assert_string_equal(err.message, refused_rows[i].message);
        base_buf_dispose(&out);
    }
}

/* `depth` messages inside each other, as field 10 of Leaf, built from the inside out. */
static struct base_str nest(size_t depth, char *end)
{
    char *start = end;
    for (size_t i = 0; i < depth; i++) {
        size_t len = (size_t)(end - start);
        if (len >= 0x80) {
            *--start = (char)(len >> 7);
            *--start = (char)(len | 0x80);
        } else {
            *--start = (char)len;
        }
        *--start = 0x52;
    }
    return base_str_make(start, (size_t)(end - start));
}

static void test_nesting(void **state)
{
    (void)state;
    static char wire[1024];
    struct base_str deepest = nest(RPC_CODEC_NESTING_MAX, wire + sizeof wire);
    check(leaf, deepest, deepest);
    struct base_err err;
    struct base_buf out;
    base_buf_init(&out, WIRE_BYTES_MAX);
    struct base_str too_deep = nest(RPC_CODEC_NESTING_MAX + 1, wire + sizeof wire);
    assert_false(again(leaf, too_deep, &out, &err));
    assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, ", nested.nested.nested."));
    assert_non_null(strstr(err.message, ": messages are nested too deep"));
    base_buf_dispose(&out);
}

static void test_groups_nested_too_deep(void **state)
{
    (void)state;
    char wire[202];
    memset(wire, 0x7b, sizeof wire);
    memset(wire + 100, 0x7c, 100);
    check(tree, base_str_make(wire, 200), BASE_STR(""));
    memset(wire, 0x7b, 101);
    memset(wire + 101, 0x7c, 101);
    struct base_err err;
    struct base_buf out;
    base_buf_init(&out, WIRE_BYTES_MAX);
    assert_false(again(tree, base_str_make(wire, 202), &out, &err));
    assert_string_equal(err.message, "message at byte 101: groups are nested too deep");
    base_buf_dispose(&out);
}

static void test_required_field(void **state)
{
    (void)state;
    struct base_err err;
    struct base_buf out;
    base_buf_init(&out, WIRE_BYTES_MAX);
    const ProtobufCMessageDescriptor *type =
        &google__protobuf__uninterpreted_option__name_part__descriptor;
    assert_false(again(type, BASE_STR("\n\1x"), &out, &err));
    assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
    assert_string_equal(err.message,
                        "message google.protobuf.UninterpretedOption.NamePart lacks a required "
                        "field");
    base_buf_dispose(&out);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct base_str wire;
    } rows[] = {
        {"ordinary", W("\x0a\x02\x08\x05")},
        {"rewritten", W("\x0a\x02\x08\x05\x0a\x02\x28\x01")},
    };
    for (size_t i = 0; i < 2; i++) {
        for (size_t cap = 0; cap < 256; cap += 16) {
            struct base_err err;
            struct base_arena arena;
            base_arena_init(&arena, cap);
            ProtobufCMessage *message;
            assert_false(rpc_codec_unpack(tree, rows[i].wire, &arena, &message, &err));
            assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
            assert_string_equal(err.message, "the message needs too much memory");
            base_arena_dispose(&arena);
        }
    }
    struct base_err err;
    struct base_buf out;
    base_buf_init(&out, 3);
    assert_false(again(tree, BASE_STR("\x0a\x02\x08\x05"), &out, &err));
    assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
    assert_string_equal(err.message, "the message has 4 bytes; at most 3 are allowed");
    base_buf_dispose(&out);
}

static void test_sealed_packs_to_what_it_stands_for(void **state)
{
    (void)state;
    static const struct base_str rows[] = {
        W(""),
        W("\x80\x01\x07"),
        W("\x0a\x04\x08\x05\x28\x01\x80\x01\x07"),
        W("\x6d\x01\x02\x03\x04"),
        W("\x2a\x00"),
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct base_err err;
        struct base_arena arena;
        struct base_buf out;
        ProtobufCMessage *message;
        base_arena_init(&arena, ARENA_BYTES);
        base_buf_init(&out, WIRE_BYTES_MAX);
        assert_true(rpc_codec_seal(tree, rows[i], &arena, &message, &err));
        assert_ptr_equal(message->descriptor, tree);
        assert_true(rpc_codec_pack(message, &out, &err));
        assert_true(base_str_eq(base_buf_str(&out), rows[i]));
        base_buf_dispose(&out);
        base_arena_dispose(&arena);
        for (size_t cap = 0; cap < tree->sizeof_message; cap += 64) {
            base_arena_init(&arena, cap);
            assert_false(rpc_codec_seal(tree, rows[i], &arena, &message, &err));
            assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
            base_arena_dispose(&arena);
        }
    }
}

/* ---- lengths of more than one byte ---- */

#define LONG_BYTES_MAX (size_t)(64 * 1024)

static void append_record(struct base_buf *wire, char tag, struct base_str payload)
{
    uint8_t length[BASE_VARINT_BYTES_MAX];
    uint8_t *end = base_wire_put_varint(length, payload.len);
    assert_true(base_buf_append_char(wire, tag) &&
                base_buf_append(wire, length, (size_t)(end - length)) &&
                base_buf_append_str(wire, payload));
}

/* A leaf in two parts, the first with a text and the group, if any, behind it. */
static void check_long_parts(struct base_str text, struct base_str group)
{
    struct base_err err;
    struct base_buf part, whole, wire, expected, out;
    struct base_buf *const all[] = {&part, &whole, &wire, &expected, &out};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        base_buf_init(all[i], LONG_BYTES_MAX);
    }
    append_record(&part, 0x12, text);
    assert_true(base_buf_append_str(&part, group));
    append_record(&wire, 0x0a, base_buf_str(&part));
    append_record(&wire, 0x0a, BASE_STR("\x28\x01"));
    append_record(&whole, 0x12, text);
    assert_true(base_buf_append_str(&whole, BASE_STR("\x28\x01")));
    append_record(&expected, 0x0a, base_buf_str(&whole));
    if (!again(tree, base_buf_str(&wire), &out, &err)) {
        fail_msg("%zu bytes: %s", text.len, err.message);
    }
    assert_true(base_str_eq(base_buf_str(&out), base_buf_str(&expected)));
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        base_buf_dispose(all[i]);
    }
}

/* Around where a length takes a byte more: that of the part, of the whole, and of what is left of
 * it without the group. */
static void test_long_parts(void **state)
{
    (void)state;
    static const size_t firsts[] = {110, 16370};
    static char text[16400];
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
        for (size_t len = firsts[i]; len < firsts[i] + 25; len++) {
            check_long_parts(base_str_make(text, len), BASE_STR("\x7b\x08\x05\x7c"));
            check_long_parts(base_str_make(text, len), BASE_STR(""));
        }
    }
}

/* ---- properties over random messages ---- */

struct random_wire {
    char bytes[WIRE_BYTES_MAX];
    size_t len;
    unsigned seed;
};

static unsigned pick(struct random_wire *wire, unsigned below)
{
    return (unsigned)rand_r(&wire->seed) % below;
}

static void put(struct random_wire *wire, const void *bytes, size_t len)
{
    assert_true(wire->len + len <= sizeof wire->bytes);
    memcpy(wire->bytes + wire->len, bytes, len);
    wire->len += len;
}

static void put_varint(struct random_wire *wire, uint64_t value)
{
    char bytes[10];
    size_t len = 0;
    for (; value >= 0x80; value >>= 7) {
        bytes[len++] = (char)(value | 0x80);
    }
    bytes[len++] = (char)value;
    put(wire, bytes, len);
}

/* Records of a Leaf. With `odd` each singular message is cut in two at a random record, unknown
 * groups and foreign wire types are strewn in; the meaning is the same as without. Both come from
 * the same seed, so `odd` must draw from its own numbers. */
static void put_leaf(struct random_wire *wire, unsigned depth, bool odd, unsigned *odd_seed);

static void put_noise(struct random_wire *wire, unsigned *odd_seed)
{
    switch (rand_r(odd_seed) % 5) {
    case 0:
        put(wire, "\x7b\x08\x05\x7c", 4); /* a group */
        break;
    case 1:
        put(wire, "\x0d\x01\x02\x03\x04", 5); /* number, or leaf, as fixed32 */
        break;
    case 2:
        put(wire, "\x2d\x01\x02\x03\x04", 5); /* flag, or name, as fixed32 */
        break;
    case 3:
        put(wire, "\x50\x05", 2); /* nested, or real, as a varint */
        break;
    default:
        break;
    }
}

static void put_nested(struct random_wire *wire, unsigned number, unsigned depth, bool odd,
                       unsigned *odd_seed)
{
    struct random_wire inner = {.seed = wire->seed};
    unsigned records = pick(&inner, 4);
    size_t cut = 0;
    for (unsigned i = 0; i < records; i++) {
        if (odd && rand_r(odd_seed) % 2 == 0) {
            cut = inner.len;
        }
        put_leaf(&inner, i == 0 ? depth : 0, odd, odd_seed);
    }
    if (odd && rand_r(odd_seed) % 2 == 0) {
        put_varint(wire, number << 3 | 2);
        put_varint(wire, cut);
        put(wire, inner.bytes, cut);
        put_noise(wire, odd_seed);
    } else {
        cut = 0;
    }
    put_varint(wire, number << 3 | 2);
    put_varint(wire, inner.len - cut);
    put(wire, inner.bytes + cut, inner.len - cut);
    wire->seed = inner.seed;
}

/* One record, nested only where `depth` is left: once a message, so that the plain form goes to
 * protobuf-c as it is. */
static void put_leaf(struct random_wire *wire, unsigned depth, bool odd, unsigned *odd_seed)
{
    if (odd) {
        put_noise(wire, odd_seed);
    }
    switch (pick(wire, 6)) {
    case 0:
        put_varint(wire, 1 << 3);
        put_varint(wire, pick(wire, 1000));
        break;
    case 1:
        put(wire, "\x12\x02hi", 4);
        break;
    case 2:
        put_varint(wire, 4 << 3);
        put_varint(wire, pick(wire, 1000));
        break;
    case 3:
        put(wire, "\x30\x07", 2); /* oneof: a */
        break;
    case 4:
        put(wire, "\x3a\x01o", 3); /* oneof: b */
        break;
    default:
        if (depth > 0) {
            put_nested(wire, 10, depth - 1, odd, odd_seed);
        }
        break;
    }
}

static struct random_wire random_tree(unsigned seed, bool odd)
{
    struct random_wire wire = {.seed = seed};
    unsigned odd_seed = seed * 2654435761u;
    put_nested(&wire, 1, 3, odd, &odd_seed);
    put_nested(&wire, 3, 3, odd, &odd_seed); /* oneof: left */
    return wire;
}

static void test_cut_messages_mean_the_same(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 3000; seed++) {
        struct random_wire plain = random_tree(seed, false);
        struct random_wire odd = random_tree(seed, true);
        struct base_err err;
        struct base_buf a;
        struct base_buf b;
        base_buf_init(&a, 2 * WIRE_BYTES_MAX);
        base_buf_init(&b, 2 * WIRE_BYTES_MAX);
        assert_true(again(tree, base_str_make(plain.bytes, plain.len), &a, &err));
        assert_true(again(tree, base_str_make(odd.bytes, odd.len), &b, &err));
        if (!base_str_eq(base_buf_str(&a), base_buf_str(&b))) {
            fail_msg("seed %u", seed);
        }
        base_buf_dispose(&a);
        base_buf_dispose(&b);
    }
}

/* Whatever the bytes, the answer is yes or INVALID_ARGUMENT, never a crash. */
static void test_damaged_bytes(void **state)
{
    (void)state;
    unsigned seed = 20261122;
    for (unsigned i = 0; i < 20000; i++) {
        struct random_wire wire = random_tree(i, true);
        unsigned changes = 1 + (unsigned)rand_r(&seed) % 3;
        for (unsigned j = 0; j < changes && wire.len > 0; j++) {
            wire.bytes[(unsigned)rand_r(&seed) % wire.len] = (char)rand_r(&seed);
        }
        size_t len = rand_r(&seed) % 4 == 0 ? wire.len / 2 : wire.len;
        struct base_err err;
        struct base_buf out;
        base_buf_init(&out, 64 * WIRE_BYTES_MAX);
        if (!again(tree, base_str_make(wire.bytes, len), &out, &err)) {
            assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
        }
        base_buf_dispose(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_rows),
        cmocka_unit_test(test_refused_rows),
        cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_groups_nested_too_deep),
        cmocka_unit_test(test_required_field),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_sealed_packs_to_what_it_stands_for),
        cmocka_unit_test(test_long_parts),
        cmocka_unit_test(test_cut_messages_mean_the_same),
        cmocka_unit_test(test_damaged_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
