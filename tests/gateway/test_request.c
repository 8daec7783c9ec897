/* Request: one line of HTTP and a body, and the message it becomes, as JSON, or the error. */
#include "gateway/wire_normal.h"
#include "tests/gateway/request_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* ---- the path ---- */

static const struct request_row path_rows[] = {
    {"a string", "GET /things/42", NULL, "{\"id\":\"42\"}"},
    {"escapes of one segment", "GET /things/a%2Fb%20c%2525", NULL, "{\"id\":\"a/b c%25\"}"},
    {"a plus in a path is a plus", "GET /things/a+b", NULL, "{\"id\":\"a+b\"}"},
    {"escapes of several segments", "GET /many/a/b%2Fc%20d/e", NULL, "{\"id\":\"a/b%2Fc d/e\"}"},
    {"fields of nested messages", "GET /deep/Ann/41", NULL,
     "{\"book\":{\"author\":{\"name\":\"Ann\",\"age\":41}}}"},
    {"everything text can express", "GET /texts/2026-01-31T09:30:00Z/1.5s/true/AP8=/BLUE", NULL,
     "{\"color\":\"BLUE\",\"since\":\"2026-01-31T09:30:00Z\",\"wait\":\"1.500s\",\"flag\":true,"
     "\"raw\":\"AP8=\"}"},
    {"an enum by number", "GET /texts/2026-01-31T09:30:00Z/1s/false/AP8/2", NULL,
     "{\"color\":\"BLUE\",\"since\":\"2026-01-31T09:30:00Z\",\"wait\":\"1s\",\"flag\":false,"
     "\"raw\":\"AP8=\"}"},
    {"any method", "LINK /any", NULL, "{}"},
};

static const struct request_row path_errors[] = {
    {"not UTF-8", "GET /things/%ff", NULL, "path parameter \"id\": expected UTF-8, found \"...\""},
    {"not a number", "GET /deep/Ann/old", NULL,
     "path parameter \"book.author.age\": expected an int32, found \"old\""},
    {"out of range", "GET /deep/Ann/2147483648", NULL,
     "path parameter \"book.author.age\": expected an int32, 2147483648 is out of its range"},
};

/* ---- the query ---- */

