/* The part of the contract that several threads, stores and processes test together. */
#ifndef SERVER_STORE_CONTRACT_CONCURRENT_H
#define SERVER_STORE_CONTRACT_CONCURRENT_H

#include "store_contract.h"

int store_contract_run_concurrent(const struct store_contract *contract);

#endif
