//! The report that build servers show: JUnit's XML, a test case for each case.

use std::path::Path;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::Verdict;
use crate::output::Complaint;

/// The cases of one component.
pub(super) struct Suite(TestSuite);

impl Suite {
    pub(super) fn new(module: &str) -> Suite {
        Suite(TestSuite::new(module))
    }

    pub(super) fn add(&mut self, name: &str, took: Duration, verdict: &Verdict, logs: &[String]) {
        let status = match verdict {
            Verdict::Passed | Verdict::Updated => TestCaseStatus::success(),
            Verdict::Failed(differences) => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status
                    .set_message("what came out is not what was expected")
                    .set_description(differences.join("\n"));
                status
            }
        };
        let mut case = TestCase::new(name, status);
        case.set_classname("millstream").set_time(took);
        if !logs.is_empty() {
            case.set_system_out(logs.join("\n"));
        }
        self.0.add_test_case(case);
    }

    pub(super) fn write(self, path: &Path) -> Result<(), Complaint> {
        let mut report = Report::new("millstream test");
        report.add_test_suite(self.0);
        let complain = |error: String| {
            Complaint::new(
                path.display().to_string(),
                format!("cannot be written: {error}"),
            )
            .help("name a file in a folder that is there and may be written to")
        };
        let text = report
            .to_string()
            .map_err(|error| complain(error.to_string()))?;
        std::fs::write(path, text).map_err(|error| complain(error.to_string()))
    }
}
