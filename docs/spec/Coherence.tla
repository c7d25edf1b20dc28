------------------------------- MODULE Coherence -------------------------------
(***************************************************************************)
(* The coherence protocol of Hearth (docs/coherence.md), for one cache key *)
(* that several rows feed: one database with a physical standby, one log   *)
(* of invalidations, one store, its deliveries, its fillers, one near      *)
(* cache. README.md beside this file says how to run it and what each      *)
(* configuration shows.                                                    *)
(*                                                                         *)
(* The value of the key is the set of transactions that its snapshot saw:  *)
(* that is all that "stale" can be about. An LSN is an index into the log  *)
(* of commit records. The whole store is one record, so that "an earlier   *)
(* prefix of the store's history" is simply an earlier value of it.        *)
(*                                                                         *)
(* Incarnation stands for what an entry carries and what must equal what   *)
(* meta carries: the random incarnation of the meta key, and the epoch.    *)
(* Generations are apart from it, since a record on the topic numbers them *)
(* and raises them without touching a key. What a new epoch is for when    *)
(* the source itself fails over is SourceFailover.tla; what many           *)
(* partitions are about is Partitions.tla.                                 *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets, TLC

CONSTANTS
  Transactions,  \* each touches a row of its own; every one of these rows feeds the key
  Undecoded,     \* those committed before the slot was born: in the log, never on the topic
  Voiding,       \* those that name no key but void the cache: a new generation (TRUNCATE, fan-out)
  Fillers,       \* readers that may miss; each in at most one fill at a time
  Deliveries,    \* more than one: the others are zombies
  Incarnations,  \* random values that meta keys and entries carry
  Heartbeats,    \* how many log records touch nothing
  Failovers,     \* how often the store may go back to an earlier prefix of its history
  MetaLosses,    \* how often the meta key may vanish (flush, eviction)
  HasStandby,    \* whether fills may read a physical standby
  HasNearCache,  \* whether an in-process cache takes values from the store
  HasNearLoads,  \* whether it keeps what its own process loads, too
  NearRestarts,  \* how often it may begin again at the end of the topic
  HasBound,      \* whether watermarks carry a gate time, for readers with a bound on staleness
  HasCaller,     \* whether a writer reads its own write, with a token
  Without        \* the protections that are switched off; {} is the protocol

Protections == {
  "gate",                       \* publish only what is visible on the primary
  "c from the gate",            \* c is the flush LSN at the gate, not the change's own LSN
  "lease",                      \* a fill is a compare-and-set of the marker
  "lease before B",             \* B is read after the lease is granted
  "incarnation with B",         \* ... together with the incarnation that the entry will carry
  "stamp from A",               \* what vouches is rounded down: a stamp is A at the lease, not B
  "standby check",              \* a standby is read only when replayed >= B
  "standby check against B",    \* ... against B, not A
  "standby check before read",  \* ... by an earlier statement than the read
  "B before effect",            \* B is raised before the key is deleted
  "always delete",              \* an invalidation is never skipped because it looks old (c <= B)
  "A after effect",             \* A is advanced after the key is deleted
  "A in store",                 \* A goes back when the store goes back
  "compare-and-set",            \* A is advanced only from what this writer last wrote or read
  "one session",                \* effects and the advance that covers them: one store session
  "fresh incarnation",          \* a meta key made again carries an incarnation never seen before
  "B in new meta",              \* ... and a B that covers everything published up to its position
  "A with value",               \* a reader reads A and the value in one command
  "near position",              \* a near cache keeps a value only if A >= its own position
  "near position from c",       \* ... which is the highest c it has consumed, not the highest W
  "near load from A",           \* what vouches for a load is A at its lease, not B
  "near standby check",         \* ... and a standby is read only when replayed >= B
  "near start",                 \* begun in the middle, it keeps no hit before a watermark's ceiling
  "generation of the lease",    \* an entry carries the generation of its lease, not of its fill
  "B with generation",          \* what voids a cache raises B as what names a key does
  "gate time",                  \* t is claimed only when all that was visible at t is published
  "token compared",             \* a hit counts for a token only if A or its stamp is at or above it
  "token after commit",         \* a token is the LSN after COMMIT was answered, not before
  "own flight",                 \* a caller with a token joins no flight begun before its call
  "flight reaches token",       \* ... and none whose standby has not replayed the token
  "settling"                    \* second epoch after a slot's birth waits until xmin >= x
}
ASSUME /\ Without \subseteq Protections
       /\ Undecoded \subseteq Transactions
       /\ Voiding \subseteq Transactions \ Undecoded
Protected(name) == name \notin Without

VARIABLES
  log,       \* the database log: sequence of commit records (transactions and heartbeats)
  visible,   \* transactions that a new snapshot on the primary sees
  replayed,  \* LSN up to which the standby has replayed
  topic,     \* hearth.invalidations (one partition, with the watermarks and epoch records on it)
  store,     \* [cell, meta]: what is under the key, and the meta key
  earlier,   \* <<>>, or <<s>>: s is a prefix of the store's history that a failover can leave
  filler,    \* what each filler knows
  delivery,  \* what each delivery knows
  reader,    \* half a guarded read, for the variants that read A and value apart
  near,      \* the near cache
  caller,    \* a writer that reads its own write
  left       \* how many failovers and losses may still come
database == <<log, visible, replayed>>
vars == <<log, visible, replayed, topic, store, earlier, filler, delivery, reader, near, caller, left>>

Max(a, b) == IF a >= b THEN a ELSE b
Highest(S) == CHOOSE n \in S \cup {0} : \A m \in S : m <= n

(* The log: what is committed, and what a snapshot at an LSN of the standby sees. *)
Committed == {t \in Transactions : \E n \in 1..Len(log) : log[n] = t}
CommitLsn(t) == CHOOSE n \in 1..Len(log) : log[n] = t
CommittedUpTo(lsn) == {t \in Committed : CommitLsn(t) <= lsn}

(* The topic up to an offset. An epoch record voids everything at once, so it counts as the *)
(* invalidation of what the slot could not decode.                                           *)
Records(upTo, kind) == {topic[n] : n \in {m \in 1..upTo : topic[m].is = kind}}
Settled(upTo) == Undecoded = {} \/ Records(upTo, "epoch") # {}
Changes(upTo) == Records(upTo, "invalidation") \cup Records(upTo, "generation")
Published(upTo) == {r.of : r \in Changes(upTo)} \cup (IF Settled(upTo) THEN Undecoded ELSE {})
HighestC(upTo) == Highest({r.c : r \in Changes(upTo) \cup Records(upTo, "epoch")})
LatestW(upTo) == Highest({r.w : r \in Records(upTo, "watermark")})
LatestFresh(upTo) == UNION {r.fresh : r \in Records(upTo, "watermark")}
Generation(upTo) == Cardinality(Records(upTo, "generation"))
(* W: everything (that the slot decodes) with a commit record at or before it is published. *)
W == Highest({n \in 0..Len(log) : CommittedUpTo(n) \subseteq Published(Len(topic)) \cup Undecoded})
(* The gate time stands here as what could be seen at it. Nothing is said of what was committed *)
(* and not visible: a commit that is stuck does not stop it, though it stops W.                 *)
GateTime == IF Protected("gate time") THEN visible \cap (Published(Len(topic)) \cup Undecoded)
            ELSE visible

(* The store. The marker of a lease is a value of the key itself. *)
Nothing == [is |-> "nothing"]
Marker(f) == [is |-> "marker", token |-> f]
Entry(saw, stamp, i, g) ==
  [is |-> "entry", saw |-> saw, stamp |-> stamp, incarnation |-> i, generation |-> g]
(* applied is a ghost: the transactions whose invalidation was applied in this prefix of the   *)
(* store's history, under this incarnation. It goes back, and is lost, together with the rest. *)
Meta(i, g, a, b, offset, fresh, applied) ==
  [incarnation |-> i, generation |-> g, a |-> a, b |-> b, offset |-> offset, fresh |-> fresh,
   applied |-> applied]
NoMeta == Meta("none", 0, 0, 0, 0, {}, {})
HasMeta == store.meta.incarnation # "none"
Counts == /\ store.cell.is = "entry"
          /\ store.cell.incarnation = store.meta.incarnation
          /\ store.cell.generation = store.meta.generation
(* What get answers with a hit. *)
Readable == HasMeta /\ Counts

Idle == [is |-> "idle"]
Unattached == [phase |-> "torn", next |-> 0, incarnation |-> "none", a |-> 0, offset |-> 0]
AttachedTo(m) == [phase |-> "ready", next |-> m.offset, incarnation |-> m.incarnation,
                  a |-> m.a, offset |-> m.offset]

Init ==
  /\ log \in {s \in [1..Cardinality(Undecoded) -> Undecoded] :
                \A t \in Undecoded : \E n \in DOMAIN s : s[n] = t}
  /\ visible = {}
  /\ replayed = 0
  /\ topic = <<>>
  /\ \E i \in Incarnations : store = [cell |-> Nothing, meta |-> Meta(i, 0, 0, 0, 0, {}, {})]
  /\ earlier = <<>>
  /\ filler = [f \in Fillers |-> Idle]
  /\ delivery = [d \in Deliveries |-> AttachedTo(store.meta)]
  /\ reader = Idle
  /\ near = [next |-> 0, position |-> 0, known |-> TRUE, flight |-> Idle, held |-> Idle]
  /\ caller = Idle
  /\ left = [failovers |-> Failovers, metaLosses |-> MetaLosses, nearRestarts |-> NearRestarts]

--------------------------------------------------------------------------------
(* The database: PostgreSQL. *)

(* The commit record is flushed: from here on the log reader may decode it. *)
Commit(t) ==
  /\ t \notin Committed
  /\ log' = Append(log, t)
  /\ UNCHANGED <<visible, replayed, topic, store, earlier, filler, delivery, reader, near, caller, left>>

(* dev.hearth.ingest.position: pg_logical_emit_message moves the log when nothing changes. *)
Heartbeat ==
  /\ Cardinality({n \in 1..Len(log) : log[n] = "heartbeat"}) < Heartbeats
  /\ log' = Append(log, "heartbeat")
  /\ UNCHANGED <<visible, replayed, topic, store, earlier, filler, delivery, reader, near, caller, left>>

(* The session has waited for its synchronous standbys and leaves the list of running *)
(* transactions: later than the flush by any time, and in any order.                   *)
BecomeVisible(t) ==
  /\ t \in Committed \ visible
  /\ visible' = visible \cup {t}
  /\ UNCHANGED <<log, replayed, topic, store, earlier, filler, delivery, reader, near, caller, left>>

(* The standby replays one record; on it, replayed is visible. It may run ahead of the primary. *)
Replay ==
  /\ HasStandby
  /\ replayed < Len(log)
  /\ replayed' = replayed + 1
  /\ UNCHANGED <<log, visible, topic, store, earlier, filler, delivery, reader, near, caller, left>>

--------------------------------------------------------------------------------
(* The ingest: dev.hearth.ingest.position (gate, watermark), .publish; the invalidator's *)
(* derivation is left out, a change is its invalidation.                                 *)

(* dev.hearth.ingest.position, the gate: held until the snapshot sees it, transaction by *)
(* transaction; c is the flush LSN of the same query.                                    *)
Publish(t) ==
  /\ t \in Committed \ (Published(Len(topic)) \cup Undecoded)
  /\ Protected("gate") => t \in visible
  /\ topic' = Append(topic, [is |-> IF t \in Voiding THEN "generation" ELSE "invalidation", of |-> t,
                c |-> IF Protected("c from the gate") THEN Len(log) ELSE CommitLsn(t) - 1])
  /\ UNCHANGED <<database, store, earlier, filler, delivery, reader, near, caller, left>>

(* dev.hearth.ingest.position, the watermark. *)
PublishWatermark ==
  /\ \/ W > LatestW(Len(topic))
     \/ HasBound /\ ~ (GateTime \subseteq LatestFresh(Len(topic)))
     \/ HasNearCache /\ ~near.known /\ near.next = Len(topic)
  /\ topic' = Append(topic, [is |-> "watermark", w |-> W,
                ceiling |-> IF NearRestarts > 0 THEN Len(log) ELSE 0,
                fresh |-> IF HasBound THEN GateTime ELSE {}])
  /\ UNCHANGED <<database, store, earlier, filler, delivery, reader, near, caller, left>>

(* dev.hearth.ingest.position, birth of a slot: Init is the first epoch; this is the second, *)
(* raised when pg_snapshot_xmin >= x, so when all that the slot missed is visible.            *)
PublishEpoch ==
  /\ ~Settled(Len(topic))
  /\ Protected("settling") => Undecoded \subseteq visible
  /\ topic' = Append(topic, [is |-> "epoch", c |-> Len(log)])
  /\ UNCHANGED <<database, store, earlier, filler, delivery, reader, near, caller, left>>

--------------------------------------------------------------------------------
(* Fills: dev.hearth.store (get, fill), its redis and hazelcast rooms; the callers are     *)
(* dev.hearth.client and dev.hearth.warmer.load.                                           *)

(* Tokens are random and never come again: here one is used again only when nothing of the *)
(* store's history carries it.                                                             *)
UnusedToken(f) ==
  /\ store.cell # Marker(f)
  /\ earlier # <<>> => earlier[1].cell # Marker(f)

(* dev.hearth.store get, outcome Lease: no entry that counts, no marker (else Busy), and a meta *)
(* key: the marker is put.                                                                      *)
GrantLease(f) ==
  /\ filler[f].is = (IF Protected("lease before B") THEN "idle" ELSE "knows B")
  /\ HasMeta
  /\ UnusedToken(f)
  /\ store.cell.is = "nothing" \/ (store.cell.is = "entry" /\ ~Counts)
  /\ store' = [store EXCEPT !.cell = Marker(f)]
  /\ filler' = [filler EXCEPT ![f] =
       IF Protected("lease before B")
       THEN [is |-> "leased", incarnation |-> store.meta.incarnation,
             generation |-> store.meta.generation]
       ELSE [filler[f] EXCEPT !.is = "bounded"]]
  /\ UNCHANGED <<database, topic, earlier, delivery, reader, near, caller, left>>

(* dev.hearth.store get: what the lease carries, from one read of meta after the marker was put  *)
(* (in Redis one script does both): the incarnation, A as the later stamp, and B. An incarnation *)
(* read earlier is unsound: a failover may bring that one back, with the marker and a higher B.  *)
ReadB(f) ==
  /\ HasMeta
  /\ filler[f].is = (IF Protected("lease before B") THEN "leased" ELSE "idle")
  /\ filler' = [filler EXCEPT ![f] =
       [is |-> IF Protected("lease before B") THEN "bounded" ELSE "knows B",
        incarnation |-> IF Protected("incarnation with B") THEN store.meta.incarnation
                        ELSE filler[f].incarnation,
        generation |-> IF Protected("incarnation with B") THEN store.meta.generation
                       ELSE filler[f].generation,
        stamp |-> IF Protected("stamp from A") THEN store.meta.a ELSE store.meta.b,
        b |-> IF Protected("standby check against B") THEN store.meta.b ELSE store.meta.a]]
  /\ UNCHANGED <<database, topic, store, earlier, delivery, reader, near, caller, left>>

