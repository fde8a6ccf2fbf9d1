//! What a module says about itself in `configure`, checked.

use std::collections::HashSet;

use crate::{Failure, Field, Lookup, Part};

/// Parts of a record that `apply` looks at. A part that is not named is not copied into the guest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Parts {
    /// Record keys.
    pub keys: bool,
    /// Record values.
    pub values: bool,
    /// Record headers.
    pub headers: bool,
    /// Record timestamps.
    pub timestamps: bool,
    /// Record offsets.
    pub offsets: bool,
}

impl Parts {
    /// Every part.
    pub const ALL: Parts = Parts {
        keys: true,
        values: true,
        headers: true,
        timestamps: true,
        offsets: true,
    };
}

/// What a module reads and writes. For the same settings it is the same in every instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// The parts that `apply` looks at.
    pub reads: Parts,
    /// What the host takes out of each row, in the order in which `apply` gets it.
    pub fields: Vec<Field>,
    /// Names of the outputs, at least one. Records name them by index.
    pub outputs: Vec<String>,
    /// Names of the module's own counters, at most [`Description::MAX_COUNTERS`].
    pub counters: Vec<String>,
    /// Names of the tables used. Lookups and `tables.get` name them by index.
    pub tables: Vec<String>,
    /// What is joined to each row from the tables, in the order in which `apply` gets it.
    pub lookups: Vec<Lookup>,
}

impl Description {
    /// Counters of one module.
    pub const MAX_COUNTERS: usize = 64;
    /// Outputs of one module.
    pub const MAX_OUTPUTS: usize = 256;
    /// Tables of one module.
    pub const MAX_TABLES: usize = 64;
    /// Lookups of one module.
    pub const MAX_LOOKUPS: usize = 256;
    /// Bytes of a name of an output, a table or a counter.
    pub const MAX_NAME: usize = 64;

    /// One output of this name that reads these parts, and nothing else: what most native guests are.
    #[must_use]
    pub fn simple(reads: Parts, outputs: &[&str]) -> Description {
        Description {
            reads,
            outputs: outputs.iter().map(|&o| o.to_owned()).collect(),
            ..Description::default()
        }
    }

    /// The parts of a row that have to be there to call the module: those that it reads, and headers that its fields are in.
    #[must_use]
    pub fn needs(&self) -> Parts {
        let in_headers = |field: &Field| matches!(field.part, Part::Header(_));
        Parts {
            headers: self.reads.headers || self.fields.iter().any(in_headers),
            ..self.reads
        }
    }

    /// `options` are the names of those asked for.
    pub(crate) fn check(&self, options: &[String]) -> Result<(), Failure> {
        let refuse = |why: String| Err(Failure::Description(why));
        if let Some(option) = options.first() {
            return refuse(format!(
                "it asks for the option `{option}`, which this version of Millstream does not know"
            ));
        }
        let counts = [
            ("fields", self.fields.len(), Field::MAX),
            ("outputs", self.outputs.len(), Self::MAX_OUTPUTS),
            ("counters", self.counters.len(), Self::MAX_COUNTERS),
            ("tables", self.tables.len(), Self::MAX_TABLES),
            ("lookups", self.lookups.len(), Self::MAX_LOOKUPS),
        ];
        for (what, count, most) in counts {
            if count > most {
                return refuse(format!(
                    "it declares {count} {what}, at most {most} are possible"
                ));
            }
        }
        for field in &self.fields {
            if let Err(why) = field.check() {
                return refuse(format!("it declares {why}"));
            }
        }
        for lookup in &self.lookups {
            if let Err(why) = lookup.check(self.tables.len(), &self.fields) {
                return refuse(format!("it declares {why}"));
            }
        }
        if self.outputs.is_empty() {
            return refuse("it declares no output: at least one is needed".to_owned());
        }
        let output = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        check_names("output", &self.outputs, output, "a-z, 0-9, '-' and '_'")?;
        check_names("table", &self.tables, output, "a-z, 0-9, '-' and '_'")?;
        let counter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        check_names("counter", &self.counters, counter, "a-z, 0-9 and '_'")
    }
}

fn check_names(
    what: &str,
    names: &[String],
    allowed: fn(u8) -> bool,
    rule: &str,
) -> Result<(), Failure> {
    let mut seen = HashSet::new();
    for name in names {
        if name.is_empty() || name.len() > Description::MAX_NAME || !name.bytes().all(allowed) {
            let shown: String = name.chars().take(80).collect();
            return Err(Failure::Description(format!(
                "no {what} can be named {shown:?}: use {rule}, 1 to {} characters",
                Description::MAX_NAME
            )));
        }
        if !seen.insert(name) {
            return Err(Failure::Description(format!(
                "it declares the {what} `{name}` twice"
            )));
        }
    }
    Ok(())
}
