// Which setting is wrong when a server refuses a request: told apart as far as its answer allows.
#pragma once

#include <optional>
#include <string>

#include "store/s3/error_document.h"
#include "store/s3/errors.h"

namespace arraymorph::store::s3 {

/// The region that the answer names in place of the one the request was signed for; empty: it does
/// not, or names something that cannot be one.
std::string other_region(const ErrorDocument& error, const Failure& failure, const Target& target);

/// What to do about a redirect that names no region.
std::string advice_on_redirect(const Failure& failure, const Target& target);

/// For an answer about another bucket or key than the one that was meant; empty: it is about ours.
std::string advice_on_addressing(const Request& request, const ErrorDocument& error,
                                 const Target& target);

/// For an answer that no S3 server gives: a web page, an empty one. Nothing: it may be S3's.
std::optional<std::string> not_s3(const Request& request, const ErrorDocument& error,
                                  const Failure& failure, const Target& target);

/// For a refusal because of who asks, or how the request is signed; empty: there is none.
std::string advice_on_refusal(const ErrorDocument& error, const Failure& failure,
                              const Target& target);

/// What to look at where the server fails by itself (5xx).
std::string advice_on_state(const ErrorDocument& error);

/// Where the server complains of the clock: "this machine's clock is 7200 s ahead of the server's:
/// set the clock", as far as that is known.
std::string advice_on_clock(const Failure& failure);

/// "AKIA...56": enough to know it again.
std::string shortened(const std::string& key_id);

}  // namespace arraymorph::store::s3
