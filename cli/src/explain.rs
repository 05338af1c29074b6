//! `sendas explain`: why, step by step.

use std::io;
use std::process::ExitCode;

use sendas::{Explanation, Place};

use crate::arguments::Explain;
use crate::evaluate::{clock, exit_code, print};
use crate::failure::Failure;
use crate::render::RequestView;
use crate::{policy, shown};

pub(crate) fn run(arguments: &Explain) -> Result<ExitCode, Failure> {
    let snapshot = policy::load(&arguments.policy.file)?;
    let record = arguments.facts.record(clock)?;
    let (stage, view) = (arguments.stage, arguments.view);
    let explanation = record.with_request(|request| snapshot.explain_stage(request, stage, view));
    print(&if arguments.json {
        let mut line = explanation.to_json();
        line.push('\n');
        line.into_bytes()
    } else {
        let mut view = RequestView::new(&record, arguments.facts.message.as_deref());
        show(&mut view, &explanation)?;
        view.finish()
    })?;
    Ok(exit_code(explanation.verdict))
}

fn show(view: &mut RequestView, explanation: &Explanation) -> io::Result<()> {
    view.write(&format!("{} at the {} stage\n\n", explanation.verdict.name(), explanation.stage.name()))?;
    for explained in &explanation.reasons {
        view.finding(explained.reason, explained.place, explained.enforced)?;
    }
    view.write("looked at:\n")?;
    let mut last = None;
    for step in &explanation.steps {
        if step.place != last {
            view.write(&format!("  {}\n", step.place.map_or("the request".into(), place)))?;
            last = step.place;
        }
        view.write(&format!("    {}\n", shown::line(&step.text)))?;
    }
    for miss in &explanation.near_misses {
        view.write(&format!("near miss at {}: {}\n", place(miss.place), shown::line(&miss.text)))?;
    }
    Ok(())
}

fn place(place: Place) -> String {
    format!("{}, octets {} to {}", place.subject.name(), place.span.start, place.span.end)
}
