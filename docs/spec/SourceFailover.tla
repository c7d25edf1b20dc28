---------------------------- MODULE SourceFailover -----------------------------
(***************************************************************************)
(* What an epoch is for (docs/coherence.md, R14 and R16): the primary      *)
(* fails, a standby that had not received all of its log is promoted, and  *)
(* LSNs that were used before are used again. One cache key that several   *)
(* rows feed, as in Coherence.tla; epochs are numbered like timelines.     *)
(* Leases, rounds and what stores lose are Coherence.tla's business: here  *)
(* each of them is one atomic step.                                        *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets, TLC

CONSTANTS Transactions, Without

Protections == {
  "new epoch",         \* another timeline is another epoch
  "old epoch void",    \* an entry counts only in the epoch of its lease
  "A in epoch",        \* a watermark of another epoch does not move A
  "positions in epoch",\* what a new epoch does not know is not carried over: A begins at 0
  "token in epoch",    \* a token of another epoch is answered from the database
  "server identity",   \* a fill reads only a server of its lease's own timeline
  "identity with read" \* ... asked in the transaction that reads, not on another connection
}
ASSUME Without \subseteq Protections
Protected(name) == name \notin Without

VARIABLES
  log,       \* of the primary: commit records on its timeline
  old,       \* the log of timeline 1 when it was left; <<>> before
  visible,   \* on the primary
  replayed,  \* by the standby
  timeline,  \* 1, then 2
  topic,     \* hearth.invalidations
  store,     \* [cell, meta]
  next,      \* how far the delivery is
  filler,    \* one fill
  caller     \* a writer that reads its own write
vars == <<log, old, visible, replayed, timeline, topic, store, next, filler, caller>>

Max(a, b) == IF a >= b THEN a ELSE b
InLog(l) == {t \in Transactions : \E n \in 1..Len(l) : l[n] = t}
UpTo(l, lsn) == InLog(SubSeq(l, 1, IF lsn < Len(l) THEN lsn ELSE Len(l)))
CommitLsn(l, t) == CHOOSE n \in 1..Len(l) : l[n] = t
Gone == InLog(old) \ InLog(log)
Epoch == IF Protected("new epoch") THEN timeline ELSE 1
Later(p, q) == p.epoch > q.epoch \/ (p.epoch = q.epoch /\ p.lsn >= q.lsn)
MaxPosition(p, q) == IF Later(p, q) THEN p ELSE q
At(e, lsn) == [epoch |-> e, lsn |-> lsn]

(* An epoch record stands for the invalidation of everything that was visible when it came. *)
Published == UNION {topic[n].of : n \in 1..Len(topic)}
Announced == Epoch = 1 \/ \E n \in 1..Len(topic) : topic[n].is = "epoch"

Idle == [is |-> "idle"]
Nothing == [is |-> "nothing"]
Counts ==
  /\ store.cell.is = "entry"
  /\ Protected("old epoch void") => store.cell.epoch = store.meta.epoch

Init ==
  /\ log = <<>> /\ old = <<>> /\ visible = {} /\ replayed = 0 /\ timeline = 1
  /\ topic = <<>>
  /\ store = [cell |-> Nothing, meta |-> [epoch |-> 1, a |-> 0, b |-> At(1, 0), applied |-> {}]]
  /\ next = 0
  /\ filler = Idle
  /\ caller = Idle

--------------------------------------------------------------------------------
(* The database. *)

Commit(t) ==
  /\ t \notin InLog(log) \cup InLog(old)
  /\ log' = Append(log, t)
  /\ UNCHANGED <<old, visible, replayed, timeline, topic, store, next, filler, caller>>

BecomeVisible(t) ==
  /\ t \in InLog(log) \ visible
  /\ visible' = visible \cup {t}
  /\ UNCHANGED <<log, old, replayed, timeline, topic, store, next, filler, caller>>

Replay ==
  /\ replayed < Len(log)
  /\ replayed' = replayed + 1
  /\ UNCHANGED <<log, old, visible, timeline, topic, store, next, filler, caller>>

(* The standby becomes the primary with what it has; the old primary goes on answering. *)
Promote ==
  /\ timeline = 1
  /\ timeline' = 2
  /\ old' = log
  /\ log' = SubSeq(log, 1, replayed)
  /\ visible' = UpTo(log, replayed)
  /\ UNCHANGED <<replayed, topic, store, next, filler, caller>>

--------------------------------------------------------------------------------
(* The ingest, on the primary of now, and what is left of the one on the old primary. *)

Publish(t) ==
  /\ Announced
  /\ t \in visible \ Published
  /\ topic' = Append(topic, [is |-> "invalidation", of |-> {t}, at |-> At(Epoch, Len(log))])
  /\ UNCHANGED <<log, old, visible, replayed, timeline, store, next, filler, caller>>

W == CHOOSE n \in 0..Len(log) :
       /\ UpTo(log, n) \subseteq Published
       /\ \A m \in 0..Len(log) : UpTo(log, m) \subseteq Published => m <= n
WatermarkOf(e) == {topic[n].at.lsn : n \in {m \in 1..Len(topic) :
                     topic[m].is = "watermark" /\ topic[m].at.epoch = e}}

PublishWatermark ==
  /\ Announced
  /\ \A w \in WatermarkOf(Epoch) : W > w
  /\ W > 0
  /\ topic' = Append(topic, [is |-> "watermark", of |-> {}, at |-> At(Epoch, W)])
  /\ UNCHANGED <<log, old, visible, replayed, timeline, store, next, filler, caller>>

(* The second epoch of a new slot: everything of before it is visible (Coherence.tla, settling). *)
PublishEpoch ==
  /\ ~Announced
  /\ InLog(log) \subseteq visible
  /\ topic' = Append(topic, [is |-> "epoch", of |-> InLog(log), at |-> At(Epoch, Len(log))])
  /\ UNCHANGED <<log, old, visible, replayed, timeline, store, next, filler, caller>>

(* An ingest that has not noticed: it goes on with the old primary, in the old epoch. *)
PublishLate ==
  /\ timeline = 2
  /\ Protected("new epoch")
  /\ \/ \E t \in InLog(old) \ Published :
          topic' = Append(topic, [is |-> "invalidation", of |-> {t}, at |-> At(1, Len(old))])
     \/ /\ InLog(old) \subseteq Published
        /\ \A w \in WatermarkOf(1) : Len(old) > w
        /\ Len(old) > 0
        /\ topic' = Append(topic, [is |-> "watermark", of |-> {}, at |-> At(1, Len(old))])
  /\ UNCHANGED <<log, old, visible, replayed, timeline, store, next, filler, caller>>

--------------------------------------------------------------------------------
(* Fills. *)

GrantLease ==
  /\ filler = Idle
  /\ store.cell = Nothing \/ (store.cell.is = "entry" /\ ~Counts)
  /\ store' = [store EXCEPT !.cell = [is |-> "marker"]]
  /\ filler' = [is |-> "leased", epoch |-> store.meta.epoch, stamp |-> store.meta.a,
                b |-> store.meta.b, checked |-> FALSE]
  /\ UNCHANGED <<log, old, visible, replayed, timeline, topic, next, caller>>

Hold(saw) == [is |-> "holding", epoch |-> filler.epoch, stamp |-> filler.stamp, saw |-> saw]

ReadPrimary ==
  /\ filler.is = "leased"
  /\ Protected("server identity") => filler.epoch = Epoch
  /\ filler' = Hold(visible)
  /\ UNCHANGED <<log, old, visible, replayed, timeline, topic, store, next, caller>>

ReadStandby ==
  /\ filler.is = "leased"
  /\ Protected("server identity") => filler.epoch = Epoch
  /\ Later(At(Epoch, replayed), filler.b)
  /\ filler' = Hold(UpTo(log, replayed))
  /\ UNCHANGED <<log, old, visible, replayed, timeline, topic, store, next, caller>>

(* Identity and position come from one server, the value from another: a pooler lies between. *)
CheckOnAnotherConnection ==
  /\ ~Protected("identity with read")
  /\ filler.is = "leased"
  /\ filler.epoch = Epoch
  /\ filler' = [filler EXCEPT !.checked = TRUE]
  /\ UNCHANGED <<log, old, visible, replayed, timeline, topic, store, next, caller>>

(* A server of timeline 1 that nobody has told: the old primary, or a standby of it. *)
ReadOldServer ==
  /\ filler.is = "leased"
  /\ timeline = 2
  /\ \/ filler.epoch = 1
     \/ ~Protected("server identity")
     \/ filler.checked
  /\ filler' = Hold(InLog(old))
  /\ UNCHANGED <<log, old, visible, replayed, timeline, topic, store, next, caller>>

Fill ==
  /\ filler.is = "holding"
  /\ store' = IF store.cell.is = "marker"
              THEN [store EXCEPT !.cell = [is |-> "entry", saw |-> filler.saw,
                                           stamp |-> filler.stamp, epoch |-> filler.epoch]]
              ELSE store
  /\ filler' = Idle
  /\ UNCHANGED <<log, old, visible, replayed, timeline, topic, next, caller>>

(* Its lease is lost, or it gives up. *)
GiveUp ==
  /\ filler # Idle
  /\ filler' = Idle
  /\ store' = IF store.cell.is = "marker" THEN [store EXCEPT !.cell = Nothing] ELSE store
  /\ UNCHANGED <<log, old, visible, replayed, timeline, topic, next, caller>>

--------------------------------------------------------------------------------
(* The delivery. *)

Deliver ==
  /\ next < Len(topic)
  /\ LET r == topic[next + 1]
         m == store.meta
         enters == r.is = "epoch" /\ r.at.epoch > m.epoch
     IN store' = CASE r.is = "invalidation" ->
                        [cell |-> Nothing,
                         meta |-> [m EXCEPT !.b = MaxPosition(@, r.at), !.applied = @ \cup r.of]]
                   [] enters ->
                        [store EXCEPT !.meta = [m EXCEPT !.epoch = r.at.epoch, !.b = r.at,
                            !.a = IF Protected("positions in epoch") THEN 0 ELSE @,
                            !.applied = @ \cup r.of]]
                   [] r.is = "watermark" /\ (r.at.epoch = m.epoch \/ ~Protected("A in epoch")) ->
                        [store EXCEPT !.meta.a = Max(@, r.at.lsn)]
                   [] OTHER -> store
  /\ next' = next + 1
  /\ UNCHANGED <<log, old, visible, replayed, timeline, topic, filler, caller>>

--------------------------------------------------------------------------------
(* A writer that reads its own write. *)

TakeToken(t) ==
  /\ caller = Idle
  /\ t \in visible
  /\ caller' = [is |-> "token", of |-> t, at |-> At(Epoch, Len(log))]
  /\ UNCHANGED <<log, old, visible, replayed, timeline, topic, store, next, filler>>

AnswerFromStore ==
  /\ caller.is = "token"
  /\ Counts
  /\ Protected("token in epoch") => store.meta.epoch = caller.at.epoch
  /\ store.meta.a >= caller.at.lsn \/ store.cell.stamp >= caller.at.lsn
  /\ caller' = [is |-> "answered", of |-> caller.of, saw |-> store.cell.saw]
  /\ UNCHANGED <<log, old, visible, replayed, timeline, topic, store, next, filler>>

--------------------------------------------------------------------------------
Next ==
  \/ \E t \in Transactions : Commit(t) \/ BecomeVisible(t) \/ Publish(t) \/ TakeToken(t)
  \/ Replay \/ Promote
  \/ PublishWatermark \/ PublishEpoch \/ PublishLate
  \/ GrantLease \/ ReadPrimary \/ ReadStandby \/ CheckOnAnotherConnection \/ ReadOldServer
  \/ Fill \/ GiveUp
  \/ Deliver
  \/ AnswerFromStore

Spec == Init /\ [][Next]_vars

Symmetry == Permutations(Transactions)

--------------------------------------------------------------------------------
(* A write that was lost with the old primary is nothing that anybody can be promised. *)

NoStaleSurvives == Counts => store.meta.applied \ Gone \subseteq store.cell.saw

(* Once the store is in an epoch, no value is read there that the source has forgotten. *)
NoPhantom == Counts /\ store.meta.epoch = timeline => store.cell.saw \cap Gone = {}

(* A is a position on the timeline of the store's epoch. *)
Vouched ==
  Counts =>
    LET l == IF store.meta.epoch = 1 /\ timeline = 2 /\ Protected("new epoch") THEN old ELSE log
    IN UpTo(l, store.meta.a) \ Gone \subseteq store.cell.saw

ReadsOwnWrites ==
  caller.is = "answered" /\ caller.of \notin Gone => caller.of \in caller.saw
================================================================================
