from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from os import PathLike
from typing import Any, Final, NoReturn, final, overload

from sendas._administration import Actor, Command, Consent, Desk, Obligation, Outcome, Recheck, Record, Refusal
from sendas._analysis import Choice, Coverage, PostfixCounts, PostfixLine, Preflight, Tally
from sendas._arrow import ArrowArrayExportable, ArrowStreamExportable, DecisionColumn
from sendas._catalogue import Action, Channel, Control, CredentialKind, Profile, Reason, Stage, Table, Tls, Verdict, View
from sendas._request import EnvelopeSender, Header, Request, Text
from sendas._values import ExplainedReason, Finding, Grant, NearMiss, Place, Problem, SetError, Step

__all__ = [
    "Decision",
    "DecisionBatch",
    "DecisionStream",
    "Decisions",
    "Directory",
    "Explanation",
    "Observations",
    "Policy",
    "PostfixLog",
    "Reply",
    "RequestRecord",
    "Session",
    "Snapshot",
    "Unquoted",
    "__version__",
    "obligations",
    "policy_schema",
    "reasons",
]

__version__: Final[str]

@final
class Policy:
    """What the provider and its tenants have laid down.

    The readers raise `sendas.PolicyError`, which names every problem of the text at once.
    """

    __hash__: None  # type: ignore[assignment]

    @staticmethod
    def from_toml(text: Text) -> Policy:
        """Read a policy from TOML."""

    @staticmethod
    def from_json(text: Text) -> Policy:
        """Read a policy from JSON."""

    @staticmethod
    def from_json_lines(text: Text | Iterable[Text]) -> Policy:
        """Read a policy from JSON Lines: as one text, or line by line as an open file gives it."""

    @staticmethod
    def from_path(path: str | PathLike[str]) -> Policy:
        """Read a policy file, whose suffix says what it is: `.toml`, `.json` or `.jsonl`.

        Raises `OSError` where the file cannot be read, and `ValueError` for another suffix.
        """

    def to_json(self) -> str:
        """Return the policy as JSON that `from_json` reads back as an equal policy."""

    def to_json_lines(self) -> str:
        """Return the policy as JSON Lines that `from_json_lines` reads back as an equal policy."""

    def preflight(
        self, candidate: Policy, observations: Observations, *, now: int | datetime, hash_key: bytes | None = None
    ) -> Preflight:
        """Say what another policy in its place would begin to deny: `Directory.preflight` without a command."""

    def __copy__(self) -> Policy: ...
    def __deepcopy__(self, memo: Any, /) -> Policy: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Directory:
    """Everything that a log of records says: the policy, and what administration needs beside it.

    Commands, actors and records are mappings with the members of `docs/administration.md`. What cannot be read, and a
    record that does not fit, raises `ValueError`; a command that may not be is answered by a `Refusal`.

    Several threads may use one. A call asks the directory as it is once the arguments are read; a record that is applied meanwhile is
    applied to a copy, which takes as long as the directory is large.
    """

    __hash__: None  # type: ignore[assignment]

    def __new__(cls) -> Directory:
        """Create a directory without tenants, which is what an empty log says."""

    @staticmethod
    def from_log(text: Text) -> Directory:
        """Fold a log of records, JSON Lines. Raises `ValueError` with the first line that is no record or does not fit."""

    def decide(
        self, actor: Actor, command: Command, *, id: str, now: int | datetime, expected: int | None = None
    ) -> Outcome | Refusal:
        """Decide a command. Nothing is changed: the record in the outcome is to be written to the log, then applied."""

    def apply(self, record: Record) -> None:
        """Apply a record: all of it, or nothing. Raises `ValueError` if it does not fit."""

    def problems_after(self, record: Record) -> list[str]:
        """Return what would be wrong with the policy after a record, if nothing is wrong with it now.

        `apply` asks only whether the record fits. `decide` has asked this of its own records; a host that follows a log which
        others write may ask it of each record, and keep what it serves where the answer is not empty.
        """

    def import_policy(self, policy: Policy, *, name: str, now: int | datetime) -> list[Record]:
        """Return the records that take a policy over into an empty log."""

    def preflight(
        self,
        observations: Observations,
        actor: Actor,
        command: Command,
        *,
        id: str,
        now: int | datetime,
        expected: int | None = None,
        hash_key: bytes | None = None,
    ) -> Preflight | Refusal:
        """Say what a command would begin to deny, were it given now. Nothing is changed.

        A key that is not given is taken from the system's random source, as in `Snapshot.compile`.
        """

    def outlook(self, observations: Observations, *, now: int | datetime, hash_key: bytes | None = None) -> Preflight:
        """Say what begins to be denied at later instants if nothing is changed: by deadlines, and by what ends."""

    def coverage(self, observations: Observations, *, now: int | datetime, hash_key: bytes | None = None) -> Coverage:
        """Say which accounts were seen, and how many of their messages sender authentication would permit today."""

    def choose(
        self, observations: Observations, *, least: int, now: int | datetime, hash_key: bytes | None = None
    ) -> list[Choice]:
        """Choose the pairs of account and address that are not authorised today, and a command for each.

        Only pairs are chosen that were seen in at least `least` messages of one field. Nothing is changed.
        """

    def desk(self, tenant: str) -> Desk | None:
        """Return one tenant with what is pending in it, or None where there is no such tenant."""

    def consents(self, address: str) -> list[Consent]:
        """Return who may use, or asked to use, an address with its mailbox owner's word, over all tenants."""

    def rechecks_due(self, *, now: int | datetime) -> list[Recheck]:
        """Return the domains whose TXT record is to be looked up again, and where."""

    def policy(self) -> Policy:
        """Return the policy that decides."""

    @property
    def sequence(self) -> int:
        """The sequence number of the last record; 0 before the first."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Observations:
    """What was seen of accounts, as tallies, in bounded memory.

    Nothing depends on the order of the requests, and observations of two logs that are merged are those of both together. Several
    threads may use them, as they may use a `Directory`.
    """

    __hash__: None  # type: ignore[assignment]

    def __new__(cls, *, most: int) -> Observations:
        """Create observations of nothing, which keep at most this many tallies."""

    @staticmethod
    def from_json_lines(text: Text) -> Observations:
        """Read observations from JSON Lines. Raises `ValueError` with a line for each problem."""

    def to_json_lines(self) -> str:
        """Write the observations as JSON Lines that `from_json_lines` reads back as equal ones."""

    def observe(self, request: Request, /) -> None:
        """Count every fact of one request, which has no stage here; what it lacks is counted as unknown.

        Of a record it is `record.request()`.
        """

    def merge(self, other: Observations) -> None:
        """Add what other observations hold, as if their requests had been observed here; the smaller bound holds from then on."""

    @property
    def most(self) -> int:
        """As many tallies as are kept at most."""

    @property
    def requests(self) -> int:
        """How many requests were observed."""

    @property
    def unattributed(self) -> int:
        """How many of them name no account, or none that an account can be."""

    @property
    def counted(self) -> dict[Table, int]:
        """How many facts were counted in each table, those included that were dropped."""

    @property
    def dropped(self) -> dict[Table, int]:
        """How many facts of each table are in no tally, since there was no room for it."""

    def tallies(self) -> list[Tally]:
        """Return every tally that is kept, by account, table, channel and fact."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class PostfixLog:
    """Makes records of requests from the lines of a Postfix mail log, which are given in their order.

    A log tells the account (`sasl_username`), the client's address and the envelope sender; what it does not hold is unknown.
    Several threads may give it lines, one after the other.
    """

    def __new__(cls, *, most: int, year: int | None = None, offset: int) -> PostfixLog:
        """Keep at most this many messages that were handed over and not queued yet.

        Timestamps without a year begin in `year`, and are `offset` seconds ahead of UTC.
        """

    def push(self, line: Text) -> RequestRecord | PostfixLine:
        """Take the next line, with its line ending or without: the record of the message that it completes, or what it came to."""

    def counts(self) -> PostfixCounts:
        """Return what became of the lines so far; messages that are still to be queued count as not queued."""

