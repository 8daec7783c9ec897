/* Routes: whether the gateway could serve the files of one run together.
 *
 * It is asked itself, so that generation and start-up refuse the same rules with the same words: a
 * path template that does not parse, a variable or a body that is no field, two rules of one shape
 * and HTTP method, a success_status that is none. A rule that no request would ever reach, because
 * others take them all, is refused here only: who writes the .proto can mend it, while a gateway in
 * front of somebody else's services must start (it warns).
 */
#ifndef TOOLS_GEN_ROUTES_H
#define TOOLS_GEN_ROUTES_H

#include "base/arena.h"
#include "base/err.h"
#include "google/protobuf/compiler/plugin.pb-c.h"

/* Checks all files that shall be generated, as one gateway's services. Uses the arena
 * for scratch. */
bool gen_routes_check(const Google__Protobuf__Compiler__CodeGeneratorRequest *request,
                      struct base_arena *arena, struct base_err *err) BASE_MUST_CHECK;

#endif
