------------------------------ MODULE Partitions -------------------------------
(***************************************************************************)
(* One changes topic, derived into invalidations of several partitions,    *)
(* each delivered by itself into a meta record of its own, and consumed by *)
(* near caches (docs/coherence.md, docs/decisions/0001). One cache key for *)
(* each partition. The race between fill and invalidation is Coherence.tla *)
(* 's business: here a fill is one atomic step on the primary.             *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets, TLC

CONSTANTS
  Transactions,
  Partitions,    \* of the invalidations; each is also the key that lives there
  Touches,       \* set of <<transaction, partition>>
  Restarts,      \* how often the derivation may be killed
  Moves,         \* how often a partition may be given to another delivery
  HasNearCache,
  Without

Protections == {
  "order in partition",    \* what was sent to a partition first arrives first
  "flush before commit",   \* the derivation's offset moves when all that it sent is acknowledged
  "watermark everywhere",  \* a watermark goes through the partition whose A it moves
  "resume from store",     \* a delivery goes on where the store says, not where the group says
  "A of the key",          \* a reader reads the meta record of the key's own partition
  "near position of the key"  \* a near cache compares A with its position in that partition
}
ASSUME Without \subseteq Protections
Protected(name) == name \notin Without
AllTouches == {<<t, p>> : t \in Transactions, p \in Partitions}
ASSUME Touches \subseteq AllTouches

VARIABLES
  changes,    \* hearth.changes: transactions, and watermarks as 0
  derived,    \* how far the derivation is
  committed,  \* the offset from which it would go on
  sent,       \* for each partition: sent, not yet acknowledged
  topic,      \* for each partition: hearth.invalidations
  meta,       \* for each partition: a and offset
  cell,       \* for each partition's key: what its entry saw, or Absent
  next,       \* for each partition: how far its delivery is
  group,      \* for each partition: the offset that the consumer group holds
  near,       \* for each partition: next, position, flight, held
  answer,     \* the latest guarded read
  left        \* how often may still happen what may not happen for ever
vars == <<changes, derived, committed, sent, topic, meta, cell, next, group, near, answer, left>>

Max(a, b) == IF a >= b THEN a ELSE b
(* An entry that is not there has seen everything. *)
Absent == Transactions \cup {"absent"}
NoHit == [a |-> 0, saw |-> Absent, key |-> "none"]
(* A transaction is published as soon as it is visible; its LSN is its place among the changes. *)
Visible == {t \in Transactions : \E n \in 1..Len(changes) : changes[n] = t}
Lsn(t) == CHOOSE n \in 1..Len(changes) : changes[n] = t
Owed(p, a) == {t \in Visible : Lsn(t) <= a /\ <<t, p>> \in Touches}
Invalidation(lsn) == [is |-> "invalidation", lsn |-> lsn]
Watermark(lsn) == [is |-> "watermark", lsn |-> lsn]

Init ==
  /\ changes = <<>> /\ derived = 0 /\ committed = 0
  /\ sent = [p \in Partitions |-> <<>>]
  /\ topic = [p \in Partitions |-> <<>>]
  /\ meta = [p \in Partitions |-> [a |-> 0, offset |-> 0]]
  /\ cell = [p \in Partitions |-> Absent]
  /\ next = [p \in Partitions |-> 0]
  /\ group = [p \in Partitions |-> 0]
  /\ near = [p \in Partitions |-> [next |-> 0, position |-> 0, flight |-> NoHit, held |-> Absent]]
  /\ answer = NoHit
  /\ left = [restarts |-> Restarts, moves |-> Moves]

--------------------------------------------------------------------------------
Change(t) ==
  /\ t \notin Visible
  /\ changes' = Append(changes, t)
  /\ UNCHANGED <<derived, committed, sent, topic, meta, cell, next, group, near, answer, left>>

(* Everything before it is published. *)
Mark ==
  /\ Len(changes) > 0
  /\ changes[Len(changes)] # 0
  /\ changes' = Append(changes, 0)
  /\ UNCHANGED <<derived, committed, sent, topic, meta, cell, next, group, near, answer, left>>

--------------------------------------------------------------------------------
(* The derivation: to the partitions of the keys; a watermark to every partition. *)
Derive ==
  /\ derived < Len(changes)
  /\ LET n == derived + 1
     IN sent' = [p \in Partitions |->
          IF changes[n] = 0
          THEN IF Protected("watermark everywhere") THEN Append(sent[p], Watermark(n))
               ELSE sent[p]
          ELSE IF <<changes[n], p>> \in Touches THEN Append(sent[p], Invalidation(n)) ELSE sent[p]]
  /\ derived' = derived + 1
  /\ UNCHANGED <<changes, committed, topic, meta, cell, next, group, near, answer, left>>

Without1(s, n) == SubSeq(s, 1, n - 1) \o SubSeq(s, n + 1, Len(s))

(* The broker takes what was sent, partition by partition. *)
Acknowledge(p) ==
  /\ \E n \in 1..Len(sent[p]) :
       /\ Protected("order in partition") => n = 1
       /\ topic' = [topic EXCEPT ![p] = Append(@, sent[p][n])]
       /\ sent' = [sent EXCEPT ![p] = Without1(@, n)]
  /\ UNCHANGED <<changes, derived, committed, meta, cell, next, group, near, answer, left>>

CommitDerived ==
  /\ committed < derived
  /\ Protected("flush before commit") => \A p \in Partitions : sent[p] = <<>>
  /\ committed' = derived
  /\ UNCHANGED <<changes, derived, sent, topic, meta, cell, next, group, near, answer, left>>