def obligations(record: Record) -> list[Obligation]:
    """Return what the host has to do after a record."""

@final
class Snapshot:
    """A compiled policy that answers requests: immutable, and safe to use from several threads.

    A host takes one snapshot per transaction, from MAIL FROM to the end of data, and swaps it whole when the policy changes.
    """

    @staticmethod
    def compile(
        policy: Policy,
        *,
        hash_key: bytes | None = None,
        field_octets: int | None = None,
        header_octets: int | None = None,
        mailboxes: int | None = None,
        comment_depth: int | None = None,
    ) -> Snapshot:
        """Compile a policy, on all cores.

        `hash_key` keys the tables that strangers feed: 16 random octets, taken from the system where none are given; it
        changes no answer. The limits bound what a request may make the engine read; what they are where none is given stands
        in the engine's `Limits`. Raises `sendas.PolicyError` where the policy has problems.
        """

    @staticmethod
    def from_json_lines(
        text: Text | Iterable[Text],
        *,
        hash_key: bytes | None = None,
        field_octets: int | None = None,
        header_octets: int | None = None,
        mailboxes: int | None = None,
        comment_depth: int | None = None,
    ) -> Snapshot:
        """Compile a policy as JSON Lines, on all cores and without the whole of it in memory.

        It is the snapshot that `Policy.from_json_lines` and `compile` would make of the whole text. The text comes whole or in
        pieces, wherever it is cut; pieces are joined as they are, so lines keep their endings, as those of an open file do.
        The other arguments are those of `compile`. Raises `sendas.PolicyError`
        where the policy has problems; those between tenants are named with their line, and the column is 1.
        """

    @staticmethod
    def open(sealed: bytes | str | PathLike[str]) -> Snapshot:
        """Open a sealed snapshot: its octets, or the path of a file, which is mapped.

        It takes the same short time however large the snapshot is, and processes that open one file share its memory. Replace
        such a file by renaming another one over it: one that is written into changes under those that have it open. What is
        damaged makes the decisions that need it defer, as `snapshot_damaged`. Raises `sendas.SnapshotError` where it is no
        snapshot, one for another version, or cut short, and `OSError` where the file cannot be read.
        """

    def seal(self) -> bytes:
        """Return the snapshot as octets that `open` takes; they hold the hash key and the limits.

        The same policy, key and limits give the same octets, whatever the order of the entries and the changes that led there.
        Raises `sendas.SnapshotError` where the snapshot was opened and is damaged.
        """

    def verify(self) -> None:
        """Check all of an opened snapshot at once, which otherwise happens where something is first read; decisions then ask
        about no part any more.

        Raises `sendas.SnapshotError` where it is damaged.
        """

    def delta(self, newer: Snapshot) -> bytes:
        """Return what makes of this snapshot the newer one: the tenants that differ, and the provider's settings.

        Raises `sendas.SnapshotError` where the two have different hash keys or limits, or one was opened and is damaged.
        """

    def apply_delta(self, delta: bytes) -> Snapshot:
        """Return the snapshot that a delta leads to from this one; it seals to the octets that the newer one seals to.

        Raises `sendas.SnapshotError` where the delta is none, was made for another snapshot, or is damaged.
        """

    def compact(self) -> Snapshot:
        """Return the same snapshot without a trace of the changes that led to it. This one stays as it is.

        A host does so now and then, in another thread: until it does, the memory of what was replaced is kept. Raises
        `sendas.SnapshotError` where the snapshot was opened and is damaged.
        """

    @property
    def id(self) -> str:
        """Identifies the content: equal policies have equal ids, 32 hexadecimal digits."""

    @property
    def size(self) -> int:
        """The number of octets that the compiled policy takes."""

    def tenants(self) -> list[str]:
        """Return the ids of all tenants, sorted. Raises `sendas.SnapshotError` where the snapshot was opened and is damaged."""

    def replace_tenant(self, id: str, policy: Policy) -> Snapshot:
        """Return a snapshot in which this tenant is as the policy says, replaced or added. This one stays as it is.

        Of the policy, nothing but this tenant is taken; so it may hold that one alone, with the tenants above it. Raises
        `ValueError` where it does not hold it, and `sendas.PolicyError`, which is one too, where the tenant does not fit the others.
        """

    def follow(self, directory: Directory, record: Record) -> Snapshot:
        """Return the snapshot of a directory to which the record has just been applied. This one stays as it is.

        Only the tenant that the record is about is compiled again. Raises `sendas.PolicyError` as `compile` does.
        """

    def remove_tenant(self, id: str) -> Snapshot:
        """Return a snapshot without this tenant, or an equal one when there is none. This one stays as it is.

        Raises `sendas.PolicyError` where another tenant has it as its parent.
        """

    def evaluate(
        self,
        *,
        now: int | datetime,
        channel: Channel,
        account: Text | None = None,
        role: Text | None = None,
        client_ip: Text | IPv4Address | IPv6Address | None = None,
        credential_kind: CredentialKind | None = None,
        credential_id: Text | None = None,
        scopes: Sequence[Text] | None = None,
        tls: Tls | None = None,
        smtputf8: bool = False,
        envelope_sender: EnvelopeSender | None = None,
        header: Header | None = None,
        stage: Stage = "message",
    ) -> Decision:
        """Decide a request as far as it is known at a stage.

        A client can make it deny, but never raise: `TypeError` and `ValueError` are for mistakes of the host. What is
        None is not known, and what is not known never permits; `sendas.NULL` is the null reverse-path, and `scopes=[]`
        presents no scope, where None presents none of its own. `now` is in whole seconds since the epoch, or a
        `datetime` with a time zone; a number outside of the years 0 to 9999, as one of milliseconds is, raises
        `ValueError`. `account` is the directory's id, not what the client typed. The header is the raw block, or all
        its fields: never only those that seem to matter. A field's body is its raw octets after the colon, folds as
        CRLF and white space, without the final CRLF: never a value that a parser has decoded or unfolded. Do what
        `Decision.action` says.
        """

    def evaluate_many(self, requests: Iterable[Request]) -> Decisions:
        """Decide many requests, while other threads may run. The decisions are in the order of the requests.

        Each is what `evaluate` gives of its request. A mistake in one raises what it raises there, with the number of
        the request, counted from 0, before the message, and then none is answered. The requests are copied, 64 at a
        time: they may be changed or made anew as soon as the next one is asked for. A text of one must have less than 4
        GiB, or `ValueError` is raised. Requests that are dictionaries of `str`, `bytes`, `int` and `bool`, with a list
        of tuples for the header's fields and without `scopes`, are read quickest. An iterator that has ended is not
        asked for more.
        """

    @overload
    def evaluate_arrow(
        self, data: ArrowArrayExportable, *, keep: Sequence[str] = (), columns: Sequence[DecisionColumn] | None = None
    ) -> DecisionBatch:
        """Decide requests that stand in Apache Arrow's columns, while other threads may run.

        The columns are the arguments of `evaluate` by name, in the types of `docs/arrow.md`; a fact that is null, or
        has no column, is not known. Those named in `keep` stand before the decisions, as they are, also where they are
        no facts. The requests are read where they are, and their order stays.

        The decisions have the columns of `docs/arrow.md`, in the order of that page; where `columns` names some of
        them, those alone, which takes less time and memory.

        Of data that exports one batch, as a `pyarrow.RecordBatch` does, the whole is decided at once. Other data is a
        stream: it is read and decided as the result is read, some thousand rows at a time, so that it may be larger
        than memory.

        Raises `TypeError`, with a line for each problem, where a column is missing, is no fact of a request and not
        kept, or has another type, and where `columns` is empty, or names one twice or one that no decision has;
        `ValueError` where a row holds what is no request, such as a channel that there is none of. In a stream it is
        the library reading the result that raises this.
        """

    @overload
    def evaluate_arrow(
        self, data: ArrowStreamExportable, *, keep: Sequence[str] = (), columns: Sequence[DecisionColumn] | None = None
    ) -> DecisionStream: ...
    def explain(
        self,
        *,
        now: int | datetime,
        channel: Channel,
        account: Text | None = None,
        role: Text | None = None,
        client_ip: Text | IPv4Address | IPv6Address | None = None,
        credential_kind: CredentialKind | None = None,
        credential_id: Text | None = None,
        scopes: Sequence[Text] | None = None,
        tls: Tls | None = None,
        smtputf8: bool = False,
        envelope_sender: EnvelopeSender | None = None,
        header: Header | None = None,
        stage: Stage = "message",
        view: View,
    ) -> Explanation:
        """Explain the decision of a request; the view says who will read it."""

    def session(
        self,
        *,
        now: int | datetime,
        channel: Channel,
        account: Text | None = None,
        role: Text | None = None,
        client_ip: Text | IPv4Address | IPv6Address | None = None,
        credential_kind: CredentialKind | None = None,
        credential_id: Text | None = None,
        scopes: Sequence[Text] | None = None,
        tls: Tls | None = None,
    ) -> Session:
        """Open a session with what is known of a client after AUTH."""

    def __copy__(self) -> Snapshot: ...
    def __deepcopy__(self, memo: Any, /) -> Snapshot: ...

