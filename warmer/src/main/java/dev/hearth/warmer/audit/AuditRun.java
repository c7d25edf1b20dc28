package dev.hearth.warmer.audit;

import dev.hearth.schemas.audit.AuditVerdict;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** An audit that was asked for: one writes what becomes of it, any may look. Thread-safe. */
final class AuditRun {
  private final String id;
  private final AuditRequest request;
  private final Instant startedAt;
  private final List<Part> parts;
  private State state = State.RUNNING;
  private Optional<Instant> finishedAt = Optional.empty();

  /** What becomes of it. */
  enum State {
    RUNNING,
    DONE,
    /** Part of it could not be compared; what was found before is found. */
    FAILED,
    CANCELLED
  }

  AuditRun(String id, AuditRequest request, Instant startedAt) {
    this.id = id;
    this.request = request;
    this.startedAt = startedAt;
    this.parts = request.targets().stream().map(Part::new).toList();
  }

  String id() {
    return id;
  }

  AuditRequest request() {
    return request;
  }

  Instant startedAt() {
    return startedAt;
  }

  List<Part> parts() {
    return parts;
  }

  synchronized State state() {
    return state;
  }

  synchronized Optional<Instant> finishedAt() {
    return finishedAt;
  }

  /** The first end counts. */
  synchronized void end(State as, Instant at) {
    if (state == State.RUNNING) {
      state = as;
      finishedAt = Optional.of(at);
    }
  }

  /** One cache in one store. Thread-safe. */
  static final class Part {
    private final AuditRequest.Target target;
    private final AuditCounts counts = new AuditCounts();
    private int passes;
    private boolean complete;
    private Optional<AuditVerdict> last = Optional.empty();
    private Optional<String> problem = Optional.empty();

    Part(AuditRequest.Target target) {
      this.target = target;
    }

    AuditRequest.Target target() {
      return target;
    }

    AuditCounts counts() {
      return counts;
    }

    synchronized void passed(AuditVerdict verdict, boolean whole) {
      passes++;
      complete |= whole;
      last = Optional.of(verdict);
    }

    synchronized void failed(String sentence) {
      problem = Optional.of(sentence);
    }

    synchronized int passes() {
      return passes;
    }

    /** Whether one pass at least has reached all that it was to compare. */
    synchronized boolean complete() {
      return complete;
    }

    synchronized Optional<AuditVerdict> last() {
      return last;
    }

    synchronized Optional<String> problem() {
      return problem;
    }
  }
}
