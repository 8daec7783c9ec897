#include "tests/gateway/descriptor_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

void descriptor_file_read(const char *name, struct base_buf *out)
{
    FILE *file = fopen(name, "rb");
    if (file == NULL) {
        fail_msg("%s cannot be read", name);
    }
    char block[4096];
    for (size_t len; (len = fread(block, 1, sizeof block, file)) > 0;) {
        assert_true(base_buf_append(out, block, len));
    }
    (void)fclose(file);
}

struct gw_schema *descriptor_file_schema(const char *name)
{
    struct base_buf bytes;
    base_buf_init(&bytes, GW_SCHEMA_SET_BYTES_MAX);
    descriptor_file_read(name, &bytes);
    struct gw_schema *schema = gw_schema_create();
    struct base_err err = {0};
    if (!gw_schema_add(schema, base_buf_str(&bytes), &err)) {
        fail_msg("%s: %s", name, err.message);
    }
    base_buf_dispose(&bytes);
    return schema;
}
