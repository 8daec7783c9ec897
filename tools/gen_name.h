/* Names: how a name of a .proto file becomes one in C.
 *
 * Types are protoc-c's, so its rules (protobuf-c 1.4.1) are followed to the letter; the rest are
 * ours. Results live in the arena; the functions abort when it is full, as its cap is far beyond
 * what protoc hands over. One thread.
 */
#ifndef TOOLS_GEN_NAME_H
#define TOOLS_GEN_NAME_H

#include "base/arena.h"

/* "notes.v1.Outer.Inner" -> "Notes__V1__Outer__Inner", protoc-c's struct of a message. */
const char *gen_name_type(struct base_arena *arena, const char *full_name);

/* "notes.v1.GetNoteRequest" -> "notes__v1__get_note_request__descriptor", protoc-c's descriptor. */
const char *gen_name_descriptor(struct base_arena *arena, const char *full_name);

/* "notes.v1.Notes" -> "notes_v1_notes", what all that belongs to a service begins with. */
const char *gen_name_service(struct base_arena *arena, const char *full_name);

/* "GetNote" -> "get_note". A name that another constant of the service has gets a "_" behind it:
 * "Service" -> "service_". */
const char *gen_name_method(struct base_arena *arena, const char *name);

/* Whether C keeps the name for itself. */
bool gen_name_is_keyword(const char *c_name);

/* "notes/v1/notes.proto" -> "notes/v1/notes". */
const char *gen_name_stem(struct base_arena *arena, const char *file_name);

/* "notes/v1/notes" -> "notes_v1_notes", what all that belongs to a file begins with. */
const char *gen_name_file(struct base_arena *arena, const char *stem);

/* "notes/v1/notes" -> "NOTES_V1_NOTES_TG_H". */
const char *gen_name_guard(struct base_arena *arena, const char *stem);

/* Returns the formatted text in the arena. */
const char *gen_name_printf(struct base_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