@final
class Session:
    """What is known of one client after AUTH, and its transaction at hand.

    A transaction (MAIL to the end of data) uses one snapshot and one `now`. Each MAIL FROM takes the snapshot that the host
    has then, and decides the session again with it, so that a revocation reaches open connections.
    """

    @property
    def decision(self) -> Decision:
        """The latest decision; at first the one at the session stage."""

    def mail_from(
        self, snapshot: Snapshot, sender: EnvelopeSender | None, *, smtputf8: bool = False, now: int | datetime
    ) -> Decision:
        """Begin a transaction at MAIL FROM, with the snapshot and the instant that hold until its end."""

    def message(self, header: Header | None) -> Decision:
        """Decide the transaction at the end of the header, also more than once.

        Before the first MAIL FROM the envelope sender is unknown, which denies; after RSET the one before it still stands, and a
        host asks about no message until there is another.
        """

    def explain(self, view: View) -> Explanation:
        """Explain the latest decision; the view says who will read it.

        The answer is that of `Snapshot.explain` for the same facts, with the snapshot of the transaction.
        """

@final
class DecisionBatch:
    """The decisions on one batch of requests, for any library that takes Arrow; its columns are those of `docs/arrow.md`."""

    def __arrow_c_schema__(self) -> object:
        """Export the schema of the decisions as an `ArrowSchema`."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        """Export the decisions as an `ArrowArray`; a requested schema is not looked at."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Export the decisions as an `ArrowArrayStream` of one batch; a requested schema is not looked at."""

    def __len__(self) -> int: ...
    def __copy__(self) -> DecisionBatch: ...
    def __deepcopy__(self, memo: Any, /) -> DecisionBatch: ...