static const struct request_row query_rows[] = {
    {"none", "GET /things", NULL, "{}"},
    {"empty", "GET /things?", NULL, "{}"},
    {"a string", "GET /things?id=x", NULL, "{\"id\":\"x\"}"},
    {"beside the path", "GET /things/1?page_size=2", NULL, "{\"id\":\"1\",\"pageSize\":2}"},
    {"the JSON name", "GET /things?pageSize=2", NULL, "{\"pageSize\":2}"},
    {"nested, names of both kinds", "GET /things?book.isbn_number=1&book.author.boss.age=3", NULL,
     "{\"book\":{\"author\":{\"boss\":{\"age\":3}},\"ISBN\":\"1\"}}"},
    {"nested, the JSON name", "GET /things?book.ISBN=1", NULL, "{\"book\":{\"ISBN\":\"1\"}}"},
    {"repeated", "GET /things?tag=a&tag=b&page_size=1&tag=", NULL,
     "{\"tag\":[\"a\",\"b\",\"\"],\"pageSize\":1}"},
    {"repeated enum", "GET /things?colors=RED&colors=2&colors=0", NULL,
     "{\"colors\":[\"RED\",\"BLUE\",\"COLOR_UNSPECIFIED\"]}"},
    {"repeated wrapper", "GET /things?words=a&words=b", NULL, "{\"words\":[\"a\",\"b\"]}"},
    {"repeated in nested", "GET /things?book.tags=a&book.tags=b", NULL,
     "{\"book\":{\"tags\":[\"a\",\"b\"]}}"},
    {"no list in one value", "GET /things?tag=a,b", NULL, "{\"tag\":[\"a,b\"]}"},
    {"a plus is a space", "GET /things?id=a+b%2Bc", NULL, "{\"id\":\"a b+c\"}"},
    {"escapes in names", "GET /things?%69d=x&book%2Etitle=y", NULL,
     "{\"id\":\"x\",\"book\":{\"title\":\"y\"}}"},
    {"an equals sign in a value", "GET /things?id=a=b", NULL, "{\"id\":\"a=b\"}"},
    {"an ampersand in a value", "GET /things?id=a%26b", NULL, "{\"id\":\"a&b\"}"},
    {"a question mark in a value", "GET /things?id=a?b", NULL, "{\"id\":\"a?b\"}"},
    {"without an equals sign the value is empty", "GET /things?shelf", NULL, "{\"shelf\":\"\"}"},
    {"without a name it is passed over", "GET /things?=x&&id=y&", NULL, "{\"id\":\"y\"}"},
    {"presence", "GET /things?limit=0", NULL, "{\"limit\":0}"},
    {"int64", "GET /things?big=-9223372036854775808", NULL, "{\"big\":\"-9223372036854775808\"}"},
    {"bool", "GET /things?rare=true", NULL, "{\"rare\":true}"},
    {"double", "GET /things?weight=-1.5e3", NULL, "{\"weight\":-1500}"},
    {"not a number", "GET /things?weight=NaN", NULL, "{\"weight\":\"NaN\"}"},
    {"bytes, url alphabet", "GET /things?raw=_-A", NULL, "{\"raw\":\"/+A=\"}"},
    {"field mask, JSON names", "GET /things?update_mask=title,isbnNumber", NULL,
     "{\"updateMask\":\"title,isbnNumber\"}"},
    {"a member of a oneof", "GET /things?row=3", NULL, "{\"row\":3}"},
    {"two fields of one member", "GET /things?person.name=a&person.age=2", NULL,
     "{\"person\":{\"name\":\"a\",\"age\":2}}"},
    {"agreeing with the path", "GET /things/1?id=1", NULL, "{\"id\":\"1\"}"},
    {"agreeing with a nested path", "GET /deep/Ann/41?book.author.age=41&book.title=t", NULL,
     "{\"book\":{\"title\":\"t\",\"author\":{\"name\":\"Ann\",\"age\":41}}}"},
};

