/* Every byte of a text is read once: records come in the order of their lines, and reading ends. */
#include "server/csv.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rpc_context ctx;
    struct srv_csv csv;
    struct srv_csv_record record;
    struct base_err err = {0};
    bool is_done = false;
    size_t line = 0;
    size_t bytes = 0;
    rpc_context_init(&ctx);
    srv_csv_init(&csv, base_str_make((const char *)data, size));
    while (!is_done && srv_csv_next(&csv, &ctx, &record, &is_done, &err)) {
        if (is_done) {
            break;
        }
        FUZZ_CHECK(record.line > line && record.count > 0 && record.count <= SRV_CSV_FIELDS_MAX);
        line = record.line;
        for (size_t i = 0; i < record.count; i++) {
            bytes += strlen(record.fields[i]);
        }
    }
    FUZZ_CHECK(bytes <= size);
    FUZZ_CHECK(is_done ? csv.rest.len == 0 : err.code == BASE_INVALID_ARGUMENT);
    rpc_context_dispose(&ctx);
    return 0;
}
