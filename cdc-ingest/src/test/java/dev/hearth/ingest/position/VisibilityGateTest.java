package dev.hearth.ingest.position;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class VisibilityGateTest {
  private final VisibilityGate<String> gate = new VisibilityGate<>();
  private long sequence;

  @Test
  void aStuckTransactionHoldsBackOnlyItself() {
    hold(104, "stuck 1");
    hold(101, "first");
    hold(104, "stuck 2");
    hold(105, "second");

    List<String> passed = pass("104:110:104");

    assertThat(passed).containsExactly("first", "second");
    assertThat(gate.size()).isEqualTo(2);
  }

  @Test
  void whatPassesKeepsTheOrderOfReceiptAndPassesOnce() {
    hold(104, "a");
    hold(101, "b");
    hold(104, "c");
    assertThat(pass("104:110:104")).containsExactly("b");
    hold(102, "d");

    assertThat(pass("110:110:")).containsExactly("a", "c", "d");
    assertThat(pass("110:110:")).isEqualTo(List.of());
    assertThat(gate.isEmpty()).isTrue();
  }

  @Test
  void holdsWhatBeganAfterTheSnapshot() {
    hold(110, "later");

    assertThat(pass("110:110:")).isEqualTo(List.of());
    assertThat(pass("111:111:")).containsExactly("later");
  }

  @Test
  void passesWhatHasNoTransaction() {
    hold(0, "outside");

    assertThat(pass("100:110:100")).containsExactly("outside");
  }

  @Test
  void comparesStreamedIdsAcrossABoundaryOf32Bits() {
    long boundary = 1L << 32;
    hold(0xFFFF_FFFFL, "before the boundary");
    hold(5, "after it, running");

    List<String> passed = pass((boundary + 5) + ":" + (boundary + 9) + ":" + (boundary + 5));

    assertThat(passed).containsExactly("before the boundary");
  }

  private void hold(long transaction, String payload) {
    gate.hold(new Captured<>(sequence++, 0, transaction, 0, payload));
  }

  private List<String> pass(String snapshot) {
    return gate.pass(GateSnapshot.parse(snapshot, 0, 0, Instant.EPOCH)).stream()
        .map(Captured::payload)
        .toList();
  }
}
