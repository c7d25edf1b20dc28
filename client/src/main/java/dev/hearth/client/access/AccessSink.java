package dev.hearth.client.access;

import dev.hearth.schemas.access.AccessReport;

/** Takes the reports of a recorder, on the recorder's own thread, one after another. */
@FunctionalInterface
public interface AccessSink {
  /** Takes a report or drops it; what is dropped, the sink counts. */
  void accept(AccessReport report);
}
