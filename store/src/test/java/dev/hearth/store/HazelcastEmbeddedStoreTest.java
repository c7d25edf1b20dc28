package dev.hearth.store;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hearth.store.hazelcast.HazelcastStore;
import org.junit.jupiter.api.Test;

/** As {@link HazelcastStoreTest}, for a process that is a member itself. */
class HazelcastEmbeddedStoreTest extends StoreContract {
  @Override
  StoreUnderTest start() {
    return new HazelcastUnderTest(true);
  }

  /** Nobody is asked at an address here; a member may be gone. */
  @Test
  @Override
  void saysInASentenceThatNobodyAnswers() {
    HazelcastUnderTest gone = new HazelcastUnderTest(true);
    HazelcastStore store = gone.embedded(HazelcastStore.Options.defaults());
    gone.close();

    assertThatThrownBy(store::connect)
        .isInstanceOf(StoreUnavailableException.class)
        .hasMessage(
            "store cache did not answer on connecting: HazelcastInstanceNotActiveException:"
                + " Hazelcast instance is not active!");
  }
}
