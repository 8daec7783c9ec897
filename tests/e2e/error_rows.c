/* What is refused, and how: each status of the gateway's own, and what the services refuse. */
#include "tests/e2e/rows.h"

#define ERROR(code, message) "{\"code\":" code ",\"message\":\"" message "\",\"details\":[]}"

#define BAD_PATH                                                                                   \
    ERROR("3", "the path does not start with \\\"/\\\" or has a malformed percent escape")
#define BAD_TYPE                                                                                   \
    ERROR("3", "the body must be application/json in UTF-8, without a Content-Encoding")

/* INVALID_ARGUMENT with violated fields, in order. */
#define VIOLATIONS(message, list)                                                                  \
    "{\"code\":3,\"message\":\"" message                                                           \
    "\",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.BadRequest\","                    \
    "\"fieldViolations\":[" list "]}]}"
#define BAD_TOKEN "page_token: not a token that a list has answered"
#define VIOLATION(field, description)                                                              \
    "{\"field\":\"" field "\",\"description\":\"" description "\"}"

static const struct e2e_row routing[] = {
    {"unknown path", "GET", "/nothing", NULL, NULL, 404, ERROR("5", "Not Found"), NULL},
    {"the root is one, too", "GET", "/", NULL, NULL, 404, ERROR("5", "Not Found"), NULL},
    {"a trailing slash is another path", "GET", "/users/", NULL, NULL, 404, ERROR("5", "Not Found"),
     NULL},
    {"an empty capture does not match", "GET", "/users//books", NULL, NULL, 404,
     ERROR("5", "Not Found"), NULL},
    {"paths have case", "GET", "/Users", NULL, NULL, 404, ERROR("5", "Not Found"), NULL},
    {"wrong method", "PUT", "/users", NULL, "{}", 405, ERROR("12", "Method Not Allowed"),
     "allow: GET, HEAD, POST, OPTIONS"},
    {"wrong method on a capture", "POST", "/users/1", NULL, "{}", 405,
     ERROR("12", "Method Not Allowed"), "allow: GET, HEAD, DELETE, OPTIONS"},
    {"an unknown method", "BREW", "/notes/x", NULL, NULL, 405, ERROR("12", "Method Not Allowed"),
     "allow: GET, HEAD, PUT, PATCH, DELETE, OPTIONS"},
    {"OPTIONS names the methods", "OPTIONS", "/notes", NULL, NULL, 204, NULL,
     "allow: GET, HEAD, POST, PUT, DELETE, OPTIONS"},
    {"OPTIONS on an unknown path", "OPTIONS", "/nothing", NULL, NULL, 404, ERROR("5", "Not Found"),
     NULL},
    {"HEAD on an unknown path has no body", "HEAD", "/nothing", NULL, NULL, 404, NULL, NULL},
    {"HEAD on a path without GET", "HEAD", "/users/1/books", NULL, NULL, 405, NULL,
     "allow: POST, OPTIONS"},
    {"bad escape in the path", "GET", "/users/%zz", NULL, NULL, 400, BAD_PATH, NULL},
    {"half an escape in the path", "GET", "/users/1%2", NULL, NULL, 400, BAD_PATH, NULL},
    {"bad escape in the query", "GET", "/users?page_token=%g1", NULL, NULL, 400, ERROR("3", "x"),
     NULL},
    {"not UTF-8 in the path", "GET", "/notes/%ff", NULL, NULL, 400, ERROR("3", "x"), NULL},
    {"an encoded slash belongs to the value", "GET", "/notes/a%2Fb", NULL, NULL, 404,
     ERROR("5", "note a/b not found"), NULL},
};

static const struct e2e_row parameters[] = {
    {"not a number in the path", "GET", "/users/abc", NULL, NULL, 400, ERROR("3", "x"), NULL},
    {"a negative id", "GET", "/users/-1", NULL, NULL, 400, ERROR("3", "x"), NULL},
    {"an id out of range", "GET", "/users/4294967296", NULL, NULL, 400, ERROR("3", "x"), NULL},
    {"the last id in range", "GET", "/users/4294967295", NULL, NULL, 404,
     ERROR("5", "user 4294967295 not found"), NULL},
    {"unknown query parameter", "GET", "/users?color=red", NULL, NULL, 400, ERROR("3", "x"), NULL},
    {"a query beside body *", "POST", "/users?name=Alice", NULL, "{\"name\":\"Alice\"}", 400,
     ERROR("3", "x"), NULL},
    {"a query value of the wrong type", "GET", "/notes?page_size=many", NULL, NULL, 400,
     ERROR("3", "x"), NULL},
    {"+ is a space", "GET", "/notes?page_size=+1", NULL, NULL, 400, ERROR("3", "x"), NULL},
    {"one parameter twice", "GET", "/notes?page_size=1&page_size=2", NULL, NULL, 400,
     ERROR("3", "x"), NULL},
    {"path and body disagree", "POST", "/users/1/books", NULL,
     "{\"id\":2,\"isbn\":\"1\",\"name\":\"n\"}", 400, ERROR("3", "x"), NULL},
    {"path and query disagree", "GET", "/users/1?id=2", NULL, NULL, 400, ERROR("3", "x"), NULL},
    {"a mask with an unknown field", "PATCH",
     "/notes/01890000-0000-7000-8000-000000000000?update_mask=colour", NULL, "{\"title\":\"t\"}",
     400, ERROR("3", "x"), NULL},
};

