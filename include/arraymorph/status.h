// Status and Result: how every layer reports failure. Nothing here throws.
#pragma once

#include <cassert>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace arraymorph {

/// What went wrong, in terms a caller can act on. HTTP codes, errno values and
/// library errors are translated into one of these exactly once, where they occur.
enum class Code {
  ok = 0,
  not_found,          ///< the object, bucket or file does not exist
  already_exists,     ///< exclusive create of something that exists
  permission_denied,  ///< credentials refused, signature wrong, read-only
  invalid_argument,   ///< a name, setting or request that can never work
  conflict,           ///< a conditional request failed: somebody else committed
  unavailable,        ///< the server cannot be reached or gave up after retries
  out_of_space,       ///< disk or bucket full
  too_large,          ///< more bytes than the store or the process may put into one object
  corrupt,            ///< bytes arrived or lie there damaged
  unsupported,        ///< correct request, not implemented
  internal,           ///< a defect in ArrayMorph
};

std::string_view code_name(Code code) noexcept;

/// The errno that says the same as `code` (EIO where nothing closer exists).
int code_errno(Code code) noexcept;

// NOLINTBEGIN(clang-analyzer-core.uninitialized.Assign): cannot see through the variant below
/// Success, or a code with a message that names the key, the cause and the next step.
class [[nodiscard]] Status {
 public:
  Status() = default;
  /// `error`: the errno, where the operating system gave one.
  Status(Code code, std::string message, int error = 0)
      : code_(code), error_(error), message_(std::move(message)) {}

  bool ok() const noexcept { return code_ == Code::ok; }
  Code code() const noexcept { return code_; }
  const std::string& message() const noexcept { return message_; }

  /// The errno that the operating system gave; 0: the failure is none of its own.
  int system_errno() const noexcept { return error_; }
  /// That one, else the one that says the same as the code.
  int closest_errno() const noexcept { return error_ != 0 ? error_ : code_errno(code_); }

  /// The same failure with `context` put in front: "context: message".
  Status with_context(std::string_view context) const;

 private:
  Code code_ = Code::ok;
  int error_ = 0;
  std::string message_;
};

// NOLINTEND(clang-analyzer-core.uninitialized.Assign)

/// A value or the Status that explains its absence.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Status status)
      : state_(std::in_place_index<1>, std::move(status)) {  // NOLINT(google-explicit-constructor)
    assert(!std::get<1>(state_).ok());
  }

  bool ok() const noexcept { return state_.index() == 0; }
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }

  Status status() const { return ok() ? Status() : std::get<1>(state_); }

 private:
  std::variant<T, Status> state_;
};

}  // namespace arraymorph

#define ARRAYMORPH_CONCAT_INNER(a, b) a##b
#define ARRAYMORPH_CONCAT(a, b) ARRAYMORPH_CONCAT_INNER(a, b)

/// Return early with the Status when `expr` failed.
#define ARRAYMORPH_TRY(expr)                                                      \
  do {                                                                            \
    if (::arraymorph::Status arraymorph_status = (expr); !arraymorph_status.ok()) \
      return arraymorph_status;                                                   \
  } while (false)

/// Bind the value of a Result to `decl`, or return early with its Status.
#define ARRAYMORPH_ASSIGN(decl, expr) \
  ARRAYMORPH_ASSIGN_INNER(decl, expr, ARRAYMORPH_CONCAT(arraymorph_result_, __LINE__))
#define ARRAYMORPH_ASSIGN_INNER(decl, expr, tmp) \
  auto tmp = (expr);                             \
  if (!tmp.ok()) return tmp.status();            \
  decl = std::move(tmp).value()