static const struct request_row query_errors[] = {
    {"a Value that JSON has not", "GET /things?book.value.number_value=NaN", NULL,
     "a google.protobuf.Value out of range"},
    {"an Any of a type that nobody knows", "GET /things?book.detail.type_url=a/b.C", NULL,
     "a google.protobuf.Any of an unknown type"},
    {"unknown", "GET /things?colour=red", NULL,
     "query parameter \"colour\": test.request.Thing has no field of this name"},
    {"unknown in nested", "GET /things?book.colour=red", NULL,
     "query parameter \"book.colour\": test.request.Book has no field of this name"},
    {"an empty step", "GET /things?book..title=x", NULL,
     "query parameter \"book..title\": test.request.Book has no field of this name"},
    {"a dot alone", "GET /things?.=x", NULL,
     "query parameter \".\": test.request.Thing has no field of this name"},
    {"the wrong type", "GET /things?page_size=many", NULL,
     "query parameter \"page_size\": expected an int32, found \"many\""},
    {"an empty number", "GET /things?page_size=", NULL,
     "query parameter \"page_size\": expected an int32, found \"\""},
    {"a space before a number", "GET /things?page_size=+1", NULL,
     "query parameter \"page_size\": expected an int32, found \" 1\""},
    {"twice", "GET /things?id=a&id=b", NULL,
     "query parameter \"id\": too many values for field id"},
    {"twice the same", "GET /things?id=a&id=a", NULL,
     "query parameter \"id\": too many values for field id"},
    {"in both spellings", "GET /things?page_size=1&pageSize=1", NULL,
     "query parameter \"pageSize\": too many values for field page_size"},
    {"twice the default", "GET /things?page_size=0&page_size=0", NULL,
     "query parameter \"page_size\": too many values for field page_size"},
    {"a oneof twice", "GET /things?shelf=a&row=1", NULL,
     "query parameter \"row\": field shelf of the same oneof is set already"},
    {"a oneof twice, nested", "GET /things?person.age=1&row=1", NULL,
     "query parameter \"row\": field person.age of the same oneof is set already"},
    {"a oneof twice, the other way round", "GET /things?row=1&person.age=1", NULL,
     "query parameter \"person.age\": field row of the same oneof is set already"},
    {"the whole and a part", "GET /things?since=2026-01-31T09:30:00Z&since.nanos=1", NULL,
     "query parameter \"since.nanos\": conflicts with field since, which is set"},
    {"a map", "GET /things?labels=x", NULL,
     "query parameter \"labels\": field labels is a map, which a query cannot express"},
    {"inside a map", "GET /things?labels.key=x", NULL,
     "query parameter \"labels.key\": field labels is a map and has no fields to name"},
    {"a map's key in brackets", "GET /things?labels[a]=x", NULL,
     "query parameter \"labels[a]\": test.request.Thing has no field of this name"},
    {"a message", "GET /things?book=x", NULL,
     "query parameter \"book\": field book is a message, which a query sets field by field"},
    {"a repeated message", "GET /things?authors=x", NULL,
     "query parameter \"authors\": field authors is a message, which a query sets field by field"},
    {"inside a repeated message", "GET /things?authors.name=x", NULL,
     "query parameter \"authors.name\": field authors is a repeated field and has no fields to "
     "name"},
    {"inside a scalar", "GET /things?id.x=x", NULL,
     "query parameter \"id.x\": field id is not a message and has no fields to name"},
    {"a struct", "GET /things?extra={}", NULL,
     "query parameter \"extra\": field extra is a message, which a query sets field by field"},
    {"null is text", "GET /things?page_size=null", NULL,
     "query parameter \"page_size\": expected an int32, found \"null\""},
    {"a mask that is not UTF-8", "GET /things?update_mask=t%ffitle", NULL,
     "query parameter \"update_mask\": expected UTF-8, found \"t...\""},
    {"a bad escape", "GET /things?id=%zz", NULL,
     "query at byte 3: expected two hexadecimal digits after \"%\""},
    {"half an escape", "GET /things?a%2", NULL,
     "query at byte 1: expected two hexadecimal digits after \"%\""},
    {"too deep",
     "GET "
     "/things?book.author.boss.boss.boss.boss.boss.boss.boss.boss.boss.boss.boss.boss.boss.boss."
     "name=x",
     NULL,
     "query parameter \"book.author.boss.boss.boss.boss.boss.boss.boss.boss.boss.boss.bo\": names "
     "more than 16 fields"},
    {"with body *", "POST /things?id=x", "{}",
     "query parameter \"id\": the body is the whole request and leaves no parameters"},
    {"with body * and no body", "POST /things?nothing", NULL,
     "query parameter \"nothing\": the body is the whole request and leaves no parameters"},
    {"the body's field", "PUT /things?book=x", "{}",
     "query parameter \"book\": field book is the "
     "body"},
    {"inside the body's field", "PUT /things?book.title=x", "{}",
     "query parameter \"book.title\": field book is the body"},
    {"inside the body's field without a body", "PUT /things?book.title=x", NULL,
     "query parameter \"book.title\": field book is the body"},
    {"a oneof with the body", "PUT /persons?shelf=x", "{}",
     "query parameter \"shelf\": the body sets field person of the same oneof"},
    {"another value than the path", "GET /things/1?id=2", NULL,
     "field id has one value in the path and another in the query"},
    {"an empty value beside the path", "GET /shelves/1?shelf=", NULL,
     "field shelf has one value in the path and another in the query"},
    {"another value than a nested path", "GET /deep/Ann/41?book.author.age=42", NULL,
     "field book.author.age has one value in the path and another in the query"},
    {"a oneof with the path", "GET /shelves/1?row=2", NULL,
     "query parameter \"row\": conflicts with field shelf, which the path sets"},
    {"inside what the path sets",
     "GET /texts/2026-01-31T09:30:00Z/1s/true/AP8=/BLUE?since.seconds=1", NULL,
     "query parameter \"since.seconds\": conflicts with field since, which the path sets"},
};

/* ---- the body ---- */