static const struct e2e_row bodies[] = {
    {"not JSON", "POST", "/users", NULL, "name=Alice", 400, ERROR("3", "x"), NULL},
    {"an end too soon", "POST", "/users", NULL, "{\"name\":\"Al", 400, ERROR("3", "x"), NULL},
    {"bytes behind the value", "POST", "/users", NULL, "{\"name\":\"A\"} x", 400, ERROR("3", "x"),
     NULL},
    {"a comma too many", "POST", "/users", NULL, "{\"name\":\"A\",}", 400, ERROR("3", "x"), NULL},
    {"not an object", "POST", "/users", NULL, "[]", 400, ERROR("3", "x"), NULL},
    {"wrong type", "POST", "/users", NULL, "{\"name\":17}", 400, ERROR("3", "x"), NULL},
    {"wrong type in a body field", "POST", "/notes", NULL, "{\"title\":\"t\",\"content\":[\"c\"]}",
     400, ERROR("3", "x"), NULL},
    {"unknown field", "POST", "/users", NULL, "{\"name\":\"A\",\"age\":7}", 400, ERROR("3", "x"),
     NULL},
    {"duplicate key", "POST", "/users", NULL, "{\"name\":\"A\",\"name\":\"B\"}", 400,
     ERROR("3", "x"), NULL},
    {"both spellings of one field", "PUT", "/notes", NULL,
     "{\"note_id\":\"x\",\"noteId\":\"x\",\"title\":\"t\"}", 400, ERROR("3", "x"), NULL},
    {"bad escape in a string", "POST", "/users", NULL, "{\"name\":\"\\x41\"}", 400, ERROR("3", "x"),
     NULL},
    {"half a surrogate pair", "POST", "/users", NULL, "{\"name\":\"\\ud800\"}", 400,
     ERROR("3", "x"), NULL},
    {"not UTF-8", "POST", "/users", NULL, "{\"name\":\"\xC3(\"}", 400, ERROR("3", "x"), NULL},
    {"a raw control character", "POST", "/users", NULL, "{\"name\":\"a\nb\"}", 400, ERROR("3", "x"),
     NULL},
    {"a bad timestamp", "POST", "/notes", NULL, "{\"title\":\"t\",\"timestamp\":\"yesterday\"}",
     400, ERROR("3", "x"), NULL},
    {"a body where the rule has none", "GET", "/users", NULL, "{}", 400, ERROR("3", "x"), NULL},
    {"another content type", "POST", "/users", "Content-Type: text/plain", "{\"name\":\"A\"}", 415,
     BAD_TYPE, NULL},
    {"a form", "POST", "/users", "Content-Type: application/x-www-form-urlencoded", "name=A", 415,
     BAD_TYPE, NULL},
    {"another charset", "POST", "/users", "Content-Type: application/json; charset=latin1",
     "{\"name\":\"A\"}", 415, BAD_TYPE, NULL},
    {"a content encoding", "POST", "/users",
     "Content-Type: application/json\nContent-Encoding: gzip", "{\"name\":\"A\"}", 415, BAD_TYPE,
     NULL},
    {"a JSON dialect is JSON", "POST", "/users", "Content-Type: application/merge-patch+json",
     "{\"name\":\"A\"}", 201, "{\"id\":0}", NULL},
    {"without a type it is JSON", "POST", "/users", "Content-Type:", "{\"name\":\"A\"}", 201,
     "{\"id\":1}", NULL},
};