(* reach: up to which LSN the server that was read had come; callers with a token ask for it. *)
Holding(f, saw, reach) ==
  [is |-> "holding", incarnation |-> filler[f].incarnation, generation |-> filler[f].generation,
   stamp |-> filler[f].stamp, saw |-> saw, reach |-> IF HasCaller THEN reach ELSE 0]

(* dev.hearth.client, dev.hearth.warmer.load: the application's own SQL, after the lease. *)
ReadPrimary(f) ==
  /\ filler[f].is = "bounded"
  /\ filler' = [filler EXCEPT ![f] = Holding(f, visible, Len(log))]
  /\ UNCHANGED <<database, topic, store, earlier, delivery, reader, near, caller, left>>

(* dev.hearth.client, dev.hearth.warmer.load: pg_last_wal_replay_lsn() by an earlier statement. *)
(* When it comes with the read or after it, the snapshot may be older than what it says.        *)
ReadStandby(f) ==
  /\ HasStandby
  /\ filler[f].is = "bounded"
  /\ Protected("standby check") => replayed >= filler[f].b
  /\ \E snapshot \in IF Protected("standby check before read") THEN {replayed} ELSE 0..replayed :
       filler' = [filler EXCEPT ![f] = Holding(f, CommittedUpTo(snapshot), snapshot)]
  /\ UNCHANGED <<database, topic, store, earlier, delivery, reader, near, caller, left>>

(* dev.hearth.store fill: Stored if the marker is still this lease's, else LeaseLost. *)
Fill(f) ==
  /\ filler[f].is = "holding"
  /\ store' = IF store.cell = Marker(f) \/ ~Protected("lease")
              THEN [store EXCEPT !.cell =
                      Entry(filler[f].saw, filler[f].stamp, filler[f].incarnation,
                            IF Protected("generation of the lease") THEN filler[f].generation
                            ELSE store.meta.generation)]
              ELSE store
  /\ filler' = [filler EXCEPT ![f] = Idle]
  /\ UNCHANGED <<database, topic, earlier, delivery, reader, near, caller, left>>

(* The store: a marker's time to live is over, or it is evicted. *)
LoseLease ==
  /\ store.cell.is = "marker"
  /\ store' = [store EXCEPT !.cell = Nothing]
  /\ UNCHANGED <<database, topic, earlier, filler, delivery, reader, near, caller, left>>

(* The store: likewise an entry. *)
EvictEntry ==
  /\ store.cell.is = "entry"
  /\ store' = [store EXCEPT !.cell = Nothing]
  /\ UNCHANGED <<database, topic, earlier, filler, delivery, reader, near, caller, left>>

--------------------------------------------------------------------------------
(* Delivery: dev.hearth.invalidator.delivery, through dev.hearth.store invalidate. A round is *)
(* all that happens from one advance of A to the next. next is the offset consumed; the       *)
(* incarnation, a and offset are what this delivery last wrote to, or read from, meta.        *)

Awaits(d, kind) == delivery[d].next < Len(topic) /\ topic[delivery[d].next + 1].is = kind
NextRecord(d) == topic[delivery[d].next + 1]
InRound(d) == delivery[d].phase = "half" \/ delivery[d].next > delivery[d].offset

(* Begin, or begin again (restart, rebalance, mismatch, lost session), where the store says. *)
Attach(d) ==
  /\ HasMeta
  /\ delivery' = [delivery EXCEPT ![d] = AttachedTo(store.meta)]
  /\ UNCHANGED <<database, topic, store, earlier, filler, reader, near, caller, left>>

(* At least once: records come again, from any earlier offset. (That a zombie deletes the key *)
(* once more is EvictEntry or LoseLease; that it raises B once more only refuses reads.)      *)
Redeliver(d) ==
  /\ delivery[d].phase # "torn"
  /\ \E n \in 0..delivery[d].next :
       delivery' = [delivery EXCEPT ![d].phase = "ready", ![d].next = n]
  /\ UNCHANGED <<database, topic, store, earlier, filler, reader, near, caller, left>>

(* B := max(B, c), acknowledged, then Apply. The code does even this by compare-and-set. *)
RaiseB(d) ==
  /\ Awaits(d, "invalidation")
  /\ HasMeta
  /\ delivery[d].phase = (IF Protected("B before effect") THEN "ready" ELSE "half")
  /\ store' = [store EXCEPT !.meta.b = Max(@, NextRecord(d).c)]
  /\ delivery' = IF Protected("B before effect") /\ (Protected("always delete") \/ store' # store)
                 THEN [delivery EXCEPT ![d].phase = "half"]
                 ELSE [delivery EXCEPT ![d].phase = "ready", ![d].next = @ + 1]
  /\ UNCHANGED <<database, topic, earlier, filler, reader, near, caller, left>>

(* What voids a cache names no key: the new generation is its effect, in one write with B. *)
RaiseGeneration(d) ==
  /\ Awaits(d, "generation")
  /\ HasMeta
  /\ delivery[d].phase = "ready"
  /\ store' = [store EXCEPT
       !.meta.b = IF Protected("B with generation") THEN Max(@, NextRecord(d).c) ELSE @,
       !.meta.generation = Max(@, Generation(delivery[d].next + 1)),
       !.meta.applied = IF store.meta.incarnation = delivery[d].incarnation
                        THEN @ \cup {NextRecord(d).of} ELSE @]
  /\ delivery' = [delivery EXCEPT ![d].next = @ + 1]
  /\ UNCHANGED <<database, topic, earlier, filler, reader, near, caller, left>>

(* The effect: the key is deleted, whatever is in it. *)
Apply(d) ==
  /\ Awaits(d, "invalidation")
  /\ delivery[d].phase = (IF Protected("B before effect") THEN "half" ELSE "ready")
  /\ store' = [cell |-> Nothing,
               meta |-> IF HasMeta /\ store.meta.incarnation = delivery[d].incarnation
                        THEN [store.meta EXCEPT !.applied = @ \cup {NextRecord(d).of}]
                        ELSE store.meta]
  /\ delivery' = IF Protected("B before effect")
                 THEN [delivery EXCEPT ![d].phase = "ready", ![d].next = @ + 1]
                 ELSE [delivery EXCEPT ![d].phase = "half"]
  /\ UNCHANGED <<database, topic, earlier, filler, reader, near, caller, left>>

(* A (and the offset that it stands for) by compare-and-set of the whole position. On a mismatch *)
(* nothing but Attach is left.                                                                   *)
AdvanceA(d) ==
  /\ delivery[d].phase = "ready"
  /\ HasMeta
  /\ Protected("compare-and-set") =>
       /\ store.meta.incarnation = delivery[d].incarnation
       /\ store.meta.a = delivery[d].a
       /\ store.meta.offset = delivery[d].offset
  /\ \E n \in delivery[d].next + 1 .. Len(topic) :
       /\ Protected("A after effect") => n = delivery[d].next + 1
       /\ topic[n].is = "watermark"
       /\ \/ topic[n].w > delivery[d].a
          \/ ~ (topic[n].fresh \subseteq store.meta.fresh)
       /\ LET a == Max(store.meta.a, topic[n].w)
          IN /\ store' = [store EXCEPT !.meta.a = a, !.meta.offset = n,
                                       !.meta.fresh = @ \cup topic[n].fresh]
             /\ delivery' = [delivery EXCEPT ![d].a = a, ![d].offset = n,
                               ![d].next = IF Protected("A after effect") THEN n ELSE @]
  /\ UNCHANGED <<database, topic, earlier, filler, reader, near, caller, left>>

