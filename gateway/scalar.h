/* Scalar: the text of a number, as ProtoJSON allows it, into the bits the wire carries.
 *
 * Bits are what stands behind the tag: a varint's value (zigzag applied) or the little-endian
 * payload of a fixed one. Exact: no integer goes through floating point. Pure; any thread.
 */
#ifndef GATEWAY_SCALAR_H
#define GATEWAY_SCALAR_H

#include "base/err.h"
#include "base/wire.h"
#include "gateway/numbers.h"
#include "gateway/schema.h"

enum gw_scalar_status {
    GW_SCALAR_OK,
    GW_SCALAR_MALFORMED,    /* not a number at all */
    GW_SCALAR_NOT_WHOLE,    /* 1.5 for an integer */
    GW_SCALAR_OUT_OF_RANGE, /* of the type */
};

/* Bytes of foreign text that an error message shows. */
#define GW_SHOWN_BYTES_MAX 64

/* Whether `type` is a scalar with bits: neither string, bytes, message nor group. */
bool gw_type_has_bits(enum gw_type type);

/* The length of the JSON number (RFC 8259 section 6) at the start of `text`; 0 when
 * there is none. */
size_t gw_number_len(struct base_str text);

/* The bits of an integer type; `text` is a JSON number, "1e3" and "1.0" included. */
enum gw_scalar_status gw_scalar_integer(enum gw_type type, struct base_str text,
                                        uint64_t *out_bits);

/* The bits of a whole number already read, `magnitude` with a sign. */
enum gw_scalar_status gw_scalar_whole(enum gw_type type, bool is_negative, uint64_t magnitude,
                                      uint64_t *out_bits);

/* The bits of GW_DOUBLE or GW_FLOAT for a number already read, a decimal with a sign; false in the
 * rare case that gw_scalar_real must decide. */
bool gw_scalar_decimal(enum gw_type type, bool is_negative, struct gw_decimal decimal,
                       uint64_t *out_bits);

/* The bits of GW_DOUBLE or GW_FLOAT; `text` is a JSON number. */
enum gw_scalar_status gw_scalar_real(enum gw_type type, struct base_str text, uint64_t *out_bits);

/* As gw_scalar_real for what stands in quotes: "NaN", "Infinity" and "-Infinity" too. */
enum gw_scalar_status gw_scalar_quoted_real(enum gw_type type, struct base_str text,
                                            uint64_t *out_bits);

/* "an int32", "base64 text": what a value of the type looks like, for messages. Static. */
const char *gw_type_article(enum gw_type type);

/* Sets `err` to INVALID_ARGUMENT: what was expected of `type`, and `text` came. Returns false. */
bool gw_scalar_refuse(enum gw_type type, enum gw_scalar_status status, struct base_str text,
                      struct base_err *err);

/* How much of `text` to show: at most GW_SHOWN_BYTES_MAX bytes, whole characters, up to a
 * NUL. */
int gw_shown_len(struct base_str text);

/* Stores bits as they stand behind a tag; `out` has room for BASE_VARINT_BYTES_MAX. Returns the
 * end.
 */
static inline uint8_t *gw_put_bits(uint8_t *out, enum gw_type type, uint64_t bits)
{
    size_t size;
    switch (type) {
    case GW_DOUBLE:
    case GW_FIXED64:
    case GW_SFIXED64:
        size = 8;
        break;
    case GW_FLOAT:
    case GW_FIXED32:
    case GW_SFIXED32:
        size = 4;
        break;
    default:
        return base_wire_put_varint(out, bits);
    }
    for (size_t i = 0; i < size; i++) {
        out[i] = (uint8_t)(bits >> 8 * i);
    }
    return out + size;
}

#endif
