/* Descriptor set: a .proto file and all it imports, as the gateway and reflection read them.
 *
 * Options that descriptor.proto does not know, google.api.http among them, are kept as they came;
 * source positions and comments are dropped. One thread.
 */
#ifndef TOOLS_GEN_DESCRIPTOR_SET_H
#define TOOLS_GEN_DESCRIPTOR_SET_H

#include "base/arena.h"
#include "google/protobuf/compiler/plugin.pb-c.h"

/* Returns the file called `name`, or NULL. Borrowed from `request`. */
const Google__Protobuf__FileDescriptorProto *
gen_descriptor_set_find(const Google__Protobuf__Compiler__CodeGeneratorRequest *request,
                        const char *name);

/* Returns a packed google.protobuf.FileDescriptorSet of the `name_count` files called `names` and
 * their imports, each once and behind what it imports. Lives in the arena. */
struct base_str
gen_descriptor_set_pack(const Google__Protobuf__Compiler__CodeGeneratorRequest *request,
                        char *const *names, size_t name_count, struct base_arena *arena);

#endif