(* A need not follow every watermark (about once a second), and never goes back. *)
PassWatermark(d) ==
  /\ delivery[d].phase = "ready"
  /\ Awaits(d, "watermark")
  /\ delivery' = [delivery EXCEPT ![d].next = @ + 1]
  /\ UNCHANGED <<database, topic, store, earlier, filler, reader, near, caller, left>>

Carried ==
  LET In(s) == {s.meta.incarnation}
               \cup (IF s.cell.is = "entry" THEN {s.cell.incarnation} ELSE {})
  IN In(store) \cup (IF earlier = <<>> THEN {} ELSE In(earlier[1]))
     \cup {filler[f].incarnation : f \in {g \in Fillers : filler[g].is # "idle"}}
     \cup {delivery[d].incarnation : d \in Deliveries}

(* One atomic write of a whole new meta: when an epoch record comes; when the meta key is gone; *)
(* when the log no longer reaches back to the position in the store. It may stand anywhere on   *)
(* the topic: A is the last W there, B the highest c there (and never below a B that it finds). *)
RaiseEpoch(d) ==
  /\ \E n \in 0..Len(topic) :
       /\ \/ ~HasMeta
          \/ delivery[d].phase = "torn"
          \/ Awaits(d, "epoch") /\ delivery[d].phase = "ready" /\ n = delivery[d].next + 1
       /\ \E i \in IF Protected("fresh incarnation") THEN Incarnations \ Carried
                   ELSE {delivery[d].incarnation} :
            /\ store' = [store EXCEPT !.meta = Meta(i, Generation(n), LatestW(n),
                 IF Protected("B in new meta") THEN Max(@.b, HighestC(n)) ELSE 0,
                 n, LatestFresh(n), Published(n))]
            /\ delivery' = [delivery EXCEPT ![d] = AttachedTo(store'.meta)]
  /\ UNCHANGED <<database, topic, earlier, filler, reader, near, caller, left>>

