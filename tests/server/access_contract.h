/* What keys and plans must do over any store: kept whole, made once by many processes, and seen by
 * all of them. */
#ifndef SERVER_ACCESS_CONTRACT_H
#define SERVER_ACCESS_CONTRACT_H

#include "server/store.h"

struct access_contract {
    const char *name;
    void (*renew)(void);                             /* to an empty store */
    struct srv_store *(*open)(struct base_err *err); /* again and again: each is a process's own */
};

/* Runs the tests; returns the failures. */
int access_contract_run(const struct access_contract *contract);

#endif