static const struct request_row body_rows[] = {
    {"the whole", "POST /things", "{\"id\":\"1\",\"tag\":[\"a\"]}",
     "{\"id\":\"1\",\"tag\":[\"a\"]}"},
    {"none is unset", "POST /things", NULL, "{}"},
    {"none for a field is unset", "PUT /things/1", NULL, "{\"id\":\"1\"}"},
    {"null for a field is unset", "PUT /things/1", "null", "{\"id\":\"1\"}"},
    {"an empty object is set", "PUT /things/1", "{}", "{\"id\":\"1\",\"book\":{}}"},
    {"a field", "PUT /things/1", "{\"title\":\"t\"}", "{\"id\":\"1\",\"book\":{\"title\":\"t\"}}"},
    {"a field, with the rest in the query", "PUT /things?id=1&tag=a", "{\"title\":\"t\"}",
     "{\"id\":\"1\",\"book\":{\"title\":\"t\"},\"tag\":[\"a\"]}"},
    {"a repeated field", "POST /tags/1", "[\"a\",\"b\"]", "{\"id\":\"1\",\"tag\":[\"a\",\"b\"]}"},
    {"a number", "POST /numbers/1", "7", "{\"id\":\"1\",\"pageSize\":7}"},
    {"a member of a oneof", "PUT /persons?id=1", "{\"age\":3}",
     "{\"id\":\"1\",\"person\":{\"age\":3}}"},
    {"no member, so the query may", "PUT /persons?shelf=x", NULL, "{\"shelf\":\"x\"}"},
    {"beside the path", "POST /things/1:fill", "{\"tag\":[\"a\"]}",
     "{\"id\":\"1\",\"tag\":[\"a\"]}"},
    {"agreeing with the path", "POST /things/1:fill", "{\"id\":\"1\"}", "{\"id\":\"1\"}"},
    {"empty does not disagree", "POST /things/1:fill", "{\"id\":null}", "{\"id\":\"1\"}"},
    {"merged with a nested path", "POST /deep/Ann",
     "{\"book\":{\"title\":\"t\",\"author\":{\"age\":1}}}",
     "{\"book\":{\"title\":\"t\",\"author\":{\"name\":\"Ann\",\"age\":1}}}"},
    {"a field merged with a nested path", "PUT /deep/7",
     "{\"author\":{\"name\":\"Ann\",\"age\":7}}",
     "{\"book\":{\"author\":{\"name\":\"Ann\",\"age\":7}}}"},
    {"a field null beside a nested path", "PUT /deep/7", "null",
     "{\"book\":{\"author\":{\"age\":7}}}"},
};

static const struct request_row body_errors[] = {
    {"where the rule has none", "GET /things/1", "{}",
     "body of 2 bytes: expected none for GET \"/things/{id}\""},
    {"where any method has none", "POST /any", "{}",
     "body of 2 bytes: expected none for * \"/any\""},
    {"disagreeing with the path", "POST /things/1:fill", "{\"id\":\"2\"}",
     "field id has one value in the path and another in the body"},
    {"disagreeing with a nested path", "POST /deep/Ann",
     "{\"book\":{\"author\":{\"name\":\"Bob\"}}}",
     "field book.author.name has one value in the path and another in the body"},
    {"disagreeing, under both names", "PUT /deep/7", "{\"author\":{\"age\":8}}",
     "field book.author.age has one value in the path and another in the body"},
    {"a number where the path says the default", "PUT /deep/0", "{\"author\":{\"age\":8}}",
     "field book.author.age has one value in the path and another in the body"},
    {"another member of the path's oneof", "POST /shelves/1", "{\"row\":2}",
     "the body sets field row, the path field shelf of the same oneof"},
    {"another member, a message", "POST /shelves/1", "{\"person\":{}}",
     "the body sets field person, the path field shelf of the same oneof"},
};

/* ---- PATCH ---- */

