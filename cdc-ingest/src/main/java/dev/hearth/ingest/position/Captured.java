package dev.hearth.ingest.position;

/**
 * Something received from the log, on its way through the gate.
 *
 * @param sequence number in the order of receipt, from 0, without gaps
 * @param lsn everything whose commit record ends at or before it was received earlier, in bytes
 * @param transaction lower 32 bits of the top-level transaction id; 0 where there is none
 * @param receivedNanos when it was received, by {@link System#nanoTime}
 */
public record Captured<T>(
    long sequence, long lsn, long transaction, long receivedNanos, T payload) {}