(* What was sent is lost or not, and all since the commit comes again. *)
RestartDerivation ==
  /\ left.restarts > 0
  /\ left' = [left EXCEPT !.restarts = @ - 1]
  /\ derived' = committed
  /\ sent' = [p \in Partitions |-> <<>>]
  /\ UNCHANGED <<changes, committed, topic, meta, cell, next, group, near, answer>>

--------------------------------------------------------------------------------
(* The deliveries. *)
Deliver(p) ==
  /\ next[p] < Len(topic[p])
  /\ LET r == topic[p][next[p] + 1]
     IN IF r.is = "invalidation"
        THEN /\ cell' = [cell EXCEPT ![p] = Absent]
             /\ UNCHANGED meta
        ELSE /\ meta' = [meta EXCEPT ![p] = [a |-> Max(@.a, r.lsn), offset |-> next[p] + 1]]
             /\ UNCHANGED cell
  /\ next' = [next EXCEPT ![p] = @ + 1]
  /\ UNCHANGED <<changes, derived, committed, sent, topic, group, near, answer, left>>

(* The broken variant: the watermark of the changes moves A of every partition at once. *)
DeliverPastThePartition(p) ==
  /\ ~Protected("watermark everywhere")
  /\ \E n \in 1..Len(changes) :
       /\ changes[n] = 0 /\ n <= derived /\ n > meta[p].a
       /\ meta' = [meta EXCEPT ![p].a = n]
  /\ UNCHANGED <<changes, derived, committed, sent, topic, cell, next, group, near, answer, left>>

(* Offsets of the group are committed now and then, for those who watch the lag: nobody reads *)
(* them. The variant does, and they stand for what was polled, applied or not.                *)
CommitGroup(p) ==
  /\ ~Protected("resume from store")
  /\ \E n \in next[p]..Len(topic[p]) : group' = [group EXCEPT ![p] = n]
  /\ UNCHANGED <<changes, derived, committed, sent, topic, meta, cell, next, near, answer, left>>

(* A rebalance or a restart. *)
MoveDelivery(p) ==
  /\ left.moves > 0
  /\ left' = [left EXCEPT !.moves = @ - 1]
  /\ next' = [next EXCEPT ![p] = IF Protected("resume from store") THEN meta[p].offset
                                 ELSE group[p]]
  /\ UNCHANGED <<changes, derived, committed, sent, topic, meta, cell, group, near, answer>>

--------------------------------------------------------------------------------
FillAtOnce(p) ==
  /\ cell[p] = Absent
  /\ cell' = [cell EXCEPT ![p] = Visible]
  /\ UNCHANGED <<changes, derived, committed, sent, topic, meta, next, group, near, answer, left>>

(* One command reads both, so Vouched says all about a guarded read; this is the variant. *)
Read(p) ==
  /\ ~Protected("A of the key")
  /\ cell[p] # Absent
  /\ \E q \in Partitions :
       answer' = [a |-> meta[q].a, saw |-> cell[p], key |-> p]
  /\ UNCHANGED <<changes, derived, committed, sent, topic, meta, cell, next, group, near, left>>

NearConsume(p) ==
  /\ HasNearCache
  /\ near[p].next < Len(topic[p])
  /\ LET r == topic[p][near[p].next + 1]
     IN near' = [near EXCEPT ![p].next = @ + 1,
                   ![p].position = IF r.is = "invalidation" THEN Max(@, r.lsn) ELSE @,
                   ![p].held = IF r.is = "invalidation" THEN Absent ELSE @]
  /\ UNCHANGED <<changes, derived, committed, sent, topic, meta, cell, next, group, answer, left>>

NearTake(p) ==
  /\ HasNearCache
  /\ cell[p] # Absent
  /\ near' = [near EXCEPT ![p].flight = [a |-> meta[p].a, saw |-> cell[p], key |-> p]]
  /\ UNCHANGED <<changes, derived, committed, sent, topic, meta, cell, next, group, answer, left>>

NearKeep(p) ==
  /\ near[p].flight # NoHit
  /\ \E q \in IF Protected("near position of the key") THEN {p} ELSE Partitions :
       near[p].flight.a >= near[q].position
  /\ near' = [near EXCEPT ![p].flight = NoHit, ![p].held = near[p].flight.saw]
  /\ UNCHANGED <<changes, derived, committed, sent, topic, meta, cell, next, group, answer, left>>

--------------------------------------------------------------------------------
Next ==
  \/ \E t \in Transactions : Change(t)
  \/ Mark \/ Derive \/ CommitDerived \/ RestartDerivation
  \/ \E p \in Partitions :
       \/ Acknowledge(p) \/ Deliver(p) \/ DeliverPastThePartition(p) \/ CommitGroup(p)
       \/ MoveDelivery(p) \/ FillAtOnce(p) \/ Read(p)
       \/ NearConsume(p) \/ NearTake(p) \/ NearKeep(p)

Spec == Init /\ [][Next]_vars

--------------------------------------------------------------------------------
(* For each partition by itself: what A covers is in the entry. *)
Vouched == \A p \in Partitions : Owed(p, meta[p].a) \subseteq cell[p]

AnswerVouched == answer.key # "none" => Owed(answer.key, answer.a) \subseteq answer.saw

(* What a near cache holds has missed nothing that it was told of in that key's partition. *)
NearVouched ==
  \A p \in Partitions :
    \A n \in 1..near[p].next :
      topic[p][n].is = "invalidation" => changes[topic[p][n].lsn] \in near[p].held
================================================================================
