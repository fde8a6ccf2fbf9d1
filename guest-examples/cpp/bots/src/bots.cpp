/// Tells the events of bots from those of people, by what a table has about their sessions.
#include <millstream.hpp>

namespace ms = millstream;

struct Bots : ms::Transform {
    ms::Output humans = output("humans");
    ms::Output bots = output("bots");
    ms::Counter unknown_sessions = counter("unknown_sessions");
    // What the host takes out of each event, and what it looks up for it. The event itself never enters this component.
    ms::Text session = text("/session");
    ms::Table sessions = table("sessions");
    /// How likely the session is a bot's, from 0 to 1. Not every session has been judged.
    ms::LookupNumber score = lookup_of<MS_NUMBER>(sessions, session, "/bot-score");
    /// From this score on a session is a bot's.
    double limit = setting_number("limit", 0.9);

    ms::Result apply(const ms::Record &record, ms::Emitter &out)
    {
        const std::optional<double> likely = record[score];
        // Nobody is taken for a bot without a reason.
        if (!likely)
            out.count(unknown_sessions);
        out.forward(likely && *likely >= limit ? bots : humans);
        return ms::ok();
    }
};

MILLSTREAM_TRANSFORM(Bots)
