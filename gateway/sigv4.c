/* https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html is
 * what is followed here, backwards. */
#include "gateway/sigv4.h"

#include "base/decimal.h"
#include "base/digest.h"
#include "gateway/sigv4_canonical.h"

#include <stdio.h>
#include <time.h>

#define ALGORITHM "AWS4-HMAC-SHA256"

/* "20150830T123600Z", and the day alone. */
#define DATE_BYTES 16
#define DAY_BYTES 8

#define SIGNATURE_BYTES ((size_t)2 * BASE_DIGEST_BYTES)

/* What an Authorization header says. All of it is borrowed. */
struct authorization {
    struct base_str key_id;
    struct base_str day;
    struct base_str region;
    struct base_str service;
    struct base_str scope; /* "20150830/us-east-1/iam/aws4_request" */
    struct gw_sigv4_names signed_headers;
    struct base_str signature;
};

/* ---- Reading ---- */

/* Takes from `rest` what stands before `end`; all of it, where there is none. */
static struct base_str take_until(struct base_str *rest, char end)
{
    size_t len = 0;
    while (len < rest->len && rest->data[len] != end) {
        len++;
    }
    struct base_str taken = {rest->data, len};
    size_t used = len < rest->len ? len + 1 : len;
    *rest = base_str_make(rest->data + used, rest->len - used);
    return taken;
}

static bool read_credential(struct base_str text, struct authorization *out)
{
    out->key_id = take_until(&text, '/');
    out->scope = text;
    out->day = take_until(&text, '/');
    out->region = take_until(&text, '/');
    out->service = take_until(&text, '/');
    return out->key_id.len > 0 && out->day.len == DAY_BYTES && out->region.len > 0 &&
           out->service.len > 0 && base_str_eq(text, BASE_STR("aws4_request"));
}

static bool read_names(struct base_str text, struct gw_sigv4_names *out)
{
    out->count = 0;
    while (text.len > 0) {
        if (out->count == GW_SIGV4_HEADERS_MAX) {
            return false;
        }
        out->names[out->count++] = take_until(&text, ';');
    }
    return out->count > 0;
}

static bool read_member(struct base_str member, struct authorization *out)
{
    struct base_str value = member;
    struct base_str name = take_until(&value, '=');
    if (base_str_eq(name, BASE_STR("Credential"))) {
        return read_credential(value, out);
    }
    if (base_str_eq(name, BASE_STR("SignedHeaders"))) {
        return read_names(value, &out->signed_headers);
    }
    if (base_str_eq(name, BASE_STR("Signature"))) {
        out->signature = value;
        return value.len == SIGNATURE_BYTES;
    }
    return false;
}

static bool read_authorization(struct base_str text, struct authorization *out)
{
    take_until(&text, ' ');
    while (text.len > 0) {
        if (!read_member(base_str_trim(take_until(&text, ',')), out)) {
            return false;
        }
    }
    return out->key_id.len > 0 && out->signed_headers.count > 0 && out->signature.len > 0;
}

bool gw_sigv4_applies(struct base_str authorization)
{
    return base_str_starts_with(authorization, BASE_STR(ALGORITHM " "));
}

/* Reads the part of a date that stands at `at`. */
static bool read_part(struct base_str date, size_t at, size_t len, int *out)
{
    return base_decimal_read_digits(base_str_make(date.data + at, len), out);
}

/* Reads "20150830T123600Z" as seconds since 1970. */
static bool read_date(struct base_str text, int64_t *out_s)
{
    struct tm tm = {0};
    if (text.len != DATE_BYTES || text.data[DAY_BYTES] != 'T' || text.data[DATE_BYTES - 1] != 'Z' ||
        !read_part(text, 0, 4, &tm.tm_year) || !read_part(text, 4, 2, &tm.tm_mon) ||
        !read_part(text, 6, 2, &tm.tm_mday) || !read_part(text, 9, 2, &tm.tm_hour) ||
        !read_part(text, 11, 2, &tm.tm_min) || !read_part(text, 13, 2, &tm.tm_sec)) {
        return false;
    }
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    *out_s = timegm(&tm);
    return true;
}

