/* The library's <h2o/http2_internal.h> includes klib's khash.h, which Debian's package leaves out.
 * What we read of the structures there are numbers and buffers; of the hash table in them only that
 * it is a pointer matters. So this declares its type and nothing that works on it.
 */
#ifndef GATEWAY_H2O_KHASH_KHASH_H
#define GATEWAY_H2O_KHASH_KHASH_H

#define khiter_t unsigned

#define khash_t(name) struct kh_##name
#define KHASH_MAP_INIT_INT64(name, type) khash_t(name);

/* For the inline function that finds a stream, which we do not call. */
#define kh_get(name, table, key) ((void)(table), (void)(key), 0U)
#define kh_end(table) ((void)(table), 0U)
#define kh_val(table, at) ((void)(table), (void)(at), (void *)0)

#endif
