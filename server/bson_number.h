/* BSON numbers: any of BSON's number types as the one that a protobuf field holds.
 *
 * A whole number must be held exactly, whether it stands as int32, int64, double or decimal128; a
 * real one is taken to the nearest. What people write by hand in mongosh is a double, so this is
 * where a document is read leniently. Pure; any thread.
 */
#ifndef SERVER_BSON_NUMBER_H
#define SERVER_BSON_NUMBER_H

#include <bson/bson.h>

/* The whole number that `iter` stands on; false when it is none, or not in -max-1..max. */
bool srv_bson_signed(const bson_iter_t *iter, int64_t max, int64_t *out);

/* Likewise in 0..max. */
bool srv_bson_unsigned(const bson_iter_t *iter, uint64_t max, uint64_t *out);

/* The real number that `iter` stands on, NaN and the infinities too; false when it is none. */
bool srv_bson_real(const bson_iter_t *iter, double *out);

/* The number that `text` spells, as a map's key does: digits, with "-" before them where it may be
 * negative. False when there is anything else or it is out of range. */
bool srv_bson_signed_text(const char *text, int64_t max, int64_t *out);
bool srv_bson_unsigned_text(const char *text, uint64_t max, uint64_t *out);

#endif
