/* check.h: rules that a code base keeps, as TOML, and where it breaks them.
 *
 *   [[forbid]]                              what stands in `from` may not refer to what stands in `to`
 *   from = "demo::service"                  an item and all below it; a list of them
 *   to = ["demo::database", "std::fs"]      external ones by the beginning of their path
 *   except = "demo::service::migrate"       on either side
 *   [[layers]]                              each may refer to those behind it, to none before it
 *   order = ["demo::ui", "demo::app", "demo::core"]
 *   [[cycles]]                              at most `most` (0) cycles
 *   level = "module"                        type, call
 *   within = "demo::core"
 *   [[limit]]                               at most `most` of
 *   of = "callers"                          used-by, uses, members
 *   kind = "fn"                             struct, module ...
 *   within = "demo"
 *   most = 20
 *
 * Each takes `name`; forbid, layers and limit take `tests = true`, without which tests break no rule. Candidate edges count
 * nowhere, private `use` and `contains` neither. */
#ifndef PT_CHECK_H
#define PT_CHECK_H

#include "query/query.h"

/* The violations as SARIF 2.1.0, for what shows them in a pull request: a new reference. */
json_t *pt_check_sarif(const json_t *answer, const char *version);

#endif
