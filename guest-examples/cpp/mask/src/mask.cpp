/// Makes e-mail addresses and card numbers in the strings of JSON unreadable. All else stays as it is, byte for byte.
#include <millstream.hpp>

#include "personal.hpp"

namespace ms = millstream;

/// How long the escape sequence is that the text begins with. Longer than the text: it ends within.
static std::size_t escape(std::string_view text)
{
    const bool is_unicode = text.size() >= 6 && text[1] == 'u' &&
                            text.substr(2, 4).find_first_not_of("0123456789ABCDEFabcdef") == std::string_view::npos;
    return is_unicode ? 6 : 2;
}

struct Mask : ms::Transform {
    static constexpr unsigned reads = MS_VALUES;

    ms::Output masked = output("masked");
    ms::Counter emails = counter("emails"), cards = counter("cards");
    /// What is masked.
    bool email = false, card = false;

    Mask()
    {
        for (const std::string &kind : setting_list("mask", "email, card")) {
            if (kind == "email")
                email = true;
            else if (kind == "card")
                card = true;
            else
                setting_error("setting `mask` names `" + kind + "`: there are `email` and `card`");
        }
    }

    ms::Result apply(const ms::Record &record, ms::Emitter &out)
    {
        // In a value that is null there is nothing to find.
        const std::optional<Found> found = mask(record.value().value_or(""));
        if (!found)
            return ms::Reject("malformed-json", "the value ends within a string");
        if (found->emails + found->cards == 0) {
            out.forward(masked);
            return ms::ok();
        }
        out.emit(masked).value(found->masked);
        out.count(emails, found->emails);
        out.count(cards, found->cards);
        return ms::ok();
    }

private:
    struct Found {
        std::string masked;
        std::size_t emails = 0, cards = 0;
    };

    /// The JSON without what is personal in its strings, and how much that was. Null where its last string never ends.
    std::optional<Found> mask(std::string_view json) const
    {
        Found found;
        found.masked.reserve(json.size());
        const auto move = [&](std::size_t len) {
            found.masked.append(json.substr(0, len));
            json.remove_prefix(len);
        };
        for (std::size_t quote; (quote = json.find('"')) != std::string_view::npos;) {
            move(quote + 1);
            for (bool in_string = true; in_string;) {
                const std::size_t end = json.find_first_of("\"\\");
                if (end == std::string_view::npos)
                    return std::nullopt;
                mask_text(json.substr(0, end), found);
                json.remove_prefix(end);
                in_string = json.front() == '\\';
                const std::size_t mark = in_string ? escape(json) : 1;
                if (mark > json.size())
                    return std::nullopt;
                move(mark);
            }
        }
        move(json.size());
        return found;
    }

    /// Appends a part of a string that has no escape sequence in it.
    void mask_text(std::string_view text, Found &found) const
    {
        const std::size_t start = found.masked.size();
        if (email)
            found.emails += append_without_emails(found.masked, text);
        else
            found.masked.append(text);
        if (card)
            found.cards += mask_cards(found.masked, start);
    }
};

MILLSTREAM_TRANSFORM(Mask)
