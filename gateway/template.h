/* Template: a parsed google.api.http path template.
 *
 *     Template = "/" [ Segments [ Verb ] ] ;   Segments = Segment { "/" Segment } ;
 *     Segment  = "*" | "**" | LITERAL | Variable ;   Verb = ":" LITERAL ;
 *     Variable = "{" FieldPath [ "=" Segments ] "}" ;   FieldPath = IDENT { "." IDENT } ;
 *
 * from google/api/http.proto, with the decisions of ARCHITECTURE.md: "/" alone is the root, "**"
 * anywhere but once, no nested variables, no variable twice, no empty verb. A colon elsewhere than
 * before the verb belongs to its literal: of a last literal the last colon starts the verb, behind
 * a wildcard or a variable the first. Literals are made of the characters RFC 3986 allows in a
 * path segment and of checked percent escapes, and do not begin with "*", which would be taken for
 * a wildcard. Constant once parsed; any thread.
 */
#ifndef GATEWAY_TEMPLATE_H
#define GATEWAY_TEMPLATE_H

#include "base/arena.h"
#include "base/err.h"

/* Segments and variables of one template, and its bytes. */
#define GW_TEMPLATE_SEGMENTS_MAX 64
#define GW_TEMPLATE_VARIABLES_MAX 32
#define GW_TEMPLATE_BYTES_MAX 2048

enum gw_segment_kind { GW_LITERAL, GW_STAR, GW_DOUBLE_STAR };

struct gw_segment {
    enum gw_segment_kind kind;
    struct base_str literal; /* percent-decoded, compared with the decoded path segment */
};

struct gw_variable {
    struct base_str field_path; /* "note.note_id" */
    size_t first_segment;
    size_t segment_count;
    bool is_multi; /* several segments, or a "**": %2F stays encoded */
};

struct gw_template {
    struct base_str text;
    const struct gw_segment *segments;
    size_t segment_count;
    const struct gw_variable *variables;
    size_t variable_count;
    size_t double_star;   /* which segment is the "**"; segment_count when none is */
    struct base_str verb; /* without the colon, decoded; empty when there is none */
};

/* Parses `text` into `arena`, copying what it keeps. INVALID_ARGUMENT names the byte and the
 * reason; RESOURCE_EXHAUSTED that the arena is full. */
bool gw_template_parse(struct base_str text, struct base_arena *arena,
                       struct gw_template *out_template, struct base_err *err) BASE_MUST_CHECK;

#endif
