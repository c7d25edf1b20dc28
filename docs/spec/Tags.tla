--------------------------------- MODULE Tags ----------------------------------
(***************************************************************************)
(* An entry that depends on a tag (docs/tags.md). Key and tag stand in two *)
(* partitions of the invalidations, so in two places of the store that are *)
(* read, and go back, each by itself. Every transaction touches the tag,   *)
(* none the key. What happens inside a round of a delivery, and to the     *)
(* lease of the key, is Coherence.tla's business: here a round is one step. *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets, TLC

CONSTANTS
  Transactions,
  Fillers,
  Creations,    \* how many tokens may be drawn
  Failovers,    \* 0 or 1: the tag's place goes back to an earlier state
  HasStandby,
  HasReader,
  Without

Protections == {
  "gate",                      \* a change is published when the primary shows it
  "tokens before load",        \* a filler reads the tag's token before it loads
  "another token each time",   \* a tag that is created again has a token that never was
  "tag by lease and fill",     \* so that no creation is carried out twice
  "B of the tag",              \* a standby must have replayed B of the tag's partition too
  "stamp of the tag",          \* a stamp is no newer than A of the tag's partition
  "A of the tag",              \* a hit is no fresher than A of the tag's partition
  "tags of this read"          \* a reader compares with tokens that it reads, not with earlier ones
}
ASSUME Without \subseteq Protections
Protected(name) == name \notin Without

VARIABLES
  log,      \* commit records, in order
  visible,  \* on the primary
  topic,    \* of the tag's partition: invalidations with their c, and watermarks
  tag,      \* the tag's place: cell, a, b, offset, and what was applied there
  saved,    \* an earlier state of it
  entry,    \* under the key
  keyA,     \* A of the key's partition
  fillers,
  reader,
  drawn     \* tokens drawn so far
vars == <<log, visible, topic, tag, saved, entry, keyA, fillers, reader, drawn>>

Min(a, b) == IF a <= b THEN a ELSE b
Max(a, b) == IF a >= b THEN a ELSE b
Nothing == [is |-> "nothing", id |-> 0]
Marker(id) == [is |-> "marker", id |-> id]
Token(id) == [is |-> "token", id |-> id]
NoEntry == [is |-> "nothing", by |-> "", id |-> 0, saw |-> {}, stamp |-> 0]
Idle == [pc |-> "idle", id |-> 0, a |-> 0, b |-> 0, saw |-> {}]
NotReading == [tag |-> 0, a |-> 0, entry |-> NoEntry, keyA |-> 0, since |-> {}, read |-> {}]

Prefix(n) == {log[i] : i \in 1..n}
Published == {topic[i].t : i \in {j \in 1..Len(topic) : topic[j].is = "invalidation"}}
Watermark ==
  CHOOSE n \in 0..Len(log) :
    /\ Prefix(n) \subseteq Published
    /\ n < Len(log) => log[n + 1] \notin Published

Init ==
  /\ log = <<>> /\ visible = {} /\ topic = <<>>
  /\ tag = [cell |-> Nothing, a |-> 0, b |-> 0, offset |-> 0, applied |-> {}]
  /\ saved = <<>>
  /\ entry = NoEntry /\ keyA = 0
  /\ fillers = [f \in Fillers |-> Idle]
  /\ reader = NotReading /\ drawn = 0

--------------------------------------------------------------------------------
(* The database, and what is published of it. *)
Commit(t) ==
  /\ \A i \in 1..Len(log) : log[i] # t
  /\ log' = Append(log, t)
  /\ UNCHANGED <<visible, topic, tag, saved, entry, keyA, fillers, reader, drawn>>

BecomeVisible(t) ==
  /\ t \in Prefix(Len(log)) \ visible
  /\ visible' = visible \cup {t}
  /\ UNCHANGED <<log, topic, tag, saved, entry, keyA, fillers, reader, drawn>>

Publish(t) ==
  /\ t \in Prefix(Len(log)) \ Published
  /\ Protected("gate") => t \in visible
  /\ topic' = Append(topic, [is |-> "invalidation", t |-> t, lsn |-> Len(log)])
  /\ UNCHANGED <<log, visible, tag, saved, entry, keyA, fillers, reader, drawn>>

PublishWatermark ==
  /\ \A i \in 1..Len(topic) : topic[i].is = "watermark" => topic[i].lsn < Watermark
  /\ Watermark > 0
  /\ topic' = Append(topic, [is |-> "watermark", t |-> "none", lsn |-> Watermark])
  /\ UNCHANGED <<log, visible, tag, saved, entry, keyA, fillers, reader, drawn>>

--------------------------------------------------------------------------------
(* The deliveries. That of the tag's place goes on where the place says. *)
DeliverToTag ==
  /\ tag.offset < Len(topic)
  /\ LET r == topic[tag.offset + 1]
     IN tag' = IF r.is = "invalidation"
               THEN [tag EXCEPT !.cell = Nothing, !.b = Max(@, r.lsn), !.offset = @ + 1,
                       !.applied = @ \cup {r.t}]
               ELSE [tag EXCEPT !.a = Max(@, r.lsn), !.offset = @ + 1]
  /\ UNCHANGED <<log, visible, topic, saved, entry, keyA, fillers, reader, drawn>>

DeliverToKey ==
  /\ keyA < Watermark
  /\ keyA' = Watermark
  /\ UNCHANGED <<log, visible, topic, tag, saved, entry, fillers, reader, drawn>>

Save ==
  /\ Failovers > 0 /\ saved = <<>>
  /\ saved' = <<tag>>
  /\ UNCHANGED <<log, visible, topic, tag, entry, keyA, fillers, reader, drawn>>

Failover ==
  /\ Len(saved) = 1
  /\ tag' = saved[1]
  /\ saved' = <<tag, tag>>  \* once
  /\ reader' = [reader EXCEPT !.since = @ \cap saved[1].applied]
  /\ UNCHANGED <<log, visible, topic, entry, keyA, fillers, drawn>>

(* Evicted, or at the end of its time. *)
LoseTag ==
  /\ tag.cell # Nothing
  /\ tag' = [tag EXCEPT !.cell = Nothing]
  /\ UNCHANGED <<log, visible, topic, saved, entry, keyA, fillers, reader, drawn>>

--------------------------------------------------------------------------------
(* Fillers. *)
Readable(e) == e.is = "entry" /\ tag.cell = Token(e.id)

LeaseTag(f) ==
  /\ fillers[f].pc = "idle" /\ tag.cell = Nothing /\ drawn < Creations
  /\ drawn' = drawn + 1
  /\ tag' = [tag EXCEPT !.cell = Marker(drawn + 1)]
  /\ fillers' = [fillers EXCEPT ![f] = [Idle EXCEPT !.pc = "creating", !.id = drawn + 1]]
  /\ UNCHANGED <<log, visible, topic, saved, entry, keyA, reader>>

FillTag(f) ==
  /\ fillers[f].pc = "creating"
  /\ tag' = IF tag.cell = Marker(fillers[f].id)
            THEN [tag EXCEPT !.cell =
                    Token(IF Protected("another token each time") THEN fillers[f].id ELSE 1)]
            ELSE tag
  /\ fillers' = [fillers EXCEPT ![f] = Idle]
  /\ UNCHANGED <<log, visible, topic, saved, entry, keyA, reader, drawn>>

(* The broken variant: a SET of a token that was drawn before is carried out again. *)
CreateAgain ==
  /\ ~Protected("tag by lease and fill")
  /\ tag.cell = Nothing
  /\ \E id \in 1..drawn : tag' = [tag EXCEPT !.cell = Token(id)]
  /\ UNCHANGED <<log, visible, topic, saved, entry, keyA, fillers, reader, drawn>>

ReadToken(f) ==
  /\ fillers[f].pc = IF Protected("tokens before load") THEN "idle" ELSE "read"
  /\ tag.cell.is = "token"
  /\ fillers' = [fillers EXCEPT ![f].pc = IF Protected("tokens before load") THEN "told" ELSE "loaded",
                   ![f].id = tag.cell.id, ![f].a = tag.a, ![f].b = tag.b]
  /\ UNCHANGED <<log, visible, topic, tag, saved, entry, keyA, reader, drawn>>

LeaseKey(f) ==
  /\ fillers[f].pc = IF Protected("tokens before load") THEN "told" ELSE "idle"
  /\ entry.is # "marker"
  /\ entry' = [NoEntry EXCEPT !.is = "marker", !.by = f]
  /\ fillers' = [fillers EXCEPT ![f].pc = "leased",
                   ![f].a = IF Protected("stamp of the tag") THEN Min(@, keyA) ELSE keyA]
  /\ UNCHANGED <<log, visible, topic, tag, saved, keyA, reader, drawn>>