static const struct request_row patch_rows[] = {
    {"the fields sent", "PATCH /things/1", "{\"title\":\"t\",\"name\":\"n\"}",
     "{\"id\":\"1\",\"book\":{\"name\":\"n\",\"title\":\"t\"},\"updateMask\":\"name,title\"}"},
    {"no body, no mask", "PATCH /things/1", NULL, "{\"id\":\"1\"}"},
    {"an empty body, no mask", "PATCH /things/1", "{}", "{\"id\":\"1\",\"book\":{}}"},
    {"null, no mask", "PATCH /things/1", " null ", "{\"id\":\"1\"}"},
    {"null clears its field", "PATCH /things/1", "{\"title\":null,\"author\":null}",
     "{\"id\":\"1\",\"book\":{},\"updateMask\":\"author,title\"}"},
    {"leaves of nested messages", "PATCH /things/1",
     " { \"author\" : { \"boss\" : { \"age\" : 1 , \"name\" : \"\" } , \"age\" : 2 } } ",
     "{\"id\":\"1\",\"book\":{\"author\":{\"age\":2,\"boss\":{\"age\":1}}},"
     "\"updateMask\":\"author.age,author.boss.age,author.boss.name\"}"},
    {"an empty message ends its path", "PATCH /things/1", "{\"author\":{\"boss\":{}}}",
     "{\"id\":\"1\",\"book\":{\"author\":{\"boss\":{}}},\"updateMask\":\"author.boss\"}"},
    {"so do lists and maps", "PATCH /things/1",
     "{\"tags\":[\"x\"],\"labels\":{\"a\":\"b\"},\"editors\":[{\"age\":1}]}",
     "{\"id\":\"1\",\"book\":{\"tags\":[\"x\"],\"labels\":{\"a\":\"b\"},\"editors\":[{\"age\":1}]},"
     "\"updateMask\":\"editors,labels,tags\"}"},
    {"and well-known types", "PATCH /things/1",
     "{\"extra\":{\"a\":{\"b\":1}},\"value\":{\"c\":2},\"published\":\"2026-01-31T09:30:00Z\","
     "\"detail\":{\"@type\":\"type.googleapis.com/test.request.Author\",\"age\":1}}",
     "{\"id\":\"1\",\"book\":{\"extra\":{\"a\":{\"b\":1}},\"value\":{\"c\":2},"
     "\"detail\":{\"@type\":\"type.googleapis.com/test.request.Author\",\"age\":1},"
     "\"published\":\"2026-01-31T09:30:00Z\"},"
     "\"updateMask\":\"detail,extra,published,value\"}"},
    {"proto names, whatever the JSON's", "PATCH /things/1", "{\"ISBN\":\"1\"}",
     "{\"id\":\"1\",\"book\":{\"ISBN\":\"1\"},\"updateMask\":\"isbnNumber\"}"},
    {"escaped names", "PATCH /things/1", "{\"\\u0074itle\":\"t\"}",
     "{\"id\":\"1\",\"book\":{\"title\":\"t\"},\"updateMask\":\"title\"}"},
    {"a mask given wins", "PATCH /things/1?update_mask=title,author", "{\"title\":\"t\"}",
     "{\"id\":\"1\",\"book\":{\"title\":\"t\"},\"updateMask\":\"title,author\"}"},
    {"a mask given empty is filled", "PATCH /things/1?update_mask=", "{\"title\":\"t\"}",
     "{\"id\":\"1\",\"book\":{\"title\":\"t\"},\"updateMask\":\"title\"}"},
    {"a mask in the path wins", "PATCH /masked/author", "{\"title\":\"t\"}",
     "{\"book\":{\"title\":\"t\"},\"updateMask\":\"author\"}"},
    {"what the path sets is not added", "PATCH /v1/shelves/1/books/2", "{\"title\":\"t\"}",
     "{\"book\":{\"name\":\"shelves/1/books/2\",\"title\":\"t\"},\"updateMask\":\"title\"}"},
    {"not with body *", "PATCH /whole", "{\"id\":\"1\"}", "{\"id\":\"1\"}"},
    {"not with two masks", "PATCH /twomasks", "{\"title\":\"t\"}", "{\"book\":{\"title\":\"t\"}}"},
    {"not with another method", "PUT /things/1", "{\"title\":\"t\"}",
     "{\"id\":\"1\",\"book\":{\"title\":\"t\"}}"},
};

