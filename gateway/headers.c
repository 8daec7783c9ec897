/* Headers: short lists of names, searched one by one after their length, which rules out nearly
 * all.
 */
#include "gateway/headers.h"

#include "base/base64.h"
#include "base/clock.h"
#include "gateway/scalar.h"

#define NAME(text)                                                                                 \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static const struct base_str metadata_prefix = NAME("grpc-metadata-");
static const struct base_str trailer_prefix = NAME("grpc-trailer-");
static const struct base_str permanent_prefix = NAME("tollgate-");
static const struct base_str binary_suffix = NAME("-bin");

/* The keys of the permanent message headers of the IANA registry that requests carry, as
 * grpc-gateway lists them; Authorization goes its own way. */
static const struct base_str permanent_keys[] = {
    NAME("tollgate-accept"),
    NAME("tollgate-accept-charset"),
    NAME("tollgate-accept-language"),
    NAME("tollgate-accept-ranges"),
    NAME("tollgate-cache-control"),
    NAME("tollgate-content-type"),
    NAME("tollgate-cookie"),
    NAME("tollgate-date"),
    NAME("tollgate-expect"),
    NAME("tollgate-from"),
    NAME("tollgate-host"),
    NAME("tollgate-if-match"),
    NAME("tollgate-if-none-match"),
    NAME("tollgate-if-modified-since"),
    NAME("tollgate-if-schedule-tag-match"),
    NAME("tollgate-max-forwards"),
    NAME("tollgate-origin"),
    NAME("tollgate-if-unmodified-since"),
    NAME("tollgate-pragma"),
    NAME("tollgate-referer"),
    NAME("tollgate-user-agent"),
    NAME("tollgate-via"),
    NAME("tollgate-warning"),
};

/* Headers that are the key themselves. */
static const struct base_str same_keys[] = {
    NAME("authorization"),
    NAME("x-forwarded-for"),
    NAME("x-forwarded-host"),
};

/* Names that belong to one connection or to the protocol's own framing, in HTTP or in gRPC. */
static const struct base_str framing_names[] = {
    NAME("connection"), NAME("content-length"),   NAME("content-type"),
    NAME("host"),       NAME("keep-alive"),       NAME("te"),
    NAME("trailer"),    NAME("upgrade"),          NAME("transfer-encoding"),
    NAME("user-agent"), NAME("proxy-connection"),
};

/* What a client may not say in the gateway's place. */
static const struct base_str gateway_prefixes[] = {
    NAME("grpc-"),
    NAME("tollgate-"),
    NAME("x-api-key"),
    NAME("x-forwarded-"),
};

static bool is_in(const struct base_str *list, size_t count, struct base_str name)
{
    for (size_t i = 0; i < count; i++) {
        if (base_str_eq(list[i], name)) {
            return true;
        }
    }
    return false;
}

static bool is_of_the_gateway(struct base_str key)
{
    for (size_t i = 0; i < COUNT(gateway_prefixes); i++) {
        if (base_str_starts_with(key, gateway_prefixes[i])) {
            return true;
        }
    }
    return false;
}

/* Whether gRPC can carry the key: [0-9a-z_.-]+. */
static bool is_key(struct base_str key)
{
    for (size_t i = 0; i < key.len; i++) {
        char c = key.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
              c == '.')) {
            return false;
        }
    }
    return key.len > 0;
}

/* Adds one value of base64. */
static bool add_base64(struct base_str key, struct base_str value, struct base_arena *arena,
                       struct rpc_metadata *metadata, struct base_err *err)
{
    char *bytes = base_arena_alloc(arena, BASE_BASE64_DECODED_BYTES_MAX(value.len));
    size_t len = 0;
    if (bytes == NULL) {
        return base_err_set(err, BASE_RESOURCE_EXHAUSTED, "the request's headers are too large");
    }
    if (!base_base64_decode(value, bytes, &len)) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "header grpc-metadata-%.*s: expected base64, found \"%.*s\"",
                            gw_shown_len(key), key.data, gw_shown_len(value), value.data);
    }
    return rpc_metadata_add(metadata, arena, key, base_str_make(bytes, len), err);
}

