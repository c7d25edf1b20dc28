package dev.hearth.ingest.position;

/**
 * Something received from the log, on its way through the gate.
 *
 * @param sequence number in the order of receipt, from 0, without gaps
 * @param lsn of the record in the log, in bytes
 * @param transaction lower 32 bits of the top-level transaction id
 * @param receivedNanos when it was received, by {@link System#nanoTime}
 */
public record Captured<T>(
    long sequence, long lsn, long transaction, long receivedNanos, T payload) {}