--------------------------------------------------------------------------------
(* What a store loses: dev.hearth.store.redis, .hazelcast live on these. *)

(* The meta key vanishes. Entries may stay (eviction); with EvictEntry it is a flush. *)
LoseMeta ==
  /\ HasMeta
  /\ left.metaLosses > 0
  /\ store' = [store EXCEPT !.meta = NoMeta]
  /\ left' = [left EXCEPT !.metaLosses = @ - 1]
  /\ UNCHANGED <<database, topic, earlier, filler, delivery, reader, near, caller>>

(* A replica, or a file on disk, has come this far; the failover that comes leaves this prefix. *)
ReplicaStops ==
  /\ left.failovers > 0
  /\ earlier = <<>>
  /\ earlier' = <<store>>
  /\ UNCHANGED <<database, topic, store, filler, delivery, reader, near, caller, left>>

(* The store goes back. A delivery in the middle of a round sees that its session has ended and *)
(* must attach again; between two rounds it may notice nothing: the compare-and-set does.       *)
StoreFailover ==
  /\ earlier # <<>>
  /\ store' = IF Protected("A in store") THEN earlier[1]
              ELSE [earlier[1] EXCEPT !.meta.a = store.meta.a, !.meta.offset = store.meta.offset]
  /\ earlier' = <<>>
  /\ left' = [left EXCEPT !.failovers = @ - 1]
  /\ delivery' = [d \in Deliveries |->
       IF InRound(d) /\ Protected("one session")
       THEN [delivery[d] EXCEPT !.phase = "torn"] ELSE delivery[d]]
  /\ UNCHANGED <<database, topic, filler, reader, near, caller>>

