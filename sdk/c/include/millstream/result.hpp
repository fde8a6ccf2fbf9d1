/// @file
/// How a function says that something is wrong: a record with Reject, a whole batch with Failure.
#ifndef MILLSTREAM_RESULT_HPP
#define MILLSTREAM_RESULT_HPP

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "../millstream.h"

namespace millstream {

/// Bytes that may be null, which differs from empty.
using Nullable = std::optional<std::string_view>;

namespace detail {

inline ms_bytes bytes(std::string_view view)
{
    // A view of nothing is empty, not null.
    return ms_bytes_of(view.data() == nullptr ? "" : view.data(), view.size());
}

inline ms_bytes bytes(const Nullable &view) { return view ? bytes(*view) : ms_null(); }

inline std::string_view view(ms_bytes bytes) { return {bytes.data == nullptr ? "" : bytes.data, bytes.len}; }

inline Nullable nullable(ms_bytes bytes) { return ms_is_null(bytes) ? Nullable() : Nullable(view(bytes)); }

} // namespace detail

/// Why one record cannot be processed. It goes where the deployment sends failures, and the rest of the batch goes on.
///
/// `code` is for machines and made to fit a-z, 0-9 and '-', 64 bytes; `reason` is for people and cut at 1 KiB.
struct Reject {
    /// For machines.
    std::string code;
    /// For people.
    std::string reason;

    Reject(std::string_view code_, std::string_view reason_) : code(code_), reason(reason_) {}
};

/// Why the whole batch failed.
struct Failure {
    /// Whether the host is to try the batch again; else it looks for the records that are to blame.
    bool is_transient;
    /// For people.
    std::string reason;

    /// The batch may succeed later.
    static Failure transient(std::string_view reason) { return {true, std::string(reason)}; }
    /// It never will.
    static Failure permanent(std::string_view reason) { return {false, std::string(reason)}; }
};

/// What a transform's function answers: all is well, a Reject or a Failure. Costs a word where all is well.
class [[nodiscard]] Result {
public:
    /// All is well.
    Result() = default;
    /// The record is rejected.
    Result(Reject reject) : status_(MS_REJECTED), problem_(new Problem{std::move(reject.code), std::move(reject.reason), false}) {}
    /// The batch failed.
    Result(Failure failure)
        : status_(MS_FAILED), problem_(new Problem{{}, std::move(failure.reason), failure.is_transient}) {}
    /// What the C face answered, which knows the reason already.
    explicit Result(ms_status status) : status_(status) {}

    /// Whether all is well.
    explicit operator bool() const { return status_ == MS_OK; }

    /// Hands the reason to the C face.
    ms_status tell(ms_emitter *out) const
    {
        if (problem_ == nullptr)
            return status_;
        const std::string_view code = problem_->code, reason = problem_->reason;
        if (status_ == MS_REJECTED)
            return ms_reject_bytes(out, detail::bytes(code), detail::bytes(reason));
        return problem_->is_transient ? ms_fail_transient_bytes(out, detail::bytes(reason))
                                      : ms_fail_permanent_bytes(out, detail::bytes(reason));
    }

    /// The same in the columns face, where no record is at hand: a Reject fails the batch.
    ms_status tell(ms_plan *plan) const
    {
        if (problem_ == nullptr)
            return status_;
        const std::string text = status_ == MS_REJECTED ? problem_->code + ": " + problem_->reason : problem_->reason;
        const ms_bytes reason = detail::bytes(std::string_view(text));
        return problem_->is_transient ? ms_plan_fail_transient_bytes(plan, reason) : ms_plan_fail_permanent_bytes(plan, reason);
    }

private:
    struct Problem {
        std::string code;
        std::string reason;
        bool is_transient;
    };
    ms_status status_ = MS_OK;
    std::unique_ptr<Problem> problem_;
};

/// All is well.
inline Result ok() { return {}; }

/// Returns from the function with what an expression answers, unless all is well.
#define MILLSTREAM_TRY(...)                                                                                            \
    do {                                                                                                               \
        if (::millstream::Result millstream_result = (__VA_ARGS__); !millstream_result)                                \
            return millstream_result;                                                                                  \
    } while (false)

} // namespace millstream

#endif
