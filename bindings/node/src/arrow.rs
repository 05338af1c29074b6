//! Many requests as Apache Arrow: `sendas-arrow` decides, and streams cross as octets, which every library of JavaScript reads and
//! writes.

use napi::bindgen_prelude::{Buffer, Result, Unknown};
use napi::{Env, Error};
use napi_derive::napi;
use sendas_arrow::{Asked, Refused, decide_stream};

use crate::given::Given;
use crate::snapshot::Snapshot;

#[napi]
impl Snapshot {
    /// Decides requests that stand in Apache Arrow's columns, for traffic in bulk: a stream in Arrow's IPC format, such as `tableToIPC` of
    /// `apache-arrow` writes. Returns a stream of the decisions, with the rows in their order.
    ///
    /// The columns, their types and their names are those of docs/arrow.md, the same as in Python: `now` and `channel` are required, a fact
    /// that is null, or has no column, is not known, and names are those of Python, such as `client_ip`. It takes less time than
    /// `evaluateMany`, since no object is made. The thread waits meanwhile, and the whole stream and the whole answer are in memory: hand long
    /// traffic over in several streams.
    ///
    /// Throws a `TypeError` with a line for each problem of the columns, and an `ArrowError` if the stream is none, is cut short,
    /// is compressed or contradicts itself, and if a row holds no request, which it names.
    // `index.js` makes an `ArrowError` of what is no `TypeError`.
    #[napi(configurable = true, ts_args_type = "stream: Uint8Array, options?: ArrowOptions")]
    pub fn evaluate_arrow(&self, env: Env, stream: Unknown<'_>, options: Unknown<'_>) -> Result<Buffer> {
        let asked = read_asked(Given::new(env, "options", options))?;
        let stream = Given::new(env, "stream", stream);
        match stream.lend(|octets| decide_stream(&self.snapshot, octets, &asked))? {
            Ok(decided) => Ok(decided.into()),
            Err(Refused::Columns(problems)) => Err(stream.throw(&problems.to_string())),
            Err(Refused::Stream(wrong)) => Err(Error::from_reason(wrong.to_string())),
        }
    }
}

fn read_asked(options: Given<'_>) -> Result<Asked> {
    options.optional(|options| options.only(&["keep", "columns"]))?;
    let names = |name| options.optional(|options| options.member(name)?.optional(read_names));
    Ok(Asked { keep: names("keep")?.flatten().unwrap_or_default(), columns: names("columns")?.flatten() })
}

fn read_names(names: Given<'_>) -> Result<Vec<String>> {
    let read = |name: Given<'_>, _| Ok(name.octets()?.and_then(|octets| String::from_utf8(octets).ok()));
    names.elements("an array of names", read)
}
