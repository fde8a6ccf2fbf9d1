/// @file
/// What a transform in C++ declares, gathered while its members are made.
#ifndef MILLSTREAM_DECLARATION_HPP
#define MILLSTREAM_DECLARATION_HPP

#include <cstddef>
#include <deque>
#include <vector>

#include "../millstream.h"

namespace millstream::detail {

template <class T>
std::size_t added(std::vector<T> &to, T item)
{
    to.push_back(item);
    return to.size() - 1;
}

struct Declaration {
    /// Valid while the transform is made.
    ms_settings *settings;
    std::vector<const char *> outputs;
    std::vector<const char *> counters;
    std::vector<const char *> tables;
    std::vector<ms_field> fields;
    std::vector<ms_lookup> lookups;
    /// What lookups point to: it does not move when more come.
    std::deque<ms_field> looked_up;

    /// The one that a transform which is made now declares in.
    static Declaration *&current()
    {
        static thread_local Declaration *declaration = nullptr;
        return declaration;
    }

    explicit Declaration(ms_settings *read) : settings(read) { current() = this; }

    std::size_t add_lookup(unsigned table, ms_lookup_key key, unsigned field, const char *pointer, ms_type type)
    {
        const ms_field *of = nullptr;
        if (pointer != nullptr) {
            looked_up.push_back(ms_field{pointer, type, MS_LENIENT, MS_VALUE, nullptr});
            of = &looked_up.back();
        }
        return added(lookups, ms_lookup{table, key, field, of});
    }

    void complete(ms_transform *declared)
    {
        settings = nullptr;
        current() = nullptr;
        declared->outputs = {outputs.data(), outputs.size()};
        declared->counters = {counters.data(), counters.size()};
        declared->tables = {tables.data(), tables.size()};
        declared->fields = {fields.data(), fields.size()};
        declared->lookups = {lookups.data(), lookups.size()};
    }
};

} // namespace millstream::detail

#endif
