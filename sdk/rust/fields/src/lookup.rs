//! Values from tables that are joined to rows: what a declared lookup is, and how a batch's are carried out.

use std::fmt::Write as _;

use crate::{Column, Extractor, Field, Kind, Part, Refused, Row, Strings, TooLarge};

/// Bytes that columns keep memory for from batch to batch: a few times what a usual batch has.
const KEPT: usize = 8 << 20;

/// A value from a table that is joined to every row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// An index into the tables.
    pub table: u32,
    /// Under which key the row's value is looked up.
    pub key: LookupKey,
    /// What of the table's value is wanted, taken out as of a record's value. `None`: all of it, as raw.
    pub field: Option<Field>,
}

/// Where a lookup has its key from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupKey {
    /// The record's key.
    Record,
    /// The text, integer (in decimal) or raw field at this index.
    Field(u32),
}

impl Lookup {
    /// Whether it can be carried out where there are so many tables and these fields.
    ///
    /// # Errors
    /// Why not, for whoever wrote it.
    pub fn check(&self, tables: usize, fields: &[Field]) -> Result<(), String> {
        if self.table as usize >= tables {
            return Err(format!(
                "a lookup in the table {}, of {tables}: declare the table",
                self.table
            ));
        }
        if let LookupKey::Field(index) = self.key {
            match fields.get(index as usize).map(|field| field.kind) {
                Some(Kind::Text | Kind::Integer | Kind::Raw) => {}
                Some(_) => {
                    return Err(format!(
                        "a lookup by the field {index}, which is neither text nor integer nor raw"
                    ));
                }
                None => {
                    return Err(format!(
                        "a lookup by the field {index}, of {}",
                        fields.len()
                    ));
                }
            }
        }
        match &self.field {
            None => Ok(()),
            Some(field) if field.part != Part::Value => {
                Err("a lookup of another part than the table's value".to_owned())
            }
            Some(field) => field.check(),
        }
    }
}

/// Takes the fields out of a batch's rows and joins what is looked up, batch after batch. Keeps its columns' memory.
#[derive(Debug)]
pub struct Joiner {
    extractor: Extractor,
    joins: Vec<Join>,
}

#[derive(Debug)]
struct Join {
    lookup: Lookup,
    /// For people.
    table: String,
    /// What was found, where all of it is wanted.
    whole: Column,
    extractor: Option<Extractor>,
}

/// A table's value in a record's place.
struct Joined<'t>(Option<&'t [u8]>);

impl<'t> Row<'t> for Joined<'t> {
    fn key(&self) -> Option<&'t [u8]> {
        None
    }

    fn value(&self) -> Option<&'t [u8]> {
        self.0
    }

    fn header(&self, _: &str) -> Option<&'t [u8]> {
        None
    }
}

impl Joiner {
    /// Of these fields and lookups, which are checked; `tables` are the tables' names.
    #[must_use]
    pub fn new(fields: &[Field], lookups: &[Lookup], tables: &[String]) -> Joiner {
        let join = |lookup: &Lookup| Join {
            lookup: lookup.clone(),
            table: tables[lookup.table as usize].clone(),
            whole: Column::Raw(Strings::default()),
            extractor: lookup
                .field
                .as_ref()
                .map(|field| Extractor::new(std::slice::from_ref(field))),
        };
        Joiner {
            extractor: Extractor::new(fields),
            joins: lookups.iter().map(join).collect(),
        }
    }

    /// Fills the columns from these rows; `get` looks keys up in a table. Returns the rows that are refused, in order: the
    /// columns have no entry for them.
    ///
    /// # Errors
    /// Those of `get`; the columns then hold nothing of use.
    pub fn join<'r, E>(
        &mut self,
        rows: &[impl Row<'r> + Copy],
        mut get: impl FnMut(u32, &[Option<&[u8]>]) -> Result<Strings, E>,
    ) -> Result<Vec<Refused>, E> {
        let mut refused = self.extractor.extract(rows);
        while !self.look_up(rows, &mut refused, &mut get)? {}
        Ok(refused)
    }

