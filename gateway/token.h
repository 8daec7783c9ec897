/* Token: the characters of methods and of header names (RFC 9110 section 5.6.2). Any thread. */
#ifndef GATEWAY_TOKEN_H
#define GATEWAY_TOKEN_H

#include "base/str.h"

/* Whether `text` is one token: letters, digits and !#$%&'*+-.^_`|~, at least one. */
bool gw_token_is_valid(struct base_str text);

#endif