/* Adds the values of a "-bin" header, which a list may hold (gRPC over
 * HTTP/2, "Custom-Metadata"). */
static bool add_binary(struct base_str key, struct base_str value, struct base_arena *arena,
                       struct rpc_metadata *metadata, struct base_err *err)
{
    for (;;) {
        const char *comma = value.len == 0 ? NULL : memchr(value.data, ',', value.len);
        size_t len = comma == NULL ? value.len : (size_t)(comma - value.data);
        struct base_str one = base_str_trim(base_str_make(value.data, len));
        if (!add_base64(key, one, arena, metadata, err)) {
            return false;
        }
        if (comma == NULL) {
            return true;
        }
        value = base_str_make(comma + 1, value.len - len - 1);
    }
}

/* Adds what a Grpc-Metadata-<key> header says. */
static bool add_custom(struct base_str key, struct base_str value, struct base_arena *arena,
                       struct rpc_metadata *metadata, struct base_err *err)
{
    if (!is_key(key) || is_of_the_gateway(key) || is_in(framing_names, COUNT(framing_names), key)) {
        return true;
    }
    if (base_str_ends_with(key, binary_suffix)) {
        return add_binary(key, value, arena, metadata, err);
    }
    return !rpc_metadata_is_text(value) || rpc_metadata_add(metadata, arena, key, value, err);
}

/* The key of a header that goes on under a name of ours, or NULL. */
static const struct base_str *key_of(struct base_str name)
{
    for (size_t i = 0; i < COUNT(same_keys); i++) {
        if (base_str_eq(same_keys[i], name)) {
            return &same_keys[i];
        }
    }
    size_t len = permanent_prefix.len + name.len;
    for (size_t i = 0; i < COUNT(permanent_keys); i++) {
        const struct base_str *key = &permanent_keys[i];
        if (key->len == len && memcmp(key->data + permanent_prefix.len, name.data, name.len) == 0) {
            return key;
        }
    }
    return NULL;
}

bool gw_headers_to_metadata(struct base_str name, struct base_str value, struct base_arena *arena,
                            struct rpc_metadata *metadata, struct base_err *err)
{
    if (base_str_starts_with(name, metadata_prefix)) {
        struct base_str key =
            base_str_make(name.data + metadata_prefix.len, name.len - metadata_prefix.len);
        return add_custom(key, value, arena, metadata, err);
    }
    const struct base_str *key = key_of(name);
    struct rpc_metadata_entry entry;
    if (key == NULL || !rpc_metadata_is_text(value)) {
        return true;
    }
    entry.key = *key;
    if (!base_arena_copy(arena, value, &entry.value)) {
        return base_err_set(err, BASE_RESOURCE_EXHAUSTED, "the request's headers are too large");
    }
    return rpc_metadata_add_known(metadata, arena, &entry, err);
}

/* The header's name, the key's own or with our prefix. */
static bool header_name(struct base_str key, bool is_trailer, struct base_arena *arena,
                        struct base_str *out)
{
    if ((!is_trailer && base_str_starts_with(key, BASE_STR("x-"))) ||
        base_str_eq(key, BASE_STR("www-authenticate"))) {
        *out = key;
        return true;
    }
    struct base_str prefix = is_trailer ? trailer_prefix : metadata_prefix;
    char *name = base_arena_alloc(arena, prefix.len + key.len);
    if (name == NULL) {
        return false;
    }
    memcpy(name, prefix.data, prefix.len);
    memcpy(name + prefix.len, key.data, key.len);
    *out = base_str_make(name, prefix.len + key.len);
    return true;
}

static bool header_value(const struct rpc_metadata_entry *entry, struct base_arena *arena,
                         struct base_str *out)
{
    if (!base_str_ends_with(entry->key, binary_suffix)) {
        *out = entry->value;
        return rpc_metadata_is_text(entry->value);
    }
    size_t len = BASE_BASE64_ENCODED_BYTES(entry->value.len);
    char *text = base_arena_alloc(arena, len);
    if (text == NULL) {
        return false;
    }
    base_base64_encode(entry->value, text);
    *out = base_str_make(text, len);
    return true;
}

