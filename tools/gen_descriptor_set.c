/* protoc lists files so that each stands behind what it imports. Marking what is needed from the
 * last to the first thus needs one pass, and writing in protoc's order keeps that order. A file
 * without a name, which only a broken caller sends, counts as one of the empty name. */
#include "tools/gen_descriptor_set.h"

#include <assert.h>

static bool is_same(const char *a, const char *b)
{
    return base_str_eq(base_str_of(a), base_str_of(b));
}

const Google__Protobuf__FileDescriptorProto *
gen_descriptor_set_find(const Google__Protobuf__Compiler__CodeGeneratorRequest *request,
                        const char *name)
{
    for (size_t i = 0; i < request->n_proto_file; i++) {
        if (is_same(request->proto_file[i]->name, name)) {
            return request->proto_file[i];
        }
    }
    return NULL;
}

static bool is_one_of(const char *name, char *const *names, size_t name_count)
{
    for (size_t i = 0; i < name_count; i++) {
        if (is_same(names[i], name)) {
            return true;
        }
    }
    return false;
}

/* Whether a needed file imports the one at `index`; those can only stand behind it. */
static bool is_imported(const Google__Protobuf__Compiler__CodeGeneratorRequest *request,
                        const bool *needed, size_t index)
{
    const char *name = request->proto_file[index]->name;
    for (size_t i = index + 1; i < request->n_proto_file; i++) {
        const Google__Protobuf__FileDescriptorProto *file = request->proto_file[i];
        if (needed[i] && is_one_of(name, file->dependency, file->n_dependency)) {
            return true;
        }
    }
    return false;
}

struct base_str
gen_descriptor_set_pack(const Google__Protobuf__Compiler__CodeGeneratorRequest *request,
                        char *const *names, size_t name_count, struct base_arena *arena)
{
    size_t count = request->n_proto_file;
    bool *needed = base_arena_calloc(arena, count * sizeof *needed);
    Google__Protobuf__FileDescriptorProto *files = base_arena_alloc(arena, count * sizeof *files);
    Google__Protobuf__FileDescriptorProto **list = base_arena_alloc(arena, count * sizeof *list);
    assert(needed != NULL && files != NULL && list != NULL);
    for (size_t i = count; i-- > 0;) {
        needed[i] = is_one_of(request->proto_file[i]->name, names, name_count) ||
                    is_imported(request, needed, i);
    }
    Google__Protobuf__FileDescriptorSet set = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_SET__INIT;
    set.file = list;
    for (size_t i = 0; i < count; i++) {
        if (needed[i]) {
            files[i] = *request->proto_file[i];
            files[i].source_code_info = NULL;
            list[set.n_file++] = &files[i];
        }
    }
    size_t size = google__protobuf__file_descriptor_set__get_packed_size(&set);
    uint8_t *bytes = base_arena_alloc(arena, size);
    assert(bytes != NULL);
    google__protobuf__file_descriptor_set__pack(&set, bytes);
    return base_str_make((const char *)bytes, size);
}