    /// The first half of [`Joiner::join`]: fills the columns of fields, with so many bytes of values at most.
    ///
    /// # Errors
    /// As [`Extractor::extract_within`].
    pub fn take_out<'r>(
        &mut self,
        rows: &[impl Row<'r>],
        most: usize,
    ) -> Result<Vec<Refused>, TooLarge> {
        self.extractor.extract_within(rows, most)
    }

    /// The second half: fills the columns of lookups for the rows that are not refused. Says whether all of these can be shown.
    /// Where not, those that cannot are refused as well, and all has to be looked up once more, for the others: once, because a
    /// row is shown or not whatever other rows there are.
    ///
    /// # Errors
    /// As [`Joiner::join`].
    pub fn look_up<'r, E>(
        &mut self,
        rows: &[impl Row<'r> + Copy],
        refused: &mut Vec<Refused>,
        mut get: impl FnMut(u32, &[Option<&[u8]>]) -> Result<Strings, E>,
    ) -> Result<bool, E> {
        if self.joins.is_empty() {
            return Ok(true);
        }
        let (kept, shown): (Vec<u32>, Vec<_>) = Refused::kept(refused, rows.len())
            .map(|row| (row, rows[row as usize]))
            .unzip();
        let mut wrong: Vec<Refused> = Vec::new();
        for join in &mut self.joins {
            let more = join.fill(&shown, &wrong, self.extractor.columns(), &mut get)?;
            wrong.extend(more);
        }
        if wrong.is_empty() {
            return Ok(true);
        }
        refused.extend(wrong.into_iter().map(|wrong| Refused {
            row: kept[wrong.row as usize],
            ..wrong
        }));
        refused.sort_unstable_by_key(|refused| refused.row);
        let shown: Vec<_> = Refused::kept(refused, rows.len())
            .map(|row| rows[row as usize])
            .collect();
        // Taken out of the columns by filling them without: no more than before, so within the same bound.
        self.extractor.extract(&shown);
        Ok(false)
    }

    /// To be called when the columns have been used: a batch that was unusually large is not to hold memory for good.
    pub fn let_go(&mut self) {
        let held: usize = self.columns_mut().map(|column| column.capacity()).sum();
        if held > KEPT {
            self.columns_mut().for_each(Column::let_go);
        }
    }

    fn columns_mut(&mut self) -> impl Iterator<Item = &mut Column> {
        let joined = self.joins.iter_mut().flat_map(|join| {
            let taken_out = join.extractor.iter_mut().flat_map(Extractor::columns_mut);
            taken_out.chain([&mut join.whole])
        });
        self.extractor.columns_mut().iter_mut().chain(joined)
    }

    /// The columns of fields of the last batch, in the order of their declaration.
    #[must_use]
    pub fn fields(&self) -> &[Column] {
        self.extractor.columns()
    }

    /// The columns of what was looked up, likewise.
    pub fn lookups(&self) -> impl ExactSizeIterator<Item = &Column> {
        self.joins.iter().map(|join| match &join.extractor {
            Some(extractor) => &extractor.columns()[0],
            None => &join.whole,
        })
    }
}