@final
class DecisionStream:
    """The decisions on a stream of requests, made as a library that takes Arrow reads them, once.

    Its columns are those of `docs/arrow.md`.
    """

    def __arrow_c_schema__(self) -> object:
        """Export the schema of the decisions as an `ArrowSchema`."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Export the decisions as an `ArrowArrayStream`; raises `ValueError` the second time.

        A requested schema is not looked at.
        """

@final
class Decision:
    """The answer to a request. It keeps the objects of the request, or where many were decided a copy of it, to render replies from."""

    __hash__: None  # type: ignore[assignment]

    @staticmethod
    def without_snapshot(stage: Stage) -> Decision:
        """Return the decision of a host that has no snapshot: defer, with `snapshot_unavailable`."""

    @property
    def stage(self) -> Stage:
        """The stage at which the request was decided."""

    @property
    def verdict(self) -> Verdict:
        """Whether the request may go on."""

    @property
    def action(self) -> Action:
        """What the host shall do with the message, whatever the reply says.

        On `discard` and `hold` it answers 250, goes on, and drops the message, or puts it into quarantine, at the end of data.
        """

    @property
    def allowed(self) -> bool:
        """Whether the verdict is allow."""

    @property
    def provisional(self) -> bool:
        """Whether an allow at the envelope stage rests on the header that is still to come, as after a null reverse-path."""

    @property
    def reasons(self) -> list[Finding]:
        """The enforced reasons, in reporting order; the first gives the reply. Empty if and only if the verdict is allow."""

    @property
    def would_deny(self) -> list[Finding]:
        """What would be enforced if its control were not monitored or exempted, in reporting order."""

    @property
    def omitted(self) -> int:
        """How many further reasons and would-deny reasons were found than are listed."""

    @property
    def grants(self) -> list[Grant]:
        """The addresses that were found authorised, in the order of the request, and what gave them; at most 8."""

    @property
    def omitted_grants(self) -> int:
        """How many further addresses were found authorised than are listed."""

    @property
    def snapshot_id(self) -> str:
        """Which snapshot decided: 32 hexadecimal digits."""

    def reply(self, profile: Profile = "rfc6409") -> Reply:
        """Return the SMTP reply for the stage of this decision.

        An allowed request, and a denied one that is discarded or held, get a positive reply: it is `action` that says what to
        do with the message.
        """

    def problem(self) -> Problem | None:
        """Return the HTTP problem details (RFC 9457), or None where the client is told of success.

        None is no permission: what is discarded or held has none either. Do what `action` says.
        """

    def set_error(self) -> SetError | None:
        """Return the JMAP SetError (RFC 8621 §7.5), or None where the client is told of success.

        None is no permission: what is discarded or held has none either. Do what `action` says.
        """

    def octets(self, place: Place) -> bytes | None:
        """Return the octets of the request that stand at a place of this decision, or None where the place is of no octets."""

    def to_json(self, profile: Profile = "rfc6409") -> str:
        """Return the decision with its reply as JSON, on one line without its end: the same in every language."""

    def to_dict(self, profile: Profile = "rfc6409") -> dict[str, Any]:
        """Return what `to_json` writes as plain values."""

    def __bool__(self) -> NoReturn:
        """Refuse to be used as a condition, where a denial would count as true."""

    def __copy__(self) -> Decision: ...
    def __deepcopy__(self, memo: Any, /) -> Decision: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Decisions(Sequence[Decision]):
    """The decisions on many requests, in the order of these: what `Snapshot.evaluate_many` returns.

    It is a sequence, and no `list`: it never changes, so that it is its own copy, and it cannot be pickled; a slice of it is a sequence
    like it. Each request is decided at once, and of each decision stage, verdict, action and `provisional` are kept, with a copy of
    the request. A `Decision` is made anew each time that one is asked for, and what else it has as soon as that is: the request is
    decided again, by the same snapshot. So keep a decision that is looked at often.

    A sequence keeps the snapshot and the copies of all requests alive. A decision of it keeps the snapshot, and of the requests its own
    and those that were copied with it, 64 in all.
    """

    @property
    def verdicts(self) -> list[Verdict]:
        """The verdicts of all of them, in their order; no decision is made for it."""

    @property
    def actions(self) -> list[Action]:
        """What the host shall do with each message, in their order; no decision is made for it."""

    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, index: int, /) -> Decision: ...
    @overload
    def __getitem__(self, index: slice, /) -> Decisions: ...
    def __iter__(self) -> Iterator[Decision]: ...
    def __reversed__(self) -> Iterator[Decision]: ...
    def __contains__(self, value: object, /) -> bool: ...
    def index(self, value: Any, start: int = 0, stop: int = 9223372036854775807, /) -> int:
        """Return the place of the first decision that equals this one, or raise `ValueError`."""

    def count(self, value: Any, /) -> int:
        """Return how many decisions equal this one."""

    def __copy__(self) -> Decisions: ...
    def __deepcopy__(self, memo: Any, /) -> Decisions: ...
    def __eq__(self, other: object, /) -> bool:
        """Compare with other decisions, or with a list: equal decisions in the same order are equal."""

    def __ne__(self, other: object, /) -> bool: ...
    __hash__: None  # type: ignore[assignment]

