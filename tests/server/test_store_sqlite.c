/* The embedded store against the contract of all stores. What is SQLite's own is in
 * test_store_sqlite_file.c and test_store_sqlite_writer.c. */
#include "server/store_sqlite.h"

#include "sqlite_file.h"
#include "store_contract.h"

static struct srv_store *open_store(struct base_err *err)
{
    return srv_store_sqlite_open(sqlite_file_path(), err);
}

static void damage(const char *collection, struct srv_key key)
{
    sqlite_file_exec("UPDATE doc_%s SET body = x'0AFF' WHERE key = '%.*s'", collection,
                     BASE_STR_ARGS(key.text));
}

int main(void)
{
    static const struct store_contract contract = {
        .name = "store_sqlite",
        .renew = sqlite_file_renew,
        .open = open_store,
        .damage = damage,
    };
    int failures = store_contract_run(&contract);
    sqlite_file_remove();
    return failures;
}
