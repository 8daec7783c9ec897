/* One process's view of a store with keys and plans. One thread at a time. */
#ifndef SERVER_ACCESS_PROCESS_H
#define SERVER_ACCESS_PROCESS_H

#include "access_contract.h"
#include "server/access.h"

struct access_process {
    struct srv_store *store;
    struct srv_access access;
    struct rpc_context ctx;
    struct base_err err;
};

/* Opens; false, with the process's error, where that fails. */
bool access_process_try_open(const struct access_contract *contract,
                             struct access_process *process);

/* Opens, or fails the test. */
void access_process_open(const struct access_contract *contract, struct access_process *process);

void access_process_close(struct access_process *process);

#endif
