//! Writes decisions and explanations as JSON, each on one line.

use alloc::string::{String, ToString};

use crate::decision::{Decision, Finding, Place};
use crate::explain::Explanation;
use crate::reply::Profile;
use crate::request::Request;

use super::output::Output;

impl Decision {
    /// Writes the decision with its reply as JSON, on one line without its end; `request` is the one that was decided.
    ///
    /// The members are those of [`Decision`] by their names; `reply`, `problem` (RFC 9457) and `set_error` (RFC 8621) are what
    /// clients are told, and `problem` and `set_error` are null where that is success. Octets are counted as in [`Place`]. The
    /// packages for Python and Node write the same; `docs/json.md` lists the members.
    ///
    /// ```
    /// use sendas::{Channel, HashKey, Options, Policy, Profile, Request, Snapshot, Stage, Timestamp};
    /// let snapshot = Snapshot::compile(&Policy::default(), &Options::new(HashKey([1; 16])))?;
    /// let request = Request::new(Channel::Smtp, Timestamp(1_796_083_200));
    /// let json = snapshot.evaluate_stage(&request, Stage::Session).to_json(&request, Profile::Rfc6409);
    /// assert!(json.starts_with(r#"{"stage":"session","verdict":"deny","action":"reject","#));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_json(&self, request: &Request<'_>, profile: Profile) -> String {
        Output::line(|output| {
            output.object(|output| {
                output.key("stage").string(self.stage().name());
                output.key("verdict").string(self.verdict().name());
                output.key("action").string(self.action().name());
                output.key("provisional").flag(self.provisional());
                findings(output.key("reasons"), self.reasons());
                findings(output.key("would_deny"), self.would_deny());
                output.key("omitted").number(self.omitted());
                output.key("grants").array(|output| {
                    for grant in self.grants() {
                        output.element().object(|output| {
                            output.key("basis").string(grant.basis.name());
                            place(output.key("place"), grant.place);
                        });
                    }
                });
                output.key("omitted_grants").number(self.omitted_grants());
                output.key("snapshot_id").string(&self.snapshot_id().to_string());
                self.told(output, request, profile);
            });
        })
    }

    fn told(&self, output: &mut Output, request: &Request<'_>, profile: Profile) {
        let reply = self.reply(request, profile);
        output.key("reply").object(|output| {
            output.key("code").number(reply.code.into());
            output.key("enhanced").string(&reply.enhanced_text());
            output.key("text").string(&reply.text);
        });
        output.key("problem");
        match self.problem(request) {
            Some(problem) => output.object(|output| {
                output.key("status").number(problem.status.into());
                output.key("title").string(problem.title);
                output.key("detail").string(&problem.detail);
            }),
            None => output.raw("null"),
        }
        output.key("set_error");
        match self.set_error(request) {
            Some(error) => output.object(|output| {
                output.key("type").string(error.kind);
                output.key("description").string(&error.description);
            }),
            None => output.raw("null"),
        }
    }
}

impl Explanation {
    /// Writes what this reader may see as JSON, on one line without its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        Output::line(|output| {
            output.object(|output| {
                output.key("view").string(self.view.name());
                output.key("stage").string(self.stage.name());
                output.key("verdict").string(self.verdict.name());
                output.key("reasons").array(|output| {
                    for explained in &self.reasons {
                        output.element().object(|output| {
                            output.key("reason").string(explained.reason.slug());
                            place(output.key("place"), explained.place);
                            output.key("enforced").flag(explained.enforced);
                        });
                    }
                });
                output.key("steps").array(|output| {
                    for step in &self.steps {
                        output.element().object(|output| {
                            output.key("place");
                            match step.place {
                                Some(at) => place(output, at),
                                None => output.raw("null"),
                            }
                            output.key("text").string(&step.text);
                        });
                    }
                });
                output.key("near_misses").array(|output| {
                    for miss in &self.near_misses {
                        output.element().object(|output| {
                            place(output.key("place"), miss.place);
                            output.key("text").string(&miss.text);
                        });
                    }
                });
            });
        })
    }
}

fn findings(output: &mut Output, findings: &[Finding]) {
    output.array(|output| {
        for finding in findings {
            output.element().object(|output| {
                output.key("reason").string(finding.reason.slug());
                place(output.key("place"), finding.place);
            });
        }
    });
}

fn place(output: &mut Output, place: Place) {
    output.object(|output| {
        output.key("subject").string(place.subject.name());
        output.key("field").number(place.field);
        output.key("start").number(place.span.start);
        output.key("end").number(place.span.end);
    });
}