--------------------------------------------------------------------------------
(* dev.hearth.client: a guarded read is one command, MGET k meta, so the store's state says all  *)
(* about it. The variant reads A and its incarnation by an earlier command than the value.       *)
ReadA ==
  /\ ~Protected("A with value")
  /\ HasMeta
  /\ reader' = [is |-> "knows A", a |-> store.meta.a, incarnation |-> store.meta.incarnation]
  /\ UNCHANGED <<database, topic, store, earlier, filler, delivery, near, caller, left>>

--------------------------------------------------------------------------------
(* dev.hearth.client.near: an in-process cache, fed by the topic, filled from the store. *)

NearConsume ==
  /\ HasNearCache
  /\ near.next < Len(topic)
  /\ LET r == topic[near.next + 1]
         moves == IF Protected("near position from c")
                  THEN r.is # "watermark" ELSE r.is = "watermark"
         position == IF r.is = "watermark" THEN r.w ELSE r.c
     IN near' = [near EXCEPT !.next = @ + 1,
                   !.position = IF moves THEN Max(@, position)
                                ELSE IF ~near.known THEN Max(@, r.ceiling) ELSE @,
                   !.known = @ \/ r.is = "watermark",
                   !.held = IF r.is = "watermark" THEN @ ELSE Idle]
  /\ UNCHANGED <<database, topic, store, earlier, filler, delivery, reader, caller, left>>