Loaded(f, saw) ==
  /\ fillers[f].pc = "leased"
  /\ fillers' = [fillers EXCEPT ![f].saw = saw,
                   ![f].pc = IF Protected("tokens before load") THEN "loaded" ELSE "read"]
  /\ UNCHANGED <<log, visible, topic, tag, saved, entry, keyA, reader, drawn>>

LoadPrimary(f) == Loaded(f, visible)

LoadStandby(f) ==
  /\ HasStandby
  /\ \E n \in (IF Protected("B of the tag") THEN fillers[f].b ELSE 0)..Len(log) :
       Loaded(f, Prefix(n))

Fill(f) ==
  /\ fillers[f].pc = "loaded"
  /\ entry' = IF entry.is = "marker" /\ entry.by = f
              THEN [is |-> "entry", by |-> "", id |-> fillers[f].id, saw |-> fillers[f].saw,
                    stamp |-> fillers[f].a]
              ELSE entry
  /\ fillers' = [fillers EXCEPT ![f] = Idle]
  /\ UNCHANGED <<log, visible, topic, tag, saved, keyA, reader, drawn>>

--------------------------------------------------------------------------------
(* A reader of both places, in any order, at two moments. *)
BeginRead ==
  /\ HasReader
  /\ reader' = [NotReading EXCEPT !.since = tag.applied,
                  !.tag = IF Protected("tags of this read") THEN 0 ELSE reader.tag,
                  !.a = IF Protected("tags of this read") THEN 0 ELSE reader.a,
                  !.read = IF Protected("tags of this read") THEN {} ELSE reader.read \ {"entry"}]
  /\ reader' # reader
  /\ UNCHANGED <<log, visible, topic, tag, saved, entry, keyA, fillers, drawn>>

