package dev.hearth.sandbox;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Finds free ports on 127.0.0.1.
 *
 * <p>Free ports come from below the range from which the system serves outgoing connections (32768
 * on Linux, 49152 on macOS). From that range a port would be lost between kill() and start(): the
 * clients that keep reconnecting to the dead server can be given its very port as their own, and
 * then connect to themselves.
 */
final class Ports {
  private static final int FIRST = 20_000;
  private static final int AFTER_LAST = 32_000;

  /** Nodes of a Redis Cluster listen to one another this far above their port. */
  private static final int REDIS_BUS = 10_000;

  private final RandomGenerator random;
  private final Set<Integer> given = new HashSet<>();

  Ports(RandomGenerator random) {
    this.random = random;
  }

  int free() {
    return free(AFTER_LAST, 0);
  }

  /**
   * A free port for a Redis, whose bus port is free and below those of outgoing connections too.
   */
  int freeWithRedisBus() {
    return free(AFTER_LAST - REDIS_BUS, REDIS_BUS);
  }

  private synchronized int free(int afterLast, int further) {
    for (int attempt = 0; attempt < 1_000; attempt++) {
      int port = random.nextInt(FIRST, afterLast);
      if (take(port) && (further == 0 || take(port + further))) {
        return port;
      }
    }
    throw new SandboxException(
        "No free port found on 127.0.0.1 from %d to %d after 1000 attempts; end programs that listen there."
            .formatted(FIRST, afterLast - 1));
  }

  private boolean take(int port) {
    return given.add(port) && problemWith(port).isEmpty();
  }

  static void requireFree(Server server, int port) {
    problemWith(port)
        .ifPresent(
            problem -> {
              throw new SandboxException(
                  "%s cannot start: port %d on 127.0.0.1 %s; end the program that listens there, or give %s another port (0 takes a free one)."
                      .formatted(server.title(), port, problem, server.title()));
            });
  }

  /** 127.0.0.1, also on a machine that prefers ::1. */
  static InetSocketAddress localhost(int port) {
    try {
      return new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port);
    } catch (UnknownHostException e) {
      throw new IllegalStateException("Four bytes are always an address", e);
    }
  }

  private static Optional<String> problemWith(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(localhost(port), 1);
      return Optional.empty();
    } catch (BindException e) {
      String reason = String.valueOf(e.getMessage());
      return Optional.of(
          reason.contains("in use") ? "is in use" : "cannot be opened (" + reason + ")");
    } catch (IOException e) {
      return Optional.of("cannot be opened (" + e.getMessage() + ")");
    }
  }
}
