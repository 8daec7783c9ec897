/* Descriptor file: a schema from a descriptor set that the build made of a .proto of the tests. */
#ifndef GATEWAY_DESCRIPTOR_FILE_H
#define GATEWAY_DESCRIPTOR_FILE_H

#include "base/buf.h"
#include "gateway/schema.h"

/* Appends the whole file; fails the test when it cannot be read. */
void descriptor_file_read(const char *name, struct base_buf *out);

/* Returns owned the schema of the file; fails the test when there is none. */
struct gw_schema *descriptor_file_schema(const char *name);

#endif
