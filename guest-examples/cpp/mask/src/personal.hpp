/// E-mail addresses and card numbers in a text. A byte that is not ASCII is part of neither.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Appends the text with `***` for what stands before the `@` of each address; answers how many there were.
std::size_t append_without_emails(std::string &to, std::string_view text);
/// Writes `*` over all digits of card numbers but the last four, from `start` on; answers how many numbers there were.
std::size_t mask_cards(std::string &text, std::size_t start);
