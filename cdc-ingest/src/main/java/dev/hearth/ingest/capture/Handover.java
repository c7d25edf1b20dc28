package dev.hearth.ingest.capture;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Brings the parts that Debezium makes by their names ({@link HandoverTask}, {@link HandoverQueue})
 * together with the receiver that they work for. Thread-safe.
 */
final class Handover {
  /** Name of the setting that carries a ticket. */
  static final String TICKET = "hearth.handover.ticket";

  private static final AtomicLong TICKETS = new AtomicLong();
  private static final Map<String, LogEngine.Receiver> RECEIVERS = new ConcurrentHashMap<>();

  private Handover() {}

  /** A ticket under which the receiver is found until it is handed in. */
  static String issue(LogEngine.Receiver receiver) {
    String ticket = Long.toString(TICKETS.incrementAndGet());
    RECEIVERS.put(ticket, receiver);
    return ticket;
  }

  static LogEngine.Receiver receiver(String ticket) {
    LogEngine.Receiver receiver = RECEIVERS.get(ticket);
    if (receiver == null) {
      throw new IllegalStateException("no session holds ticket " + ticket);
    }
    return receiver;
  }

  static void handIn(String ticket) {
    RECEIVERS.remove(ticket);
  }
}