ReadTag ==
  /\ HasReader /\ "tag" \notin reader.read /\ tag.cell.is = "token"
  /\ reader' = [reader EXCEPT !.tag = tag.cell.id, !.a = tag.a, !.read = @ \cup {"tag"}]
  /\ UNCHANGED <<log, visible, topic, tag, saved, entry, keyA, fillers, drawn>>

ReadEntry ==
  /\ HasReader /\ "entry" \notin reader.read /\ entry.is = "entry"
  /\ reader' = [reader EXCEPT !.entry = entry, !.keyA = keyA, !.read = @ \cup {"entry"}]
  /\ UNCHANGED <<log, visible, topic, tag, saved, entry, keyA, fillers, drawn>>

--------------------------------------------------------------------------------
Next ==
  \/ \E t \in Transactions : Commit(t) \/ BecomeVisible(t) \/ Publish(t)
  \/ PublishWatermark \/ DeliverToTag \/ DeliverToKey \/ Save \/ Failover \/ LoseTag
  \/ CreateAgain
  \/ \E f \in Fillers :
       \/ LeaseTag(f) \/ FillTag(f) \/ ReadToken(f) \/ LeaseKey(f)
       \/ LoadPrimary(f) \/ LoadStandby(f) \/ Fill(f)
  \/ BeginRead \/ ReadTag \/ ReadEntry

Spec == Init /\ [][Next]_vars
Symmetry == Permutations(Transactions)

--------------------------------------------------------------------------------
(* No entry that can be read has missed a change that is applied where its tag stands. *)
NoStaleSurvives == Readable(entry) => tag.applied \subseteq entry.saw

StampVouched == entry.is = "entry" => Prefix(entry.stamp) \subseteq entry.saw

Answered == reader.read = {"tag", "entry"} /\ reader.entry.id = reader.tag

(* An answer has what was applied before the read began, unless the store lost it meanwhile. *)
AnswerCurrent == Answered => reader.since \subseteq reader.entry.saw

AnswerVouched ==
  Answered =>
    Prefix(IF Protected("A of the tag") THEN Min(reader.a, reader.keyA) ELSE reader.keyA)
      \subseteq reader.entry.saw
================================================================================
