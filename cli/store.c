#include "cli/store.h"

#include "server/store_mongo.h"
#include "server/store_sqlite.h"

/* A MongoDB URI may hold a password, so it never stands in a message. */
bool cli_store_open(const char *where, struct srv_store **out_store, struct base_err *err)
{
    struct base_str file = BASE_STR("sqlite:");
    struct base_str text = base_str_of(where);
    bool is_file = base_str_starts_with(text, file) && text.len > file.len;
    struct srv_store *store = NULL;
    if (is_file) {
        store = srv_store_sqlite_open(where + file.len, err);
    } else if (base_str_starts_with(text, BASE_STR("mongodb://")) ||
               base_str_starts_with(text, BASE_STR("mongodb+srv://"))) {
        store = srv_store_mongo_open(where, err);
    } else {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "--store: expected sqlite:FILE or mongodb://HOST:PORT/DATABASE");
    }
    if (store == NULL) {
        return base_err_wrap(err, "cannot open the store%s%s", is_file ? " " : "",
                             is_file ? where : "");
    }
    *out_store = store;
    return true;
}