impl Join {
    /// Looks up a value for each row but those that are wrong already. Returns the rows that cannot be shown; the column has
    /// no entry for them.
    fn fill<'r, E>(
        &mut self,
        rows: &[impl Row<'r>],
        wrong: &[Refused],
        fields: &[Column],
        get: &mut impl FnMut(u32, &[Option<&[u8]>]) -> Result<Strings, E>,
    ) -> Result<Vec<Refused>, E> {
        let mut digits = String::new();
        let mut keys: Vec<Option<&[u8]>> = match self.lookup.key {
            LookupKey::Record => rows.iter().map(Row::key).collect(),
            LookupKey::Field(index) => match &fields[index as usize] {
                Column::Text(texts) | Column::Raw(texts) => {
                    (0..rows.len()).map(|row| texts.get(row)).collect()
                }
                Column::Integer(integers) => {
                    let mut ends = Vec::with_capacity(rows.len());
                    for row in 0..rows.len() {
                        let integer = integers.get(row).map(i64::from_le_bytes);
                        if let Some(integer) = integer {
                            // Writing to a string cannot fail.
                            let _ = write!(digits, "{integer}");
                        }
                        ends.push((digits.len(), integer.is_some()));
                    }
                    let mut start = 0;
                    let key = |(end, there): (usize, bool)| {
                        let digits = &digits.as_bytes()[start..end];
                        start = end;
                        there.then_some(digits)
                    };
                    ends.into_iter().map(key).collect()
                }
                Column::Number(_) | Column::Boolean(_) => vec![None; rows.len()],
            },
        };
        for wrong in wrong {
            keys[wrong.row as usize] = None;
        }
        let found = get(self.lookup.table, &keys)?;
        let Some(extractor) = &mut self.extractor else {
            self.whole = Column::Raw(found);
            return Ok(Vec::new());
        };
        let joined: Vec<Joined<'_>> = (0..rows.len()).map(|row| Joined(found.get(row))).collect();
        let mut refused = extractor.extract(&joined);
        for refused in &mut refused {
            refused.reason = format!(
                "looked up in the table `{}`: {}",
                self.table, refused.reason
            );
        }
        Ok(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Presence;

    #[derive(Clone, Copy)]
    struct Record(&'static str, &'static str);

    impl Row<'static> for Record {
        fn key(&self) -> Option<&'static [u8]> {
            Some(self.0.as_bytes())
        }

        fn value(&self) -> Option<&'static [u8]> {
            Some(self.1.as_bytes())
        }