(* A process starts, or its offset is lost: it holds nothing, goes on at the end of the topic, and *)
(* knows no position before a watermark tells it one: a ceiling of all that was published.         *)
NearRestart ==
  /\ HasNearCache
  /\ left.nearRestarts > 0
  /\ left' = [left EXCEPT !.nearRestarts = @ - 1]
  /\ near' = [next |-> Len(topic), position |-> 0, known |-> ~Protected("near start"),
              flight |-> Idle, held |-> Idle]
  /\ UNCHANGED <<database, topic, store, earlier, filler, delivery, reader, caller>>

(* A hit in the store, with the A that came with it. *)
NearTake ==
  /\ HasNearCache
  /\ Readable
  /\ near' = [near EXCEPT !.flight = [is |-> "hit", saw |-> store.cell.saw, a |-> store.meta.a]]
  /\ UNCHANGED <<database, topic, store, earlier, filler, delivery, reader, caller, left>>

(* What this process loads under a lease (here: lease and load are one step, the keeping is not): *)
(* A at the lease vouches for it, as the A that came with it vouches for a hit.                   *)
Loaded(saw) == [is |-> "load", saw |-> saw,
                a |-> IF Protected("near load from A") THEN store.meta.a ELSE store.meta.b]

NearLoadPrimary ==
  /\ HasNearLoads
  /\ HasMeta
  /\ near' = [near EXCEPT !.flight = Loaded(visible)]
  /\ UNCHANGED <<database, topic, store, earlier, filler, delivery, reader, caller, left>>