static const struct request_row ignoring_rows[] = {
    {"unknown parameters", "GET /things?colour=red&id=1&book.x.y=2", NULL, "{\"id\":\"1\"}"},
    {"parameters beside body *", "POST /things?key=x", "{\"id\":\"1\"}", "{\"id\":\"1\"}"},
    {"unknown fields are in no mask", "PATCH /things/1", "{\"x\":{\"y\":[1]},\"title\":\"t\"}",
     "{\"id\":\"1\",\"book\":{\"title\":\"t\"},\"updateMask\":\"title\"}"},
    {"a message of unknown fields", "PATCH /things/1", "{\"author\":{\"x\":1}}",
     "{\"id\":\"1\",\"book\":{\"author\":{}}}"},
    {"beside one that is known", "PATCH /things/1", "{\"author\":{\"boss\":{\"x\":1},\"age\":2}}",
     "{\"id\":\"1\",\"book\":{\"author\":{\"age\":2,\"boss\":{}}},\"updateMask\":\"author.age\"}"},
};

/* ---- running them ---- */

static int setup(void **state)
{
    static struct request_fixture f;
    request_fixture_open(&f, REQUEST_DESCRIPTOR_SET);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    request_fixture_close(*state);
    return 0;
}

static void test_path(void **state)
{
    REQUEST_ROWS_CHECK(*state, path_rows, false)
    REQUEST_ROWS_CHECK(*state, path_errors, true)
}

static void test_query(void **state)
{
    REQUEST_ROWS_CHECK(*state, query_rows, false)
    REQUEST_ROWS_CHECK(*state, query_errors, true)
}

static void test_body(void **state)
{
    REQUEST_ROWS_CHECK(*state, body_rows, false)
    REQUEST_ROWS_CHECK(*state, body_errors, true)
}

static void test_patch(void **state)
{
    REQUEST_ROWS_CHECK(*state, patch_rows, false)
}

static void test_ignoring(void **state)
{
    struct request_fixture f = *(const struct request_fixture *)*state;
    f.options.ignore_unknown_fields = true;
    REQUEST_ROWS_CHECK(&f, ignoring_rows, false)
}

/* Room for MANY_SIZE bytes of a request with many parameters. */
#define MANY_SIZE (16 * (GW_QUERY_PARAMETERS_MAX + 2))

/* Writes "GET /things?" and `count` times `part`. */
static char *many(char out[MANY_SIZE], size_t count, const char *part)
{
    size_t len = (size_t)snprintf(out, MANY_SIZE, "GET /things?");
    for (size_t i = 0; i < count; i++) {
        len += (size_t)snprintf(out + len, MANY_SIZE - len, "%s", part);
    }
    return out;
}

static void test_limits(void **state)
{
    const struct request_fixture *f = *state;
    static char text[MANY_SIZE];
    struct base_buf wire;
    base_buf_init(&wire, 1 << 20);
    const struct gw_route *route;
    struct base_err err = {0};
    struct request_row row = {.name = "limits",
                              .request = many(text, GW_QUERY_PARAMETERS_MAX, "tag=&")};
    assert_true(request_to_wire(f, &row, &wire, &route, &err));
    row.request = many(text, GW_QUERY_PARAMETERS_MAX + 1, "tag=&");
    assert_false(request_to_wire(f, &row, &wire, &route, &err));
    assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
    assert_string_equal(err.message, "the query has more than 1000 parameters");
    base_buf_dispose(&wire);
}

/* Every maximum of the output is either enough or RESOURCE_EXHAUSTED, with nothing written. */
static void test_small_buffers(void **state)
{
    const struct request_fixture *f = *state;
    struct request_row row = {
        .name = "small",
        .request = "PATCH /v1/shelves/1/books/2?tag=a&colors=RED&since=2026-01-31T09:"
                   "30:00Z",
        .body = "{\"title\":\"t\",\"author\":{\"boss\":{\"age\":1}}}"};
    bool fine = false;
    for (size_t max = 0; !fine; max++) {
        assert_true(max < 200);
        struct base_buf wire;
        base_buf_init(&wire, max);
        const struct gw_route *route;
        struct base_err err = {0};
        fine = request_to_wire(f, &row, &wire, &route, &err);
        if (!fine) {
            assert_int_equal(err.code, BASE_RESOURCE_EXHAUSTED);
            assert_int_equal(wire.len, 0);
        }
        base_buf_dispose(&wire);
    }
}

