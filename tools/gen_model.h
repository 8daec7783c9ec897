/* Model: what there is to write for one .proto file, with every name already C's.
 *
 * Built from protoc's CodeGeneratorRequest, which it borrows; all of it lives in the arena. What
 * cannot be generated is refused here, naming the file or the method. One thread.
 */
#ifndef TOOLS_GEN_MODEL_H
#define TOOLS_GEN_MODEL_H

#include "base/arena.h"
#include "base/err.h"
#include "google/protobuf/compiler/plugin.pb-c.h"

struct gen_type {
    const char *c_name;     /* "Notes__V1__Note" */
    const char *descriptor; /* "notes__v1__note__descriptor" */
    const char *stem;       /* "notes/v1/notes", of the file that defines it */
};

struct gen_method {
    const char *name;      /* "GetNote" */
    const char *full_name; /* "notes.v1.Notes.GetNote" */
    const char *c_name;    /* "get_note" */
    const char *path;      /* "/notes.v1.Notes/GetNote" */
    const char *kind;      /* "RPC_UNARY", an enumerator of enum rpc_kind */
    const char *comment;   /* from the .proto; NULL when there is none */
    struct gen_type request;
    struct gen_type response;
    bool is_unary;
    bool no_side_effects;
};

struct gen_service {
    const char *full_name;  /* "notes.v1.Notes" */
    const char *c_name;     /* "notes_v1_notes", begins all that others see */
    const char *short_name; /* "notes", begins what the .c keeps to itself */
    const char *comment;
    struct gen_method *methods;
    size_t method_count;
};

struct gen_file {
    const char *name;   /* "notes/v1/notes.proto" */
    const char *stem;   /* "notes/v1/notes" */
    const char *c_name; /* "notes_v1_notes" */
    const char *comment;
    struct gen_service *services;
    size_t service_count;
    const char **message_stems; /* the files of all requests and responses, each once, sorted */
    size_t message_stem_count;
    struct base_str descriptor_set; /* this file and all it imports, without source positions */
};

/* Describes the file called `name` of `request`. Fails with INVALID_ARGUMENT where it cannot be
 * generated for; the message begins with the file or the method. */
bool gen_model_build(const Google__Protobuf__Compiler__CodeGeneratorRequest *request,
                     const char *name, struct base_arena *arena, struct gen_file *out_file,
                     struct base_err *err) BASE_MUST_CHECK;

#endif