/* ---- Checking ---- */

static bool signs(const struct authorization *authorization, struct base_str name)
{
    for (size_t i = 0; i < authorization->signed_headers.count; i++) {
        if (base_str_eq(authorization->signed_headers.names[i], name)) {
            return true;
        }
    }
    return false;
}

/* A header that means something to the signature must be under it. */
static bool check_signed_headers(const struct gw_sigv4_request *request,
                                 const struct authorization *authorization, struct base_err *err)
{
    bool ok = signs(authorization, BASE_STR("host"));
    for (size_t i = 0; ok && i < request->header_count; i++) {
        struct base_str name = request->headers[i].name;
        ok = !base_str_starts_with(name, BASE_STR("x-amz-")) || signs(authorization, name);
    }
    return ok || base_err_set(err, BASE_PERMISSION_DENIED,
                              "the signature must cover Host and every X-Amz-* header");
}

static struct base_str header_of(const struct gw_sigv4_request *request, struct base_str name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (base_str_eq(request->headers[i].name, name)) {
            return base_str_trim(request->headers[i].value);
        }
    }
    return (struct base_str){0};
}

static bool check_date(struct base_str date, struct base_str day, int64_t now_s,
                       struct base_err *err)
{
    int64_t date_s;
    if (!read_date(date, &date_s) || !base_str_starts_with(date, day)) {
        return base_err_set(err, BASE_UNAUTHENTICATED,
                            "a signed request needs X-Amz-Date, on the day of its scope");
    }
    int64_t skew_s = now_s > date_s ? now_s - date_s : date_s - now_s;
    return skew_s <= GW_SIGV4_SKEW_S ||
           base_err_set(err, BASE_PERMISSION_DENIED,
                        "Signature expired: X-Amz-Date is %lld seconds from this server's clock, "
                        "and at most %d are allowed",
                        (long long)skew_s, GW_SIGV4_SKEW_S);
}

/* A stated hash of the body is part of what is signed, so it must be true. */
static bool check_body_hash(const struct gw_sigv4_request *request, struct base_str hash,
                            struct base_err *err)
{
    struct base_str stated = header_of(request, BASE_STR("x-amz-content-sha256"));
    return stated.len == 0 || base_str_eq(stated, hash) ||
           base_err_set(err, BASE_PERMISSION_DENIED,
                        "X-Amz-Content-Sha256 is not the hash of the body");
}

/* ---- Signing ---- */

static struct base_str digest_str(const uint8_t digest[BASE_DIGEST_BYTES])
{
    return base_str_make((const char *)digest, BASE_DIGEST_BYTES);
}

/* Appends the canonical request, whose last line is the hash of the body. */
static bool append_canonical(const struct gw_sigv4_request *request,
                             const struct authorization *authorization, struct base_str body_hash,
                             struct base_buf *out)
{
    const struct gw_sigv4_names *names = &authorization->signed_headers;
    bool ok = base_buf_append_str(out, request->method) && base_buf_append_char(out, '\n') &&
              gw_sigv4_append_path(request->raw_path, out) && base_buf_append_char(out, '\n') &&
              gw_sigv4_append_query(request->raw_query, out) && base_buf_append_char(out, '\n') &&
              gw_sigv4_append_headers(request, names, out) && base_buf_append_char(out, '\n');
    for (size_t i = 0; ok && i < names->count; i++) {
        ok =
            (i == 0 || base_buf_append_char(out, ';')) && base_buf_append_str(out, names->names[i]);
    }
    return ok && base_buf_append_char(out, '\n') && base_buf_append_str(out, body_hash);
}