/* A zero without presence agrees with zero and with nothing, however either is written. */
static void test_default_agrees(void **state)
{
    static const struct request_row rows[] = {
        {"query", "GET /deep/Ann/0?book.author.age=0", NULL, NULL},
        {"body", "PUT /deep/0", "{\"author\":{\"age\":0}}", NULL},
        {"body without it", "PUT /deep/0", "{\"author\":{}}", NULL},
        {"body null", "PUT /deep/0", "{\"author\":{\"age\":null}}", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct base_buf wire;
        base_buf_init(&wire, 1 << 10);
        const struct gw_route *route;
        struct base_err err = {0};
        if (!request_to_wire(*state, &rows[i], &wire, &route, &err)) {
            fail_msg("%s: %s", rows[i].name, err.message);
        }
        base_buf_dispose(&wire);
    }
}

/* Some servers take the last piece of a message for the whole. */
static void test_messages_come_whole(void **state)
{
    static const struct request_row rows[] = {
        {"query", "GET /things?book.title=t&id=1&book.author.age=3&book.author.boss.age=4", NULL,
         NULL},
        {"path and query", "GET /deep/Ann/41?book.title=t", NULL, NULL},
        {"path and body", "PATCH /v1/shelves/1/books/2", "{\"title\":\"t\"}", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct base_buf wire;
        struct base_buf normal;
        base_buf_init(&wire, 1 << 10);
        base_buf_init(&normal, 1 << 10);
        const struct gw_route *route;
        struct base_err err = {0};
        assert_true(request_to_wire(*state, &rows[i], &wire, &route, &err));
        assert_true(
            gw_wire_normalize(route->method->input, base_buf_str(&wire), NULL, &normal, &err));
        if (!base_str_eq(base_buf_str(&wire), base_buf_str(&normal))) {
            fail_msg("%s: not in its normal form", rows[i].name);
        }
        base_buf_dispose(&wire);
        base_buf_dispose(&normal);
    }
}

static void test_long_capture(void **state)
{
    const struct request_fixture *f = *state;
    char text[1100] = "GET /things/";
    memset(text + 12, 'x', 1000);
    memcpy(text + 1012, "%20y", sizeof "%20y");
    char want[1100];
    (void)snprintf(want, sizeof want, "{\"id\":\"%.1000s y\"}", text + 12);
    struct request_row row = {.name = "long", .request = text, .want = want};
    request_row_check(f, &row, false);
}

static void test_response(void **state)
{
    const struct request_fixture *f = *state;
    struct base_str wire = BASE_STR("\x0a\x01i\x12\x03\x12\x01t"); /* id "i", book.title "t" */
    struct base_buf json;
    base_buf_init(&json, 1 << 20);
    struct base_err err = {0};
    struct base_str content_type;
    for (size_t i = 0; i < gw_routes_count(f->routes); i++) {
        struct gw_route *route = gw_routes_at(f->routes, i);
        base_buf_reset(&json, 1 << 20);
        assert_true(gw_response_to_body(route, wire, &f->options, &json, &content_type, &err));
        assert_true(base_str_eq(content_type, BASE_STR("application/json")));
        bool is_field = base_str_eq(route->path_template.text, BASE_STR("/many/{id=a/**}"));
        assert_true(base_str_eq(base_buf_str(&json),
                                is_field ? BASE_STR("{\"title\":\"t\"}")
                                         : BASE_STR("{\"id\":\"i\",\"book\":{\"title\":\"t\"}}")));
        assert_false(gw_response_to_body(route, BASE_STR("\x0a\x05i"), &f->options, &json,
                                         &content_type, &err));
        assert_int_equal(err.code, BASE_INTERNAL);
    }
    base_buf_dispose(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path),           cmocka_unit_test(test_query),
        cmocka_unit_test(test_body),           cmocka_unit_test(test_patch),
        cmocka_unit_test(test_ignoring),       cmocka_unit_test(test_limits),
        cmocka_unit_test(test_small_buffers),  cmocka_unit_test(test_messages_come_whole),
        cmocka_unit_test(test_default_agrees), cmocka_unit_test(test_long_capture),
        cmocka_unit_test(test_response),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
