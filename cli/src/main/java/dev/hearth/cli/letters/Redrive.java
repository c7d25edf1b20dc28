package dev.hearth.cli.letters;

import dev.hearth.schemas.access.AccessReport;
import dev.hearth.schemas.change.ChangeEvent;
import dev.hearth.schemas.codec.UnreadableRecordException;
import dev.hearth.schemas.codec.WireCodec;
import dev.hearth.schemas.invalidation.Invalidation;
import dev.hearth.schemas.key.KeySlot;
import dev.hearth.schemas.position.Position;
import dev.hearth.schemas.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What to do with a letter that is to be put back; pure.
 *
 * <p>Nothing that is cached waits for it: when the letter was written, the caches concerned got a
 * new generation (or the partition a new incarnation), and what was filled since then has seen the
 * change. Putting it back tells those who follow the topics of single keys.
 *
 * <p>A change, or an invalidation, is put back with a position that is not below what has been
 * published meanwhile: A vouches for everything up to a watermark, and a near cache compares what
 * it is told of with what it knows, so nothing may come in behind them. A mark is not put back at
 * all: it says that everything stands before it, and is true at one place only.
 */
public sealed interface Redrive {

  /**
   * To be sent.
   *
   * @param partition empty: by the key
   */
  record Send(
      String topic,
      Optional<Integer> partition,
      Optional<byte[]> key,
      byte[] value,
      Map<String, String> headers)
      implements Redrive {}

  /** Not to be sent. */
  record Refused(String sentence) implements Redrive {}

  /**
   * Decides.
   *
   * @param now at or above the position of everything that is published; empty where nothing is
   */
  static Redrive decide(DeadLetter letter, Topics topics, Optional<Position> now) {
    if (letter.topic().isEmpty()) {
      return new Refused(
          "it holds a sentence and no record: the row could not be read from the log, and every"
              + " cache that it may touch was voided then. To send the row through once more, update"
              + " it in the database (UPDATE ... SET a column = itself)");
    }
    boolean changes = letter.topic().equals(topics.changes().name());
    boolean invalidations = letter.topic().equals(topics.invalidations().name());
    boolean accesses = letter.topic().equals(topics.accesses().name());
    if (!changes && !invalidations && !accesses) {
      return new Refused(
          "it came from "
              + letter.topic()
              + ", and letters of this installation come from "
              + topics.changes().name()
              + ", "
              + topics.invalidations().name()
              + " or "
              + topics.accesses().name());
    }
    Object record;
    try {
      record = letter.decoded();
    } catch (UnreadableRecordException e) {
      return new Refused(
          "this build cannot read it either ("
              + e.getMessage()
              + "), so that it would come back as a letter. If a newer version wrote it, run redrive"
              + " with that one. What it may have touched was voided then");
    }
    if (accesses) {
      return record instanceof AccessReport
          ? new Send(
              letter.topic(),
              Optional.empty(),
              letter.key(),
              letter.value().orElseThrow(),
              headers(letter))
          : notHere(record);
    }
    if (now.isEmpty()) {
      return new Refused(
          "there is no watermark on "
              + topics.changes().name()
              + ", from which its new position would be taken; start the ingest");
    }
    if (changes && record instanceof ChangeEvent change) {
      ChangeEvent again =
          new ChangeEvent(
              change.table(),
              change.operation(),
              change.before(),
              change.after(),
              change.transaction(),
              change.changeLsn(),
              Position.max(change.position(), now.get()),
              change.committedAt(),
              change.capturedAt());
      return new Send(
          letter.topic(),
          Optional.of(0),
          letter.key(),
          WireCodec.instance().encode(again),
          headers(letter));
    }
    if (invalidations && record instanceof Invalidation invalidation) {
      Invalidation again =
          new Invalidation(
              invalidation.cache(),
              invalidation.key(),
              Position.max(invalidation.position(), now.get()),
              invalidation.committedAt(),
              invalidation.capturedAt(),
              invalidation.derivedAt(),
              invalidation.cause());
      return new Send(
          letter.topic(),
          Optional.of(KeySlot.partitionOf(invalidation.key(), topics.invalidations().partitions())),
          Optional.of(invalidation.key().getBytes(StandardCharsets.UTF_8)),
          WireCodec.instance().encode(again),
          headers(letter));
    }
    return notHere(record);
  }

  private static Redrive notHere(Object record) {
    return new Refused(
        "it is a "
            + record.getClass().getSimpleName()
            + ", which is true at its place in the stream only; put back, it would vouch for what"
            + " stands behind it. What it may have touched was voided then");
  }

  /** Without what the letter added, so that it is not added twice; and with the count. */
  private static Map<String, String> headers(DeadLetter letter) {
    Map<String, String> headers = new LinkedHashMap<>();
    letter
        .headers()
        .forEach(
            (name, value) -> {
              if (!name.startsWith("__streams.errors.") && !name.equals(DeadLetter.STAGE)) {
                headers.put(name, value);
              }
            });
    headers.put(DeadLetter.REDRIVEN, Integer.toString(letter.redriven() + 1));
    return headers;
  }
}
