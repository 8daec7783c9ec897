/* Import: `tollgate keys import`, which makes keys of a CSV file. Startup thread. */
#ifndef CLI_IMPORT_H
#define CLI_IMPORT_H

#include "cli/manage.h"
#include "gateway/desk.h"

/* Bytes of a file: the body of one request. */
#define CLI_IMPORT_BYTES_MAX GW_BODY_BYTES_MAX

/* Sends the file of the options, "-" being standard input, and shows the ids of the keys that it
 * became; what a line was not taken for is warned of. Fails as the listener does, and where the
 * file cannot be read. */
bool cli_import_run(struct cli_manage *manage, struct base_err *err) BASE_MUST_CHECK;

#endif
