package dev.hearth.ingest.position;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.sandbox.Cases;
import java.time.Instant;
import java.util.Set;
import org.junit.jupiter.api.Test;

class GateSnapshotTest {
  private static final long LOWER_32 = 0xFFFF_FFFFL;

  @Test
  void readsTheTextOfASnapshot() {
    GateSnapshot snapshot = parse("100:110:100,104,109");

    assertThat(snapshot.xmin()).isEqualTo(100);
    assertThat(snapshot.xmax()).isEqualTo(110);
    assertThat(snapshot.running()).containsExactlyInAnyOrder(100L, 104L, 109L);
  }

  @Test
  void readsASnapshotInWhichNothingRuns() {
    assertThat(parse("100:100:").running()).isEqualTo(Set.of());
  }

  @Test
  void refusesATextThatIsNoSnapshot() {
    assertThatThrownBy(() -> parse("100:110"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("\"100:110\" is no pg_snapshot; expected xmin:xmax:xip,...");
  }

  @Test
  void seesWhatIsOverAndNothingElse() {
    GateSnapshot snapshot = parse("100:110:100,104");

    assertThat(snapshot.sees(99)).isTrue();
    assertThat(snapshot.sees(100)).isFalse();
    assertThat(snapshot.sees(103)).isTrue();
    assertThat(snapshot.sees(104)).isFalse();
    assertThat(snapshot.sees(109)).isTrue();
    assertThat(snapshot.sees(110)).isFalse();
    assertThat(snapshot.sees(111)).isFalse();
  }

  @Test
  void widensAcrossABoundaryInBothDirections() {
    long boundary = 3L << 32;

    assertThat(at(boundary + 10).widen(LOWER_32 - 4)).isEqualTo(boundary - 5);
    assertThat(at(boundary - 10).widen(7)).isEqualTo(boundary + 7);
  }

  @Test
  void aRecordWithoutATransactionIsSeenByEverySnapshot() {
    GateSnapshot snapshot = at((3L << 32) + 10);

    assertThat(snapshot.widen(0)).isZero();
    assertThat(snapshot.sees(snapshot.widen(0))).isTrue();
  }

  @Test
  void widensEveryTransactionInUseBackToItself() {
    Cases.check(
        200_000,
        random -> {
          long nearBoundary = ((1L + random.nextInt(1000)) << 32) + random.nextInt(2001) - 1000;
          long xmax = random.nextBoolean() ? nearBoundary : (1L << 32) + (random.nextLong() >>> 8);
          long distance =
              random.nextBoolean()
                  ? random.nextInt(4001) - 2000
                  : random.nextInt(); // from -2^31 to 2^31 - 1
          long transaction = xmax + distance;
          if ((transaction & LOWER_32) == 0) {
            return;
          }

          assertThat(at(xmax).widen(transaction & LOWER_32))
              .as("xmax %d, transaction %d", xmax, transaction)
              .isEqualTo(transaction);
        });
  }

  private static GateSnapshot at(long xmax) {
    return new GateSnapshot(xmax, xmax, Set.of(), 0, 0, Instant.EPOCH);
  }

  private static GateSnapshot parse(String text) {
    return GateSnapshot.parse(text, 0, 0, Instant.EPOCH);
  }
}
