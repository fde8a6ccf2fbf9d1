//! The newest lines of every transform, in memory.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use parking_lot::Mutex;
use tokio::sync::broadcast;

use super::Line;

/// Lines kept of one transform, and the bytes of all text in them.
const KEPT_LINES: usize = 1000;
const KEPT_BYTES: usize = 512 << 10;
/// The bytes of all lines of all transforms, those that were deleted among them.
const KEPT_OF_ALL: usize = 64 << 20;
/// How far a follower may fall behind before it misses lines.
const FOLLOWERS_BUFFER: usize = 1024;

#[derive(Debug)]
pub struct LogBook {
    pages: Mutex<Pages>,
    news: broadcast::Sender<Line>,
}

#[derive(Debug, Default)]
struct Pages {
    by_transform: HashMap<Arc<str>, Page>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Page {
    lines: VecDeque<Line>,
    bytes: usize,
}

impl Page {
    /// Drops the oldest line; gives its bytes.
    fn shorten(&mut self) -> usize {
        let bytes = self.lines.pop_front().map_or(0, |line| line.bytes());
        self.bytes -= bytes;
        bytes
    }
}

impl Pages {
    fn add(&mut self, line: Line) {
        let page = self
            .by_transform
            .entry(Arc::clone(&line.transform))
            .or_default();
        let bytes = line.bytes();
        (page.bytes, self.bytes) = (page.bytes + bytes, self.bytes + bytes);
        page.lines.push_back(line);
        while page.lines.len() > KEPT_LINES || (page.bytes > KEPT_BYTES && page.lines.len() > 1) {
            self.bytes -= page.shorten();
        }
        while self.bytes > KEPT_OF_ALL
            && let Some(longest) = self.by_transform.values_mut().max_by_key(|page| page.bytes)
        {
            self.bytes -= longest.shorten();
        }
    }
}

impl Default for LogBook {
    fn default() -> Self {
        LogBook {
            pages: Mutex::default(),
            news: broadcast::channel(FOLLOWERS_BUFFER).0,
        }
    }
}

impl LogBook {
    pub fn add(&self, line: Line) {
        let mut pages = self.pages.lock();
        pages.add(line.clone());
        // Within the lock, so that a follower neither misses a line nor sees it twice.
        let _ = self.news.send(line);
    }

    /// The newest lines of a transform, oldest first.
    pub fn tail(&self, transform: &str, lines: usize) -> Vec<Line> {
        Self::newest(&self.pages.lock(), transform, lines)
    }

    /// The newest lines, and whatever is added after them. Lines of other transforms come along.
    pub fn follow(&self, transform: &str, lines: usize) -> (Vec<Line>, broadcast::Receiver<Line>) {
        let pages = self.pages.lock();
        (
            Self::newest(&pages, transform, lines),
            self.news.subscribe(),
        )
    }

    fn newest(pages: &Pages, transform: &str, lines: usize) -> Vec<Line> {
        let Some(page) = pages.by_transform.get(transform) else {
            return Vec::new();
        };
        page.lines
            .iter()
            .skip(page.lines.len().saturating_sub(lines))
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(transform: &str, message: &str) -> Line {
        let (level, source, host) = ("info".to_owned(), "guest".to_owned(), "h".to_owned());
        Line {
            transform: Arc::from(transform),
            at: 0,
            level,
            source,
            host,
            revision: 1,
            message: message.to_owned(),
        }
    }

    #[test]
    fn the_newest_lines_of_each_transform_are_kept() {
        let book = LogBook::default();
        for number in 0..KEPT_LINES + 5 {
            book.add(line("a", &number.to_string()));
        }
        book.add(line("b", "other"));
        assert_eq!(book.tail("a", usize::MAX).len(), KEPT_LINES);
        assert_eq!(book.tail("a", 1)[0].message, (KEPT_LINES + 4).to_string());
        assert_eq!(book.tail("c", 10), []);
    }

    #[test]
    fn long_lines_do_not_add_up() {
        let book = LogBook::default();
        for _ in 0..10 {
            book.add(line("a", &"x".repeat(KEPT_BYTES / 4 - 100)));
        }
        assert_eq!(book.tail("a", usize::MAX).len(), 4);
    }

    #[test]
    fn lines_of_many_transforms_do_not_add_up_either() {
        let book = LogBook::default();
        let most = KEPT_OF_ALL / KEPT_BYTES;
        book.add(line("quiet", "still here"));
        for number in 0..2 * most {
            for _ in 0..4 {
                book.add(line(&format!("t{number}"), &"x".repeat(KEPT_BYTES / 5)));
            }
        }
        let pages = book.pages.lock();
        let kept: usize = pages.by_transform.values().map(|page| page.bytes).sum();
        assert_eq!(kept, pages.bytes);
        assert!(kept <= KEPT_OF_ALL);
        drop(pages);
        assert_eq!(book.tail("quiet", 1)[0].message, "still here");
    }

    #[test]
    fn a_line_that_is_long_elsewhere_counts_as_long() {
        let book = LogBook::default();
        for _ in 0..10 {
            book.add(Line {
                host: "x".repeat(KEPT_BYTES / 4),
                ..line("a", "")
            });
        }
        assert!(book.tail("a", usize::MAX).len() < 5);
    }

    #[tokio::test]
    async fn a_follower_sees_each_line_once() {
        let book = LogBook::default();
        book.add(line("a", "before"));
        let (before, mut after) = book.follow("a", 10);
        book.add(line("a", "after"));
        assert_eq!(before.len(), 1);
        assert_eq!(after.recv().await.unwrap().message, "after");
    }
}
