// What the functions of arraymorph/api.h share: names to stores, results to answers.
#pragma once

#include <cerrno>
#include <exception>
#include <memory>
#include <new>
#include <nlohmann/json.hpp>
#include <string>

#include "vol/open_file.h"

namespace arraymorph::vol {

using Opening = std::shared_ptr<FileOpening>;

std::string text_of(const nlohmann::json& value);

/// A copy of `text` for the caller to free; `error`, or ENOMEM.
int give(char** answer, const std::string& text, int error);
/// The errno value and message of a failure.
int give(char** answer, const Status& status);

/// invalid_argument for names that are HDF5's own.
Result<Opening> resolve(const char* name);

/// Runs `work`, which gives a Result<std::string>, at the edge to C: nothing is thrown through it.
template <class Work>
int answer_with(char** answer, const Work& work) {
  *answer = nullptr;
  try {
    const Result<std::string> result = work();
    return result.ok() ? give(answer, *result, 0) : give(answer, result.status());
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  } catch (const std::exception& error) {
    return give(answer, error.what(), EIO);
  }
}

}  // namespace arraymorph::vol
