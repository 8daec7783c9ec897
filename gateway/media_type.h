/* Media type: whether a Content-Type says that a body is JSON. Pure; any thread. */
#ifndef GATEWAY_MEDIA_TYPE_H
#define GATEWAY_MEDIA_TYPE_H

#include "base/str.h"

/* Whether `content_type` (RFC 9110 section 8.3.1) is application/json or application/...+json with
 * no charset or the charset utf-8. Other parameters do not count. A malformed value is not JSON. */
bool gw_media_type_is_json(struct base_str content_type);

#endif