bool gw_headers_from_metadata(const struct rpc_metadata_entry *entry, bool is_trailer,
                              struct base_arena *arena, struct base_str *out_name,
                              struct base_str *out_value)
{
    struct base_str key = entry->key;
    if (!is_key(key) || base_str_starts_with(key, BASE_STR("grpc-")) ||
        is_in(framing_names, COUNT(framing_names), key)) {
        return false;
    }
    struct base_str name;
    struct base_str value;
    if (!header_name(key, is_trailer, arena, &name) || !header_value(entry, arena, &value)) {
        return false;
    }
    *out_name = name;
    *out_value = value;
    return true;
}

/* Nanoseconds of `count` units, at most the longest timeout. */
static int64_t capped_ns(int64_t count, int64_t unit_ns)
{
    int64_t max_ns = GW_TIMEOUT_MS_MAX * BASE_NS_PER_MS;
    return count > max_ns / unit_ns ? max_ns : count * unit_ns;
}

/* Nanoseconds of a unit of Grpc-Timeout; 0 when it is none. */
static int64_t unit_ns(char unit)
{
    switch (unit) {
    case 'H':
        return 3600 * BASE_NS_PER_S;
    case 'M':
        return 60 * BASE_NS_PER_S;
    case 'S':
        return BASE_NS_PER_S;
    case 'm':
        return BASE_NS_PER_MS;
    case 'u':
        return 1000;
    case 'n':
        return 1;
    default:
        return 0;
    }
}

/* Digits at the start of `text`, as a number that stops growing past what any timeout needs. */
static size_t read_digits(struct base_str text, int64_t *out)
{
    int64_t value = 0;
    size_t len = 0;
    for (; len < text.len && text.data[len] >= '0' && text.data[len] <= '9'; len++) {
        value = value > INT64_MAX / 100 ? value : value * 10 + (text.data[len] - '0');
    }
    *out = value;
    return len;
}

bool gw_headers_grpc_timeout(struct base_str value, int64_t *out_timeout_ns, struct base_err *err)
{
    int64_t count;
    size_t digits = read_digits(value, &count);
    int64_t unit = digits + 1 == value.len ? unit_ns(value.data[digits]) : 0;
    if (digits == 0 || digits > 8 || unit == 0) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "header grpc-timeout: expected at most 8 digits and a unit of H, M, S, "
                            "m, u or n, found \"%.*s\"",
                            gw_shown_len(value), value.data);
    }
    *out_timeout_ns = capped_ns(count, unit);
    return true;
}

/* Nanoseconds of the digits behind a decimal point; further digits are dropped. */
static int64_t fraction_ns(struct base_str digits)
{
    int64_t ns = 0;
    int64_t worth = BASE_NS_PER_S / 10;
    for (size_t i = 0; i < digits.len && worth > 0; i++, worth /= 10) {
        ns += (digits.data[i] - '0') * worth;
    }
    return ns;
}

bool gw_headers_server_timeout(struct base_str value, int64_t *out_timeout_ns, struct base_err *err)
{
    int64_t seconds;
    int64_t unused;
    struct base_str fraction = {0};
    size_t digits = read_digits(value, &seconds);
    bool fine = digits > 0 && digits == value.len;
    if (digits > 0 && digits < value.len && value.data[digits] == '.') {
        fraction = base_str_make(value.data + digits + 1, value.len - digits - 1);
        fine = fraction.len > 0 && read_digits(fraction, &unused) == fraction.len;
    }
    if (!fine) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "header x-server-timeout: expected seconds such as 1.5, found \"%.*s\"",
                            gw_shown_len(value), value.data);
    }
    *out_timeout_ns = capped_ns(capped_ns(seconds, BASE_NS_PER_S) + fraction_ns(fraction), 1);
    return true;
}