@final
class Reply:
    """An SMTP reply of one line; `str` writes it without its CRLF."""

    __hash__: None  # type: ignore[assignment]

    @property
    def code(self) -> int:
        """The reply code, such as 550."""

    @property
    def enhanced(self) -> str:
        """The enhanced status code (RFC 3463), such as `5.7.1`."""

    @property
    def text(self) -> str:
        """The text: printable ASCII, or UTF-8 without controls where the request has SMTPUTF8."""

    def __copy__(self) -> Reply: ...
    def __deepcopy__(self, memo: Any, /) -> Reply: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Explanation:
    """Why a request is decided as it is; `str` writes it for a person, a line per fact."""

    @property
    def view(self) -> View:
        """Who it is for: the provider, who may see everything, or the tenant, who sees nothing of other tenants."""

    @property
    def stage(self) -> Stage:
        """The stage that was decided."""

    @property
    def verdict(self) -> Verdict:
        """The verdict, which is that of `Snapshot.evaluate`."""

    @property
    def reasons(self) -> list[ExplainedReason]:
        """The reasons, as this reader may see them, enforced ones first."""

    @property
    def steps(self) -> list[Step]:
        """What was looked at, in order."""

    @property
    def near_misses(self) -> list[NearMiss]:
        """For each address that failed, the nearest one that the account may use, if one is found."""

    def to_json(self) -> str:
        """Return the explanation, as this reader may see it, as JSON, on one line without its end."""

    def to_dict(self) -> dict[str, Any]:
        """Return what `to_json` writes as plain values."""

    def __copy__(self) -> Explanation: ...
    def __deepcopy__(self, memo: Any, /) -> Explanation: ...

