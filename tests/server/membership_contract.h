/* What keys, plans and stages must keep over any store while many processes change them at once. */
#ifndef SERVER_MEMBERSHIP_CONTRACT_H
#define SERVER_MEMBERSHIP_CONTRACT_H

#include "access_contract.h"

/* Runs the tests; returns the failures. */
int membership_contract_run(const struct access_contract *contract);

#endif