static const struct e2e_row services[] = {
    {"a user without a name", "POST", "/users", NULL, "{}", 400,
     VIOLATIONS("name is required", VIOLATION("name", "name is required")), NULL},
    {"no body is an empty message", "POST", "/users", NULL, NULL, 400,
     VIOLATIONS("name is required", VIOLATION("name", "name is required")), NULL},
    {"every violated field is named", "POST", "/users/0/books", NULL, "{\"author\":\"me\"}", 400,
     VIOLATIONS("isbn is required; name is required",
                VIOLATION("isbn", "isbn is required") "," VIOLATION("name", "name is required")),
     NULL},
    {"a note without a title", "POST", "/notes", NULL, "{\"content\":\"c\"}", 400,
     VIOLATIONS("title is required", VIOLATION("note.title", "title is required")), NULL},
    {"missing user", "GET", "/users/42", NULL, NULL, 404, ERROR("5", "user 42 not found"), NULL},
    {"delete a missing user", "DELETE", "/users/42", NULL, NULL, 404,
     ERROR("5", "user 42 not found"), NULL},
    {"a book for a missing user", "POST", "/users/42/books", NULL,
     "{\"isbn\":\"1\",\"name\":\"n\"}", 404, ERROR("5", "user 42 not found"), NULL},
    {"missing note", "GET", "/notes/42", NULL, NULL, 404, ERROR("5", "note 42 not found"), NULL},
    {"replace a missing note", "PUT", "/notes/42", NULL, "{\"title\":\"t\"}", 404,
     ERROR("5", "note 42 not found"), NULL},
    {"change a missing note", "PATCH", "/notes/42", NULL, "{\"title\":\"t\"}", 404,
     ERROR("5", "note 42 not found"), NULL},
    {"remove a missing note", "DELETE", "/notes/42", NULL, NULL, 404,
     ERROR("5", "note 42 not found"), NULL},
    {"PUT without an id anywhere", "PUT", "/notes", NULL, "{\"title\":\"t\"}", 400,
     VIOLATIONS("note_id is required", VIOLATION("note_id", "note_id is required")), NULL},
    {"DELETE without an id anywhere", "DELETE", "/notes", NULL, NULL, 400,
     VIOLATIONS("note_id is required", VIOLATION("note_id", "note_id is required")), NULL},
    {"path and body name two notes", "PUT", "/notes/1", NULL, "{\"noteId\":\"2\",\"title\":\"t\"}",
     400, ERROR("3", "x"), NULL},
    {"page_size too large is the largest", "GET", "/notes?page_size=1001", NULL, NULL, 200,
     "{\"notes\":[],\"nextPageToken\":\"\"}", NULL},
    {"page_size negative", "GET", "/users?page_size=-1", NULL, NULL, 400,
     VIOLATIONS("page_size: at least 0, got -1",
                VIOLATION("page_size", "page_size: at least 0, got -1")),
     NULL},
    {"a page token that is none", "GET", "/notes?page_token=!", NULL, NULL, 400,
     VIOLATIONS(BAD_TOKEN, VIOLATION("page_token", BAD_TOKEN)), NULL},
    {"a page token that is none, for users", "GET", "/users?page_token=!", NULL, NULL, 400,
     VIOLATIONS(BAD_TOKEN, VIOLATION("page_token", BAD_TOKEN)), NULL},
};

static const struct e2e_row timeouts[] = {
    {"a deadline that has passed", "POST", "/users", "Grpc-Timeout: 1n", "{\"name\":\"A\"}", 504,
     ERROR("4", "deadline exceeded"), NULL},
    {"in seconds", "POST", "/users", "X-Server-Timeout: 0.000000001", "{\"name\":\"A\"}", 504,
     ERROR("4", "deadline exceeded"), NULL},
    {"the sooner counts", "POST", "/users", "Grpc-Timeout: 1H\nX-Server-Timeout: 0.000000001",
     "{\"name\":\"A\"}", 504, ERROR("4", "deadline exceeded"), NULL},
    {"a deadline far away", "POST", "/users", "Grpc-Timeout: 99999999H", "{\"name\":\"A\"}", 201,
     "{\"id\":0}", NULL},
    {"a timeout without a unit", "GET", "/users", "Grpc-Timeout: 10", NULL, 400, ERROR("3", "x"),
     NULL},
    {"nine digits", "GET", "/users", "Grpc-Timeout: 123456789S", NULL, 400, ERROR("3", "x"), NULL},
    {"a timeout that is no number", "GET", "/users", "X-Server-Timeout: soon", NULL, 400,
     ERROR("3", "x"), NULL},
    {"metadata that is no base64", "GET", "/users", "Grpc-Metadata-Trace-Bin: %%%", NULL, 400,
     ERROR("3", "x"), NULL},
};

const struct e2e_table e2e_error_tables[] = {
    E2E_TABLE("routing", routing),   E2E_TABLE("parameters", parameters),
    E2E_TABLE("bodies", bodies),     E2E_TABLE("what services refuse", services),
    E2E_TABLE("timeouts", timeouts),
};
const size_t e2e_error_table_count = sizeof e2e_error_tables / sizeof *e2e_error_tables;
