/* Debian's C++ protobuf on the same texts, as far as the benchmark calls it.
 *
 * Generated classes, which its JSON printer and parser handle faster than dynamic messages. Parsing
 * a message's wire bytes before it is printed, and packing it after it is read, are left out: ours
 * does both. One thread.
 */
#ifndef BENCH_TRANSCODE_CPP_PROTOBUF_H
#define BENCH_TRANSCODE_CPP_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cpp_message;

/* Returns owned an empty message of the generated type of that full name; NULL when
 * there is none. */
struct cpp_message *cpp_message_create(const char *full_name);
void cpp_message_destroy(struct cpp_message *message);

/* JsonStringToMessage: clears the message and reads it. */
bool cpp_message_read(struct cpp_message *message, const char *json, size_t len);

/* MessageToJsonString; returns the text's length, 0 when that fails. */
size_t cpp_message_write(struct cpp_message *message);

#ifdef __cplusplus
}
#endif

#endif