/* The key of one day, region and service. */
static void derive_key(const struct gw_sigv4_key *key, const struct authorization *authorization,
                       struct base_buf *scratch, uint8_t out[BASE_DIGEST_BYTES])
{
    base_buf_reset(scratch, SIZE_MAX);
    base_buf_append_str(scratch, BASE_STR("AWS4"));
    base_buf_append_str(scratch, key->secret);
    base_hmac_sha256(base_buf_str(scratch), authorization->day, out);
    base_hmac_sha256(digest_str(out), authorization->region, out);
    base_hmac_sha256(digest_str(out), authorization->service, out);
    base_hmac_sha256(digest_str(out), BASE_STR("aws4_request"), out);
}

/* Appends the signature that the request ought to have, in hexadecimal, to an empty `out`. */
static bool sign(const struct gw_sigv4_key *key, const struct authorization *authorization,
                 struct base_str date, struct base_str canonical, struct base_buf *out)
{
    uint8_t digest[BASE_DIGEST_BYTES];
    uint8_t signing_key[BASE_DIGEST_BYTES];
    derive_key(key, authorization, out, signing_key);
    base_sha256(canonical, digest);
    base_buf_reset(out, SIZE_MAX);
    if (!base_buf_append_str(out, BASE_STR(ALGORITHM "\n")) || !base_buf_append_str(out, date) ||
        !base_buf_append_char(out, '\n') || !base_buf_append_str(out, authorization->scope) ||
        !base_buf_append_char(out, '\n') || !gw_sigv4_append_hex(digest, sizeof digest, out)) {
        return false;
    }
    base_hmac_sha256(digest_str(signing_key), base_buf_str(out), digest);
    base_buf_reset(out, SIZE_MAX);
    return gw_sigv4_append_hex(digest, sizeof digest, out);
}

/* Compares signatures; `canonical` and `text` are empty buffers to work in. */
static bool check_signature(const struct gw_sigv4_key *key, const struct gw_sigv4_request *request,
                            const struct authorization *authorization, struct base_buf *canonical,
                            struct base_buf *text, struct base_err *err)
{
    uint8_t digest[BASE_DIGEST_BYTES];
    char hash[SIGNATURE_BYTES + 1];
    base_sha256(request->body, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        snprintf(hash + 2 * i, 3, "%02x", (unsigned)digest[i]);
    }
    if (!check_body_hash(request, base_str_of(hash), err)) {
        return false;
    }
    struct base_str date = header_of(request, BASE_STR("x-amz-date"));
    if (!append_canonical(request, authorization, base_str_of(hash), canonical) ||
        !sign(key, authorization, date, base_buf_str(canonical), text)) {
        return base_err_set(err, BASE_RESOURCE_EXHAUSTED, "the request is too large to be signed");
    }
    return base_secret_eq(text->data, authorization->signature.data, SIGNATURE_BYTES) ||
           base_err_set(err, BASE_PERMISSION_DENIED,
                        "The request signature we calculated does not match the signature you "
                        "provided. Check your secret access key and signing method.");
}

bool gw_sigv4_verify(const struct gw_sigv4_key *key, const struct gw_sigv4_request *request,
                     struct base_str authorization, int64_t now_s, struct base_err *err)
{
    struct authorization read = {0};
    if (!gw_sigv4_applies(authorization) || !read_authorization(authorization, &read)) {
        return base_err_set(err, BASE_UNAUTHENTICATED,
                            "Authorization: expected " ALGORITHM
                            " with Credential, SignedHeaders and Signature");
    }
    if (!base_str_eq(read.key_id, key->id)) {
        return base_err_set(err, BASE_UNAUTHENTICATED,
                            "the access key id of the signature is not known here");
    }
    struct base_str date = header_of(request, BASE_STR("x-amz-date"));
    if (!check_date(date, read.day, now_s, err) || !check_signed_headers(request, &read, err)) {
        return false;
    }
    struct base_buf canonical;
    struct base_buf text;
    base_buf_init(&canonical, GW_SIGV4_CANONICAL_BYTES_MAX);
    base_buf_init(&text, GW_SIGV4_CANONICAL_BYTES_MAX);
    bool ok = check_signature(key, request, &read, &canonical, &text, err);
    base_buf_dispose(&canonical);
    base_buf_dispose(&text);
    return ok;
}
