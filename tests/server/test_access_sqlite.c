/* Keys and plans over the embedded store. */
#include "server/store_sqlite.h"

#include "access_contract.h"
#include "membership_contract.h"
#include "sqlite_file.h"

static struct srv_store *open_store(struct base_err *err)
{
    return srv_store_sqlite_open(sqlite_file_path(), err);
}

int main(void)
{
    static const struct access_contract contract = {
        .name = "access over store_sqlite",
        .renew = sqlite_file_renew,
        .open = open_store,
    };
    int failures = access_contract_run(&contract) + membership_contract_run(&contract);
    sqlite_file_remove();
    return failures;
}
