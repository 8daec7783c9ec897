/* The contract of server/store.h, as tests that every implementation must pass alike.
 *
 * The implementation's test program describes itself and calls store_contract_run. Each test starts
 * on a fresh database; some open it twice, or from other processes.
 */
#ifndef SERVER_STORE_CONTRACT_H
#define SERVER_STORE_CONTRACT_H

#include "server/store.h"

struct store_contract {
    const char *name;
    /* Makes the database that open opens a new and empty one. */
    void (*renew)(void);
    /* Opens the present database; more than one store may be open on it, in other
     * processes too. */
    struct srv_store *(*open)(struct base_err *err);
    /* Makes the stored document unreadable as a message of its type, behind the store's back. */
    void (*damage)(const char *collection, struct srv_key key);
};

/* Runs all of it; returns the number of tests that failed. */
int store_contract_run(const struct store_contract *contract);

#endif