        fn header(&self, _: &str) -> Option<&'static [u8]> {
            None
        }
    }

    fn field(path: &str, kind: Kind, presence: Presence) -> Field {
        Field {
            part: Part::Value,
            path: path.to_owned(),
            kind,
            presence,
        }
    }

    /// A table that has under each key the key itself in an object; under `broken` no JSON, under `none` nothing.
    fn echo(_: u32, keys: &[Option<&[u8]>]) -> Result<Strings, ()> {
        let mut found = Strings::default();
        for key in keys {
            let text = key.map(|key| String::from_utf8_lossy(key).into_owned());
            let value = match text.as_deref() {
                None | Some("none") => None,
                Some("broken") => Some("{".to_owned()),
                Some(text) => Some(format!(r#"{{"k":"{text}"}}"#)),
            };
            found.append(value.as_deref().map(str::as_bytes));
        }
        Ok(found)
    }

    fn texts(column: &Column) -> Vec<Option<&str>> {
        let (Column::Text(texts) | Column::Raw(texts)) = column else {
            panic!("not a column of texts");
        };
        (0..texts.len())
            .map(|row| {
                texts
                    .get(row)
                    .map(|text| std::str::from_utf8(text).expect("it is text"))
            })
            .collect()
    }

    #[test]
    fn rows_that_a_lookup_refuses_are_in_no_column() {
        let fields = [field("/id", Kind::Integer, Presence::Nullable)];
        let by_key = Lookup {
            table: 0,
            key: LookupKey::Record,
            field: Some(field("/k", Kind::Text, Presence::Required)),
        };
        let by_id = Lookup {
            table: 0,
            key: LookupKey::Field(0),
            field: None,
        };
        let mut joiner = Joiner::new(&fields, &[by_key, by_id], &["t".to_owned()]);
        let rows = [
            Record("a", r#"{"id":7}"#),
            Record("broken", "{}"),
            Record("none", r#"{"id":-1}"#),
            Record("b", "{"),
            Record("c", "{}"),
        ];
        let refused = joiner.join(&rows, echo).expect("the table answers");
        let rows: Vec<_> = refused
            .iter()
            .map(|refused| (refused.row, refused.code))
            .collect();
        assert_eq!(rows, [(1, "malformed-json"), (3, "malformed-json")]);
        assert!(
            refused[0].reason.contains("table `t`"),
            "{}",
            refused[0].reason
        );
        let columns: Vec<_> = joiner.lookups().map(texts).collect();
        assert_eq!(columns[0], [Some("a"), None, Some("c")]);
        assert_eq!(
            columns[1],
            [Some(r#"{"k":"7"}"#), Some(r#"{"k":"-1"}"#), None]
        );
        let Column::Integer(ids) = &joiner.fields()[0] else {
            panic!("not a column of integers");
        };
        assert_eq!(ids.numbers.len(), 3);
    }

    #[test]
    fn rows_that_several_lookups_refuse_are_taken_out_at_once() {
        let fields = [
            field("/a", Kind::Text, Presence::Nullable),
            field("/b", Kind::Text, Presence::Nullable),
        ];
        let by = |index| Lookup {
            table: 0,
            key: LookupKey::Field(index),
            field: Some(field("/k", Kind::Text, Presence::Required)),
        };
        let mut joiner = Joiner::new(&fields, &[by(0), by(1)], &["t".to_owned()]);
        let rows = [
            Record("", r#"{"a":"broken","b":"broken"}"#),
            Record("", r#"{"a":"x","b":"broken"}"#),
            Record("", r#"{"a":"y","b":"z"}"#),
        ];
        let mut asked = Vec::new();
        let get = |table, keys: &[Option<&[u8]>]| {
            asked.push(keys.iter().flatten().count());
            echo(table, keys)
        };
        let refused = joiner.join(&rows, get).expect("the table answers");
        let refused: Vec<_> = refused.iter().map(|refused| refused.row).collect();
        assert_eq!(refused, [0, 1]);
        // What the first lookup refuses, the second does not look for.
        assert_eq!(asked, [3, 2, 1, 1]);
        let columns: Vec<_> = joiner.lookups().map(texts).collect();
        assert_eq!(columns, [[Some("y")], [Some("z")]]);
    }

    #[test]
    fn what_a_large_batch_took_is_not_held_for_good() {
        let raw = field("", Kind::Raw, Presence::Nullable);
        let whole = Lookup {
            table: 0,
            key: LookupKey::Record,
            field: None,
        };
        let mut joiner = Joiner::new(&[raw], &[whole], &["t".to_owned()]);
        let held = |joiner: &mut Joiner| -> usize {
            joiner.columns_mut().map(|column| column.capacity()).sum()
        };
        let large: &str = "x".repeat(KEPT).leak();
        for (value, stays) in [("small", true), (large, false)] {
            joiner
                .join(&[Record("k", value)], echo)
                .expect("the table answers");
            joiner.let_go();
            assert_eq!(held(&mut joiner) > 0, stays);
        }
    }

    #[test]
    fn what_cannot_be_looked_up_is_refused_when_it_is_declared() {
        let fields = [field("/n", Kind::Number, Presence::Nullable)];
        let lookup = |table, key, field| Lookup { table, key, field };
        assert!(lookup(0, LookupKey::Record, None).check(1, &fields).is_ok());
        for wrong in [
            lookup(1, LookupKey::Record, None),
            lookup(0, LookupKey::Field(0), None),
            lookup(0, LookupKey::Field(1), None),
            lookup(
                0,
                LookupKey::Record,
                Some(field("no pointer", Kind::Text, Presence::Lenient)),
            ),
            lookup(
                0,
                LookupKey::Record,
                Some(Field {
                    part: Part::Key,
                    ..field("", Kind::Text, Presence::Lenient)
                }),
            ),
        ] {
            assert!(wrong.check(1, &fields).is_err(), "{wrong:?}");
        }
    }
}
