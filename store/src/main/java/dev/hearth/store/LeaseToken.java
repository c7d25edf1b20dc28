package dev.hearth.store;

import java.util.UUID;

/** 128 random bits: two leases never share them. */
public record LeaseToken(long high, long low) {
  public static LeaseToken of(UUID uuid) {
    return new LeaseToken(uuid.getMostSignificantBits(), uuid.getLeastSignificantBits());
  }

  /** A token from the JVM's secure source. Thread-safe. */
  public static LeaseToken random() {
    return of(UUID.randomUUID());
  }
}