@final
class RequestRecord:
    """A request that keeps octets of its own, to be written as JSON and read back: the same in every language."""

    __hash__: None  # type: ignore[assignment]

    def __new__(
        cls,
        *,
        now: int | datetime,
        channel: Channel,
        account: Text | None = None,
        role: Text | None = None,
        client_ip: Text | IPv4Address | IPv6Address | None = None,
        credential_kind: CredentialKind | None = None,
        credential_id: Text | None = None,
        scopes: Sequence[Text] | None = None,
        tls: Tls | None = None,
        smtputf8: bool = False,
        envelope_sender: EnvelopeSender | None = None,
        header: Header | None = None,
    ) -> RequestRecord:
        """Copy a request, given as to `Snapshot.evaluate`; its stage is none of its facts."""

    @staticmethod
    def from_json(text: Text) -> RequestRecord:
        """Read a record from JSON, such as a line of a file of records.

        Raises `sendas.RecordError`, which names every problem of the text at once.
        """

    def to_json(self) -> str:
        """Return the record as JSON that `from_json` reads back as an equal record, on one line without its end."""

    def request(self) -> Request:
        """Return the request, as arguments of `Snapshot.evaluate`; what is not known is left out.

        Octets are `bytes`, and the null reverse-path is `sendas.NULL`. A record has no stage: `{**record.request(), "stage": …}`
        gives it one.
        """

    def __copy__(self) -> RequestRecord: ...
    def __deepcopy__(self, memo: Any, /) -> RequestRecord: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Unquoted:
    """An envelope sender in the internal form that Postfix hands to policy services: not quoted, split at the last `@`.

    Its empty `sender=` is the null reverse-path: hand over `sendas.NULL` for it.
    """

    def __new__(cls, sender: Text) -> Unquoted: ...
    @property
    def sender(self) -> Text:
        """The octets or text that were given."""

    def __copy__(self) -> Unquoted: ...
    def __deepcopy__(self, memo: Any, /) -> Unquoted: ...

def policy_schema() -> str:
    """Return the JSON Schema (draft 2020-12) of policies as one JSON document."""

def reasons() -> list[tuple[Reason, Control | None, Stage, Verdict, str]]:
    """Return slug, control, stage, verdict and meaning of every reason, in reporting order."""
