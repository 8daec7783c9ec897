/* In-process channel: calls this process's own services, with no wire in between.
 *
 * An inline method runs on the caller's thread inside rpc_call_send; any other runs on a worker and
 * its events come back through the call's home mailbox. Call objects are recycled per thread, so a
 * steady load allocates nothing.
 */
#ifndef RPC_CHANNEL_INPROC_H
#define RPC_CHANNEL_INPROC_H

#include "rpc/channel.h"
#include "rpc/server.h"

/* Returns owned a channel to the services of `server`, which it borrows. */
struct rpc_channel *rpc_channel_inproc_create(struct rpc_server *server);

#endif