NearLoadStandby ==
  /\ HasNearLoads
  /\ HasStandby
  /\ HasMeta
  /\ Protected("near standby check") => replayed >= store.meta.b
  /\ near' = [near EXCEPT !.flight = Loaded(CommittedUpTo(replayed))]
  /\ UNCHANGED <<database, topic, store, earlier, filler, delivery, reader, caller, left>>

NearKeep ==
  /\ near.flight.is # "idle"
  /\ near.known
  /\ Protected("near position") => near.flight.a >= near.position
  /\ near' = [near EXCEPT !.flight = Idle, !.held = [is |-> "value", saw |-> near.flight.saw]]
  /\ UNCHANGED <<database, topic, store, earlier, filler, delivery, reader, caller, left>>

--------------------------------------------------------------------------------
(* dev.hearth.client: a writer reads its own write. Its token is the insert LSN after COMMIT was *)
(* answered; in this model the end of the log.                                                   *)

TakeToken(t) ==
  /\ HasCaller
  /\ caller = Idle
  /\ t \in visible \ Undecoded
  /\ caller' = [is |-> "token", of |-> t,
                lsn |-> IF Protected("token after commit") THEN Len(log) ELSE CommitLsn(t) - 1,
                before |-> {f \in Fillers : filler[f].is # "idle"}]
  /\ UNCHANGED <<database, topic, store, earlier, filler, delivery, reader, near, left>>

Answered(saw) == [is |-> "answered", of |-> caller.of, saw |-> saw]

(* A hit counts if A or the entry's stamp is at or above the token; else the database answers. *)
AnswerFromStore ==
  /\ caller.is = "token"
  /\ Readable
  /\ Protected("token compared") =>
       store.meta.a >= caller.lsn \/ store.cell.stamp >= caller.lsn
  /\ caller' = Answered(store.cell.saw)
  /\ UNCHANGED <<database, topic, store, earlier, filler, delivery, reader, near, left>>

(* What another caller of this process is loading. *)
JoinFlight(f) ==
  /\ caller.is = "token"
  /\ filler[f].is = "holding"
  /\ Protected("own flight") => f \notin caller.before
  /\ Protected("flight reaches token") => filler[f].reach >= caller.lsn
  /\ caller' = Answered(filler[f].saw)
  /\ UNCHANGED <<database, topic, store, earlier, filler, delivery, reader, near, left>>

--------------------------------------------------------------------------------
Next ==
  \/ \E t \in Transactions : Commit(t) \/ BecomeVisible(t) \/ Publish(t)
  \/ Heartbeat \/ Replay \/ PublishWatermark \/ PublishEpoch
  \/ \E f \in Fillers : GrantLease(f) \/ ReadB(f) \/ ReadPrimary(f) \/ ReadStandby(f) \/ Fill(f)
  \/ LoseLease \/ EvictEntry
  \/ \E d \in Deliveries :
       Attach(d) \/ Redeliver(d) \/ RaiseB(d) \/ Apply(d) \/ AdvanceA(d) \/ PassWatermark(d)
       \/ RaiseGeneration(d) \/ RaiseEpoch(d)
  \/ LoseMeta \/ ReplicaStops \/ StoreFailover
  \/ ReadA
  \/ NearConsume \/ NearRestart \/ NearTake \/ NearLoadPrimary \/ NearLoadStandby \/ NearKeep
  \/ \E t \in Transactions : TakeToken(t)
  \/ AnswerFromStore
  \/ \E f \in Fillers : JoinFlight(f)

Spec == Init /\ [][Next]_vars

Symmetry == Permutations(Transactions \ (Undecoded \cup Voiding)) \cup Permutations(Fillers)
            \cup Permutations(Deliveries) \cup Permutations(Incarnations)

--------------------------------------------------------------------------------
(* What is promised. *)

(* P1, about the store's own history. Once the invalidation of T has been applied, no entry that *)
(* can be read there missed T. "Applied" is a fact of the store's present history: a failover to *)
(* an earlier prefix takes it back (with B, so fills stay bounded by what that prefix knows),    *)
(* and a new meta starts from what its position stands for.                                      *)
NoStaleSurvives == Readable => store.meta.applied \subseteq store.cell.saw

(* P2, what survives every loss: whichever prefix of its history the store is in, the value that *)
(* a guarded reader gets is at least as new as the A that came with it: it misses no T with      *)
(* commit(T) <= A. So a reader that demands A >= its position is never served what it must not   *)
(* see, and a store that went back answers less, not wrongly. It is P1 plus this: what A covers  *)
(* has been applied in the same history, so that A goes back whenever the effects do.            *)
Owed(a) == {t \in CommittedUpTo(a) : t \in Undecoded => Settled(store.meta.offset)}
Vouched ==
  Readable =>
    /\ Owed(store.meta.a) \subseteq store.cell.saw
    /\ reader.is = "knows A" /\ reader.incarnation = store.meta.incarnation =>
         Owed(reader.a) \subseteq store.cell.saw

(* The stamp that an entry carries (A at its lease) vouches for it as A does, for ever. *)
StampVouched ==
  Readable =>
    {t \in CommittedUpTo(store.cell.stamp) : t \notin Undecoded} \subseteq store.cell.saw

(* An answer within a bound on its age: the gate time behind A says of when it is, and everything *)
(* that could be seen then is in it.                                                              *)
FreshVouched ==
  Readable =>
    {t \in store.meta.fresh : t \in Undecoded => Settled(store.meta.offset)}
      \subseteq store.cell.saw

(* A writer that asks with its token is answered with its own write. *)
ReadsOwnWrites == caller.is = "answered" => caller.of \in caller.saw

(* What the near cache holds has missed nothing that the near cache was told of. *)
NearVouched ==
  near.held.is = "value" => Published(near.next) \subseteq near.held.saw

(* Not a promise: its violation shows that the model can do what the protocol is for, and so    *)
(* that the invariants above do not hold for want of entries. After a failover that undid an    *)
(* invalidation and the advance of A past it, and brought back an entry that missed it, the     *)
(* store vouches again up to the end of the log, for an entry that has everything.              *)
UndoesAnInvalidation ==
  left'.failovers < left.failovers =>
    /\ store'.meta.a < store.meta.a
    /\ store'.cell.is = "entry"
    /\ ~ store.meta.applied \subseteq store'.cell.saw
SpecUndoing == Init /\ [][Next /\ UndoesAnInvalidation]_vars
NeverServesAgain ==
  ~ /\ Readable
    /\ left.failovers = 0
    /\ store.cell.saw = Transactions
    /\ store.meta.a >= Len(log)
    /\ Committed = Transactions
================================================================================
