"""Which rows of the outside vectors follow another dialect than ours, and why we do not follow them.

A row that is named here and agrees with us after all is a failure, so the table stays true.
"""

NO_NESTING = "variables do not nest"
EMPTY_VERB = "an empty verb is refused"
COLON = "a colon elsewhere than before the verb belongs to its literal"
STAR_ONCE = '"**" may stand anywhere, once'
NEEDS_SEGMENT = "http.proto wants a segment before the verb"
EXCEPT_SLASH = "captures of several segments decode all but %2F, whatever the mode, and leave it as written"
RAW_SPLIT = "the path is split raw; %2F never separates, and nothing is decoded twice"
ZERO = '"**" takes zero segments, too'
DUPLICATE = "two rules of one shape and method are an error at load; the testee goes on with the first"
NO_FORM = "a form POST does not become a GET, and no header overrides a method"
NO_JSON_TEXT = "Struct and Value do not stand in a query"
NO_BRACKETS = "maps do not stand in a query; map[key]= is grpc-gateway's own"
GO_TEXT = "durations are ProtoJSON's, 13h0m0s is Go's; and " + NO_BRACKETS
NOT_PASSED_OVER = "a parameter for what the body or the path binds is refused or must agree, not passed over"
NO_SYSTEM_PARAMETERS = "a parameter that is no field is refused, also where it is a system's key"
LIST_PART = "one parameter is one element; the row's message has two"
LEAF = "Struct and Value end a mask's path: their insides are data"
QUOTED = "text in a path or query has no quotes around it"
BODY_PATH = "http.proto: a body names a field of the request message itself, no path"
OPEN_ENUM = "an enum of proto3 takes any number"

DIFFERENT = {
    "tpl-0062": COLON,
    "tpl-0096": STAR_ONCE,
    "tpl-0097": STAR_ONCE,
    "tpl-0101": NEEDS_SEGMENT,
    "tpl-0113": EMPTY_VERB,
    "tpl-0164": NO_NESTING,
    "tpl-0174": COLON,
    "tpl-0179": '"*" is a character of a literal (RFC 3986 pchar) unless it begins it',
    "tpl-0181": STAR_ONCE,
    "tpl-0197": NO_NESTING,
    "tpl-0198": NO_NESTING,
    "tpl-0270": COLON,
    "tpl-0293": STAR_ONCE,
    "match-0281": EXCEPT_SLASH,
    "match-0282": EXCEPT_SLASH,
    "match-0284": EXCEPT_SLASH,
    "match-0304": "a verb that no rule has is part of the value, without an option",
    "match-0356": DUPLICATE,
    "match-0363": BODY_PATH,
    "match-0369": '"+" in a query is a space, without an option',
    "match-0371": NO_SYSTEM_PARAMETERS,
    "match-0372": NO_SYSTEM_PARAMETERS,
    "match-0373": "a path has at most 256 segments",
    "match-0375": DUPLICATE,
    "match-0376": DUPLICATE,
    "match-0442": EXCEPT_SLASH,
    "match-0450": NO_FORM,
    "match-0453": NO_FORM,
    "match-0454": NO_FORM,
    "match-0464": RAW_SPLIT,
    "match-0466": RAW_SPLIT,
    "match-0467": RAW_SPLIT,
    "match-0469": RAW_SPLIT,
    "match-0471": RAW_SPLIT,
    "match-0524": NO_NESTING,
    "match-0525": NO_NESTING,
    "match-0532": NO_NESTING,
    "match-0533": NO_NESTING,
    "match-0536": ZERO,
    "match-0537": ZERO,
    "match-0552": EXCEPT_SLASH,
    "match-0553": EXCEPT_SLASH,
    "match-0556": NO_NESTING,
    "match-0557": NO_NESTING,
    "unesc-0005": EXCEPT_SLASH,
    "query-0001": GO_TEXT,
    "query-0002": GO_TEXT,
    "query-0003": NO_JSON_TEXT,
    "query-0004": NO_JSON_TEXT,
    "query-0005": NO_JSON_TEXT,
    "query-0006": NO_JSON_TEXT,
    "query-0009": NO_BRACKETS,
    "query-0022": NOT_PASSED_OVER,
    "query-0023": NOT_PASSED_OVER,
    "query-0024": NOT_PASSED_OVER,
    "query-0025": NOT_PASSED_OVER,
    "param-0044": "a string wrapper's text is the string, quotes and all",
    "param-0048": '"null" is text, not null',
    "param-0099": OPEN_ENUM,
    "param-0100": LIST_PART,
    "scalar-0001": QUOTED,
    "scalar-0006": QUOTED,
    "scalar-0015": "booleans are true and false, as in JSON; 1 and 0 are Go's",
    "scalar-0045": OPEN_ENUM,
    "body-0005": BODY_PATH,
    "body-0037": BODY_PATH,
    "body-0011": "unknown fields are refused",
    "mask-0006": LEAF,
    "mask-0007": LEAF,
    "mask-0008": LEAF,
    "enc-0011": EXCEPT_SLASH,
}

# Rules of Google's that are never reached, because one of the same API with more segments behind the
# "**" matches all that they match: Firestore's GetDocument, beside its ListDocuments.
NEVER_REACHED = {
    "/v1/{name=projects/*/databases/*/documents/*/**}",
    "/v1beta1/{name=projects/*/databases/*/documents/*/**}",
}

# The only API of Google's whose own rules collide, so that no server could tell them apart over
# HTTP: in BigQuery Storage these share method and shape with a rule that stands before.
COLLIDE_IN_THEIR_API = {
    "google.cloud.bigquery.storage.v1.BigQueryRead/ReadRows",
    "google.cloud.bigquery.storage.v1.BigQueryRead/CreateReadSession",
    "google.cloud.bigquery.storage.v1.BigQueryWrite/AppendRows",
    "google.cloud.bigquery.storage.v1beta1.BigQueryStorage/ReadRows",
    "google.cloud.bigquery.storage.v1beta2.BigQueryRead/ReadRows",
    "google.cloud.bigquery.storage.v1beta2.BigQueryRead/CreateReadSession",
    "google.cloud.bigquery.storage.v1beta2.BigQueryWrite/AppendRows",
}
